"""`examples/`, without AWS: the template by cfn-lint; its functions, and the one with both SDKs for JavaScript, by real
SDKs over TLS, whose connections the sandbox counts beside them; the one in Python deployed to ministack, behind an HTTP
API."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import engines
import gateway
import pytest
from certificate import Certificate
from engines import REGION, Engine, Keys
from gateway import Account
from paths import ROOT
from program import FULL, LIMIT, VALID, run
from servers import CONFIGS, Absent, binary, free_ports, running

from loadgen.aws.credentials import SANDBOX
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import SandboxProcess, start

pytestmark = pytest.mark.real

EXAMPLES = ROOT / "examples" / "aws"
NODE_KEEPALIVE = ROOT / "examples" / "node-keepalive"
TABLE = "orders"
INVOKE = "/2015-03-31/functions/orders/invocations"


DEPLOY = [ROOT / "deploy" / f"{name}.yaml" for name in ("fargate", "ecs-service", "ray-aws-stack")]


@pytest.mark.parametrize("template", [EXAMPLES / "template.yaml", *DEPLOY], ids=lambda of: of.stem)
def test_the_template_is_as_cloudformation_wants_it(cache: Path, template: Path) -> None:
    program = engines.environment(cache, *engines.TEMPLATES) / "bin" / "cfn-lint"
    command = [program, "--include-checks", "I", "--", template]
    linted = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


TRANSFORM = """
import json, sys
from cfnlint.decode import decode
from samtranslator.translator.transform import transform
from types import SimpleNamespace
template, _ = decode(sys.argv[1])
print(json.dumps(transform(json.loads(json.dumps(template)), {}, SimpleNamespace(load=dict))))
"""
STACK = "loadgen-examples"


@contextmanager
def stack(engine: Engine, cache: Path, folder: Path) -> Iterator[dict[str, str]]:
    """The outputs of the stack, whose template CloudFormation gets as SAM makes it, with the code in a bucket."""
    template = (EXAMPLES / "template.yaml").read_text()
    with engine.client("s3") as s3:
        s3.create_bucket(Bucket="code")
        for language, module in (("python", "app.py"), ("node", "app.mjs")):
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as files:
                files.write(EXAMPLES / language / module, module)
            s3.put_object(Bucket="code", Key=f"{language}.zip", Body=archive.getvalue())
            template = template.replace(f"CodeUri: {language}/", f"CodeUri: s3://code/{language}.zip")
    (folder / "template.yaml").write_text(template)
    python = engines.environment(cache, *engines.TEMPLATES) / "bin" / "python"
    made = subprocess.run(
        [python, "-c", TRANSFORM, folder / "template.yaml"],
        env={**os.environ, "AWS_DEFAULT_REGION": REGION},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    with engine.client("cloudformation") as stacks:
        stacks.create_stack(StackName=STACK, TemplateBody=made.stdout, Capabilities=["CAPABILITY_IAM"])
        stacks.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        [found] = stacks.describe_stacks(StackName=STACK)["Stacks"]
        yield {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
        stacks.delete_stack(StackName=STACK)
        stacks.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def test_the_stack_is_deployed_called_and_deleted(
    ministack: Engine, account: Account, cache: Path, tmp_path: Path
) -> None:
    """The function has its role's rights alone, its URL wants a signature, and nothing is left of the table. (The
    bodies of APIs are not read there.)"""
    keys = account.user
    before = ministack.tables()
    with stack(ministack, cache, tmp_path) as outputs:
        there = ("--set", f"target.lambda.endpoint={ministack.url}")
        function = {**keys.environment, "FUNCTION": outputs["FunctionPython"]}
        for variant, result in runs(tmp_path, EXAMPLES / "invoke.yaml", "puts", *there, env=function):
            [step] = result["phases"][-1]["steps"]
            assert step["requests"]["outcomes"] == {"ok": 3}
            strata = {stratum["stratum"]: stratum["count"] for stratum in step["strata"]}
            assert strata == {f"start=warm, opened={int(variant == 'fresh')}": 3}
        [table] = set(ministack.tables()) - set(before)
        assert len(ministack.items(table)) >= 2 * (1 + 3)
        url = f"{ministack.url}/_aws/lambda-url/{urlsplit(outputs['FunctionUrlPython']).netloc.partition('.')[0]}"
        status, _, _ = Function(url, None).answer("/orders", b"{}")
        assert status == 403
        (tmp_path / "url").mkdir()
        signed = ("--set", "auth.sigv4.service=lambda", "--set", f"auth.sigv4.region={REGION}")
        article(tmp_path / "url", "yan-cui-lambda", "--target", url, *signed, env=keys.environment)
    assert ministack.tables() == before


def test_the_template_has_no_alias() -> None:
    """CloudFormation's YAML has none, and cfn-lint lets them pass."""
    assert re.findall(r"(?m)(?<=[:\-] )[&*]\w+", (EXAMPLES / "template.yaml").read_text()) == []


@dataclass(frozen=True, slots=True)
class Function:
    """A function under the harness. `url` leads to it as an HTTP API does."""

    url: str
    sandbox: SandboxProcess | None

    def ask(self, path: str, **order: Any) -> dict[str, Any]:
        status, headers, told = self.answer(path, json.dumps(order).encode())
        assert status == 200
        assert "x-amz-function-error" not in headers
        return told

    def answer(self, path: str, body: bytes) -> tuple[int, Any, dict[str, Any]]:
        request = urllib.request.Request(self.url + path, body, {"content-type": "application/json"})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, json.load(refused)


@pytest.fixture
def cache(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache
    return pytestconfig.cache.mkdir("engines")


@pytest.fixture(params=["python", "node"])
def function(request: pytest.FixtureRequest, cache: Path, tmp_path: Path) -> Iterator[Function]:
    """With a table in the sandbox, over TLS. Its truth log is `truth.csv`, complete when the sandbox has ended."""
    with start(SandboxSettings(), log=tmp_path / "truth.csv") as sandbox:
        with in_sandbox(sandbox) as engine:
            engine.create(TABLE, pk="S")
        with harness(request.param, cache, tmp_path, sandbox, {}) as function:
            yield function


@contextmanager
def harness(
    language: str, cache: Path, folder: Path, sandbox: SandboxProcess, env: dict[str, str]
) -> Iterator[Function]:
    try:
        command = in_node(folder, cache) if language == "node" else in_python(cache)
    except Absent as absent:
        pytest.skip(str(absent))
    port = free_ports(1)[0]
    with running([*command[:2], str(port), *command[2:]], folder, [port], env={**settings(sandbox), **env}):
        yield Function(f"http://127.0.0.1:{port}", sandbox)


def in_python(cache: Path) -> list[str]:
    python = engines.environment(cache, *engines.RUNTIME) / "bin" / "python"
    return [str(python), str(CONFIGS / "function.py"), str(EXAMPLES / "python" / "app.py")]


def in_node(folder: Path, cache: Path) -> list[str]:
    module = with_sdks(folder, cache, EXAMPLES / "node" / "app.mjs")
    return [node(), str(CONFIGS / "function.mjs"), module]


def with_sdks(folder: Path, cache: Path, module: Path) -> str:
    """A copy of the module beside the SDKs, where Node looks for them."""
    wanted = json.loads((NODE_KEEPALIVE / "package.json").read_text())["dependencies"]
    packages = [f"{name}@{version}" for name, version in wanted.items()]
    (folder / "node_modules").symlink_to(engines.node_modules(cache, *packages))
    return str(shutil.copy(module, folder))


def node() -> str:
    node = binary("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10).stdout
    if int(version.strip().lstrip("v").partition(".")[0]) < 20:
        raise Absent("the SDK needs Node.js 20")
    return node


@contextmanager
def in_sandbox(sandbox: SandboxProcess) -> Iterator[Engine]:
    yield Engine("sandbox", sandbox.http, sandbox.ca.parent, Keys(SANDBOX.access_key, SANDBOX.secret_key))


def settings(sandbox: SandboxProcess) -> dict[str, str]:
    """What a function finds on AWS, and where AWS is."""
    trusted = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    return {
        **Keys(SANDBOX.access_key, SANDBOX.secret_key).environment,
        **dict.fromkeys(trusted, str(sandbox.ca)),
        **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), REGION),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_ENDPOINT_URL_DYNAMODB": sandbox.https,
        "TABLE": TABLE,
        "GET_URL": f"{sandbox.https}/",
    }


def test_both_sides_count_the_same_connections(function: Function, tmp_path: Path) -> None:
    """Of ten puts, three lists and three GETs: one connection or so many."""
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/orders", {"id": "kept", "puts": 10}),
        ("/orders", {"id": "fresh", "puts": 10, "keepAlive": False}),
        ("/orders", {"id": "kept-again", "keepAlive": True}),
        ("/tables", {"lists": 3}),
        ("/tables", {"lists": 3, "keepAlive": False}),
        *[("/get", {"keepAlive": keep}) for keep in (True, False, True, False, True, False)],
    ]
    told = [function.ask(path, **order) for path, order in asked]
    assert [answer["opened"] for answer in told] == [1, 10, 0, 0, 3, 1, 1, 0, 1, 0, 1]
    with in_sandbox(function.sandbox) as engine:
        keys = {item["pk"]["S"] for item in engine.items(TABLE)}
    assert keys == {f"{kind}#{number}" for kind in ("kept", "fresh") for number in range(10)} | {"kept-again"}
    function.sandbox.stop()
    assert counted(tmp_path / "truth.csv") == {"PutItem": (21, 11), "ListTables": (6, 4), "GET": (6, 4)}


def counted(log: Path) -> dict[str, tuple[int, int]]:
    """By operation, or else method: how many requests came, and over how many connections."""
    with log.open(newline="") as lines:
        rows = [(row["operation"] or row["method"], row["connection"]) for row in csv.DictReader(lines)]
    requests, connections = Counter(kind for kind, _ in rows), Counter(kind for kind, _ in set(rows))
    return {kind: (requests[kind], connections[kind]) for kind in ("PutItem", "ListTables", "GET")}


def test_it_tells_of_itself(function: Function) -> None:
    """The first call is the cold one. The same is in the headers, where there are any, and in the JSON."""
    answers = [function.answer(path, b'{"id": "a", "keepAlive": false}') for path in ("/v1/orders", "/base64/orders")]
    answers += [function.answer(INVOKE, b'{"id": "a", "keepAlive": false}')]
    for number, (status, headers, told) in enumerate(answers):
        assert (status, told["id"], told["opened"], told["puts"]) == (200, "a", 1, 1)
        assert (told["cold"], told["initialization_type"]) == (number == 0, "on-demand")
        assert re.fullmatch("[0-9a-f-]{36}", told["environment"])
        assert told["environment"] == answers[0][2]["environment"]
        assert 0 < told["ms"]["db"] <= told["ms"]["fn"]
        if number < 2:
            assert headers["x-cold"] == ("true", "false")[number]
            assert (headers["x-env"], headers["x-opened"]) == (told["environment"], "1")
            assert headers["server-timing"] == f"fn;dur={told['ms']['fn']}, db;dur={told['ms']['db']}"
        else:
            assert headers["x-amzn-requestid"] == told["request"]


@contextmanager
def forgetful(folder: Path) -> Iterator[tuple[str, Path]]:
    """The URL of an HTTPS server that answers a connection's first request, and closes the connection at the second;
    and its authority."""
    certificate = Certificate.make(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.pem)

    def serve() -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                with context.wrap_socket(listener.accept()[0], server_side=True) as connection, suppress(OSError):
                    connection.settimeout(LIMIT)
                    if connection.recv(65536):
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                        connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}/", certificate.ca
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(LIMIT)


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_kept_connection_that_was_closed_fails_nothing(language: str, cache: Path, tmp_path: Path) -> None:
    """As after a pause in which Lambda froze the environment."""
    with forgetful(tmp_path) as (url, ca), start(SandboxSettings()) as sandbox:
        env = {"GET_URL": url, "SSL_CERT_FILE": str(ca), "NODE_EXTRA_CA_CERTS": str(ca)}
        with harness(language, cache, tmp_path, sandbox, env) as function:
            told = [function.ask("/get") for _ in range(3)]
    assert [(answer["status"], answer["opened"]) for answer in told] == [(200, 1)] * 3


REFUSED = {
    "/orders": (b"[]", b"{", b'{"puts": 11}', b'{"puts": 0}', b'{"puts": true}', b'{"id": 1}', b'{"id": ""}'),
    "/tables": (b'{"lists": 101}', b'{"lists": 1.5}', b'{"lists": "9"}'),
    "/get": (b'{"keepAlive": "yes"}', b"null"),
    "/else": (b"{}",),
}


def test_it_refuses(function: Function) -> None:
    """Its own limits are kept, and a wrong request is no failure of the function."""
    for path, bodies in REFUSED.items():
        for body in bodies:
            status, _, told = function.answer(path, body)
            assert (status, [*told]) == (400, ["error"]), body
    status, headers, told = function.answer(INVOKE, b'{"work": "orders", "puts": 11}')
    assert (status, headers["x-amz-function-error"]) == (200, "Unhandled")
    assert told["errorMessage"] == "puts is not a whole number from 1 to 10"
    with in_sandbox(function.sandbox) as engine:
        assert engine.items(TABLE) == []


def runs(
    folder: Path, profile: object, phase: str, *arguments: str, env: dict[str, str] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The profile in one round of three measured iterations: each run's variant, and its part of its result."""
    sets = (f"load.{phase}.iterations=3", "experiment.rounds=1", "experiment.pause=10ms")
    options = [word for each in sets for word in ("--set", each)]
    keys = {**Keys().environment, "AWS_DEFAULT_REGION": REGION}
    given = [*options, "--no-preflight", "--out", "run", "--json", *arguments]
    ran = run(folder, "run", str(profile), *given, env={**keys, **(env or {})})
    assert ran.status in VALID, ran.err
    for variant in json.loads(ran.out)["variants"]:
        for each in variant["rounds"]:
            result = json.loads((folder / "run" / each["folder"] / "result.json").read_text())
            yield variant["name"], result["variants"][0]


def article(folder: Path, profile: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    """A shipped profile: each run of a variant has the connections that are the variant's name, no cold start (which
    came in the phase before), and the function's own times."""
    phase = {"yan-cui-lambda": "puts", "https-keepalive": "gets"}[profile]
    for variant, result in runs(folder, profile, phase, *arguments, env=env):
        [step] = result["phases"][-1]["steps"]
        assert step["requests"]["outcomes"] == {"ok": 3}
        assert {times["count"] for times in step["recorded_ms"].values()} == {3}
        strata = {stratum["stratum"]: stratum["count"] for stratum in step["strata"]}
        assert strata == {f"cold=false, opened={int(variant == 'fresh')}": 3}


SHIPPED = [("node", "yan-cui-lambda"), ("python", "https-keepalive")]
by_python = pytest.mark.parametrize("function", ["python"], indirect=True)
by_node = pytest.mark.parametrize("function", ["node"], indirect=True)


@pytest.mark.parametrize(("function", "profile"), SHIPPED, indirect=["function"])
def test_the_shipped_profiles_run_on_it(function: Function, profile: str, tmp_path: Path) -> None:
    article(tmp_path, profile, "--target", function.url)


def test_behind_an_http_api(ministack: Engine, account: Account, tmp_path: Path) -> None:
    """The function as it is deployed, called with a signature."""
    keys = account.user
    code = (EXAMPLES / "python" / "app.py").read_text()
    with gateway.deployed(ministack, code) as (url, name):
        signed = ("--set", "auth.sigv4.service=execute-api", "--set", f"auth.sigv4.region={REGION}")
        article(tmp_path, "yan-cui-lambda", "--target", f"{url}/python", *signed, env=keys.environment)
        assert len(ministack.items(name)) >= 2 * (1 + 3)  # the round may have been repeated


@by_node
def test_invoke(function: Function, tmp_path: Path) -> None:
    """There is no REPORT here: the function's own word on its cold starts is taken."""
    there = ("--set", f"target.lambda.endpoint={function.url}")
    for variant, result in runs(tmp_path, EXAMPLES / "invoke.yaml", "puts", *there):
        [step] = result["phases"][-1]["steps"]
        strata = {stratum["stratum"]: stratum["count"] for stratum in step["strata"]}
        assert strata == {f"start=warm, opened={int(variant == 'fresh')}": 3}
        assert step["recorded_ms"]["db"]["count"] == 3


@by_python
def test_front_doors(function: Function, tmp_path: Path) -> None:
    env = {"HTTP_API": function.url, "REST_API": f"{function.url}/v1", "FUNCTION_URL": f"{function.url}/"}
    there = ("--set", f"experiment.variants.invoke.target.lambda.endpoint={function.url}")
    seen = set()
    for variant, result in runs(tmp_path, EXAMPLES / "front-doors.yaml", "orders", *there, env=env):
        [step] = result["phases"][-1]["steps"]
        assert step["requests"]["outcomes"] == {"ok": 3}, variant
        assert {times["count"] for times in step["recorded_ms"].values()} == {3}
        seen.add(variant)
    assert seen == {"http-api", "rest-api", "function-url", "invoke"}


@contextmanager
def node_keepalive(cache: Path, folder: Path, sandbox: SandboxProcess) -> Iterator[dict[str, str]]:
    """Where its two processes are, as the profile wants it: the second one has the variable that SDK v2 reads."""
    try:
        command = [node(), with_sdks(folder, cache, NODE_KEEPALIVE / "function.mjs")]
    except Absent as absent:
        pytest.skip(str(absent))
    ports = free_ports(2)
    env = {**settings(sandbox), "DYNAMODB": sandbox.https}
    reuse = {"AWS_NODEJS_CONNECTION_REUSE_ENABLED": "1"}
    with ExitStack() as stack:
        for port, more in zip(ports, ({}, reuse), strict=True):
            stack.enter_context(running([*command, str(port)], folder, [port], env={**env, **more}))
        yield dict(zip(("FUNCTION", "FUNCTION_REUSE"), (f"http://127.0.0.1:{port}" for port in ports), strict=True))


KINDS = {
    ("FUNCTION", "v3", "default"): 1,
    ("FUNCTION", "v3", "keep"): 1,
    ("FUNCTION", "v3", "fresh"): 10,
    ("FUNCTION", "v2", "default"): 10,
    ("FUNCTION_REUSE", "v2", "default"): 1,
    ("FUNCTION", "v2", "keep"): 1,
    ("FUNCTION", "v2", "fresh"): 10,
}
"""Connections for ten calls."""


def test_sdks_for_javascript_open_one_connection_or_ten(cache: Path, tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    told = []
    with start(SandboxSettings(), log=log) as sandbox, node_keepalive(cache, tmp_path, sandbox) as urls:
        for where, sdk, agent in KINDS:
            told.append(Function(urls[where], sandbox).ask("/tables", sdk=sdk, agent=agent, lists=10)["opened"])
    with log.open(newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: int(row["received_ns"]))
    assert {row["operation"] for row in rows} == {"ListTables"}
    seen = [len({row["connection"] for row in rows[i : i + 10]}) for i in range(0, len(rows), 10)]
    assert seen == told == [*KINDS.values()]


def test_the_profile_tells_sdks_for_javascript_apart(cache: Path, tmp_path: Path) -> None:
    profile = NODE_KEEPALIVE / "node-keepalive.yaml"
    left_out = [f"experiment.variants.{name}=" for name in ("v3-keep", "v3-fresh", "v2-keep", "v2-fresh")]
    sets = [word for name in left_out for word in ("--set", name)]
    found = {}
    with start(SandboxSettings()) as sandbox, node_keepalive(cache, tmp_path, sandbox) as urls:
        for variant, result in runs(tmp_path, profile, "lists", *sets, env=urls):
            [step] = result["phases"][-1]["steps"]
            assert step["recorded_ms"]["db"]["count"] == 3
            [found[variant]] = [stratum["stratum"] for stratum in step["strata"]]
    assert found == {f"{name}": f"cold=false, opened={n}" for name, n in (("v3", 0), ("v2", 5), ("v2-variable", 0))}


@pytest.mark.skipif(not FULL, reason="a part of minutes; set LOADGEN_FULL_TESTS=1")
def test_a_connection_of_23_ms_each_is_slower(cache: Path, tmp_path: Path) -> None:
    """Two round trips of TCP and TLS 1.3, for each of five calls."""
    left_out = [
        f"experiment.variants.{name}=" for name in ("v3-keep", "v3-fresh", "v2-variable", "v2-keep", "v2-fresh")
    ]
    sets = [word for name in (*left_out, "load.lists.iterations=5") for word in ("--set", name)]
    with (
        start(SandboxSettings(rtt=11_500_000)) as sandbox,
        node_keepalive(cache, tmp_path, sandbox) as urls,
    ):
        ran = run(tmp_path, "run", str(NODE_KEEPALIVE / "node-keepalive.yaml"), *sets, "--json", env=urls, limit=300)
    assert ran.status in VALID, ran.err
    comparison = json.loads(ran.out)["comparison"]
    [found] = [
        figure for figure in comparison["figures"] if (figure["metric"], figure["quantile"]) == ("service", "mean")
    ]
    assert found["ratio_low"] > 1.05
    assert found["difference_high"] > 5 * 23
    assert found["verdict"] == ("slower" if comparison["valid"] else "none")
