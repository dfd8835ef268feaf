"""What happens around a load on a table: it is made, filled and deleted, as boto3 sees it; and what ends a run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from program import VALID, Program, Ran, load, prepare, run
from raw_server import Peer, RawServer

from loadgen.aws.credentials import SANDBOX
from loadgen.aws.prices import price
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import SandboxProcess, start

pytestmark = pytest.mark.real

NOWHERE = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
NO_KEYS = {**NOWHERE, "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
KEYS = {**NO_KEYS, "AWS_ACCESS_KEY_ID": SANDBOX.access_key, "AWS_SECRET_ACCESS_KEY": SANDBOX.secret_key}
SETUP = "setup: {key: {pk: S}, items: 260, item: {pk: 'item#{{seq}}', v: '{{bytes 200}}'}}"
PUTS = "{name: a, rate: 100/s, iterations: 50}"


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    """A simulated DynamoDB without tables, that nobody knows to be one."""
    with start(SandboxSettings()) as running:
        yield running


@pytest.fixture
def boto(sandbox: SandboxProcess) -> Iterator[Any]:
    """boto3's client for it."""
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config

    client = boto3.client(
        "dynamodb",
        endpoint_url=sandbox.http,
        region_name="eu-west-1",
        aws_access_key_id=SANDBOX.access_key,
        aws_secret_access_key=SANDBOX.secret_key,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={}),
    )
    yield client
    client.close()


def profile(endpoint: str, more: str = "", phases: str = PUTS, step: str = "PutItem: {Item: {pk: '{{uuid}}'}}") -> str:
    return f"""
name: t
target: {{dynamodb: {{table: orders, region: eu-west-1, endpoint: "{endpoint}", consumed_capacity: 10}}}}
load: [{phases}]
scenarios: [{{name: s, steps: [{{name: one, {step}}}]}}]
{more}
"""


def carried_out(folder: Path, text: str, *arguments: str, keys: dict[str, str] = KEYS) -> Ran:
    folder.mkdir(exist_ok=True)
    return run(folder, *prepare(folder, text), "--json", *arguments, env=keys)


def names(boto: Any) -> list[str]:
    found: list[str] = boto.list_tables()["TableNames"]
    return found


def keys_in(boto: Any) -> list[str]:
    pages = boto.get_paginator("scan").paginate(TableName="orders")
    return [item["pk"]["S"] for page in pages for item in page["Items"]]


def test_the_table_is_made_filled_and_deleted(tmp_path: Path, sandbox: SandboxProcess, boto: Any) -> None:
    read = "GetItem: {Key: {pk: 'item#{{int 0 259}}'}}, expect: {json: {Item.v.S: x}}"
    told = "GetItem: {Key: {pk: 'item#{{int 0 259}}'}}, capture: {v: item.v}"
    ran = carried_out(tmp_path, profile(sandbox.http, f"{SETUP}\nteardown: true", step=told))
    assert ran.status in VALID
    assert ran.requests["outcomes"] == {"ok": 50}
    assert names(boto) == []
    setup, target = ran.result["setup"], ran.result["target"]
    assert (setup["created"], setup["items"], setup["write_units"], setup["deleted"]) == (True, 260, 260, True)
    assert target["table"] == "orders"
    assert (target["region"], target["billing"], target["tls"]) == ("eu-west-1", "on-demand", None)
    assert target["simulated"] is False, "nobody has said that it is"
    cost = ran.result["cost"]
    assert cost["sampled"] == {"calls": 5, "read": 2.5, "write": 0}
    assert (cost["read_units"], cost["write_units"]) == (25, 260), "50 reads of a half, 260 items written"
    assert cost["usd"] == pytest.approx(price("eu-west-1").cost(25, 260))
    assert cost["billed"] is False
    wrong = carried_out(tmp_path / "wrong", profile(sandbox.http, f"{SETUP}\nteardown: true", step=read))
    assert wrong.requests["outcomes"] == {"unexpected": 50}, "the items were there, and another value in them"


def test_what_is_there_already_is_used_and_left(tmp_path: Path, sandbox: SandboxProcess, boto: Any) -> None:
    first = carried_out(tmp_path / "first", profile(sandbox.http, SETUP))
    assert first.result["setup"]["deleted"] is False
    assert sorted(key for key in keys_in(boto) if "item#" in key) == sorted(f"item#{n}" for n in range(260))
    assert len(keys_in(boto)) == 310
    second = carried_out(tmp_path / "second", profile(sandbox.http, f"{SETUP}\nteardown: true"))
    assert second.result["setup"] == {"created": False, "items": 0, "seconds": 0, "write_units": 0, "deleted": False}
    assert "setup: the table orders is there already: it is used as it is and gets no items" in second.err
    assert len(keys_in(boto)) == 360
    assert second.result["target"]["items"] == 310


def test_a_provisioned_table_is_not_billed_by_request(tmp_path: Path, sandbox: SandboxProcess, boto: Any) -> None:
    more = "setup: {key: {pk: S}, capacity: {read: 7, write: 500}}\nmax_cost: $0.000001"
    ran = carried_out(tmp_path, profile(sandbox.http, more))
    assert ran.result["target"]["billing"] == "provisioned"
    assert ran.result["target"]["provisioned"] == {"read": 7, "write": 500}
    assert (ran.result["cost"]["usd"], ran.result["cost"]["write_units"]) == (None, 50)
    described = boto.describe_table(TableName="orders")["Table"]["ProvisionedThroughput"]
    assert (described["ReadCapacityUnits"], described["WriteCapacityUnits"]) == (7, 500)


def test_the_sandbox_of_the_run_itself(tmp_path: Path) -> None:
    """It is asked over TLS, with its own keys, and every report says what it is."""
    ran = run(tmp_path, *prepare(tmp_path, profile("sandbox", f"{SETUP}\nteardown: true")), env=NO_KEYS)
    assert ran.status in VALID
    again = run(tmp_path, "report", "run")
    assert again.out == ran.out
    whole = run(tmp_path, "report", "run", "--full").out
    for said in ("simulated target: ", "table: orders in eu-west-1 · on demand · TLSv1.3\n",
                 "setup: made in ", " with 260 items, deleted afterwards\n",
                 "cost: would be $0.0002 on AWS: "):  # fmt: skip
        assert said in whole
    assert "on the simulated target" in ran.out
    assert "cost        would be $0.0002 on AWS: " in ran.out


@pytest.mark.parametrize("session", ["shared", "{reuse: per-request, renew: session}"])
def test_what_the_sdk_is_and_does_is_in_the_result(tmp_path: Path, session: str) -> None:
    """Each option that makes it another client, and the versions that they are of."""
    more = f"setup: {{key: {{pk: S}}}}\nclient: sdk\nsession: {session}\nretries: 2"
    ran = carried_out(tmp_path, profile("sandbox", more, "{name: a, rate: 5/s, iterations: 4}"), keys=NO_KEYS)
    assert ran.requests["outcomes"] == {"ok": 4}
    sdk = ran.result["sdk"]
    assert set(sdk["versions"]) == {"aioboto3", "aiobotocore", "botocore", "aiohttp"}
    assert sdk["retries"] == {"mode": "standard", "total_max_attempts": 2}
    assert sdk["tls_check_hostname"] is True
    assert sdk["endpoint"] == ran.result["target"]["url"]
    assert "aiobotocore" in sdk["user_agent"]
    assert ran.result["target"]["tls"] == "TLSv1.3"


# what ends a run before it begins


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (KEYS, "ResourceNotFoundException"),
        ({**KEYS, "AWS_ACCESS_KEY_ID": "AKIDUNKNOWN"}, "UnrecognizedClientException"),
        ({**KEYS, "AWS_SECRET_ACCESS_KEY": "another"}, "InvalidSignatureException"),
        (NO_KEYS, "UnrecognizedClientException"),
    ],
)
@pytest.mark.parametrize("command", ["run", "once"])
def test_a_table_that_cannot_be_used(
    tmp_path: Path, sandbox: SandboxProcess, command: str, keys: dict[str, str], code: str
) -> None:
    (tmp_path / "p.yaml").write_text(profile(sandbox.http))
    ran = run(tmp_path, command, "p.yaml", env=keys)
    assert (ran.status, ran.out) == (3, "")
    line = ran.err.splitlines()[-1]
    for said in ("loadgen: ", "orders", "eu-west-1", sandbox.http, code):
        assert said in line
    assert ran.err.count("\n") == 1 + (keys is NO_KEYS), "made-up keys are said to be such"
    assert "another" not in ran.err
    assert not (tmp_path / "runs").exists()


def test_credentials_that_are_not_there(tmp_path: Path) -> None:
    ran = run(tmp_path, *prepare(tmp_path, profile("sandbox")), "--target", "aws", env=NO_KEYS)
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("loadgen: no AWS credentials: looked in the environment")
    assert ran.err.count("\n") == 1


def test_nobody_there(tmp_path: Path) -> None:
    ran = run(tmp_path, *prepare(tmp_path, profile("http://127.0.0.1:9", SETUP)), env=KEYS)
    assert ran.status == 3
    assert "DescribeTable was not answered: connection refused" in ran.err
    assert ran.err.count("\n") == 1


def test_items_that_the_table_refuses(tmp_path: Path, sandbox: SandboxProcess, boto: Any) -> None:
    """What was made until then is undone, whatever `teardown` says."""
    setup = "setup: {key: {pk: S}, items: 30, item: {pk: 'x{{seq}}', v: {N: 'no number'}}}"
    ran = carried_out(tmp_path, profile(sandbox.http, setup))
    assert ran.status == 3
    assert "BatchWriteItem: ValidationException" in ran.err
    assert "teardown: the table orders is deleted" in ran.err
    assert names(boto) == []


# what it may cost


def test_a_plan_beyond_max_cost_makes_nothing(tmp_path: Path, sandbox: SandboxProcess, boto: Any) -> None:
    ran = carried_out(tmp_path, profile(sandbox.http, f"{SETUP}\nmax_cost: $0.0002"))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(
        "loadgen: max_cost: this would cost about $0.00022 ($0.00018 of it to load setup's items)"
    )
    assert names(boto) == []


def test_a_run_that_comes_to_max_cost_is_stopped(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """How much users do is not known before: 284 puts are $0.0002."""
    phases = "{name: a, users: 2, for: 60s}"
    ran = carried_out(tmp_path, profile(sandbox.http, "setup: {key: {pk: S}}\nmax_cost: $0.0002", phases))
    assert ran.status in (4, *VALID)
    assert ran.result["duration_s"] < 60
    assert any("the run was stopped early by max_cost: $0.0002" in text for text in ran.warnings)
    assert ran.result["cost"]["usd"] >= 0.0002


# interrupted


def test_an_interrupted_setup_leaves_nothing(tmp_path: Path, sandbox: SandboxProcess, boto: Any) -> None:
    setup = SETUP.replace("260", "1000000")
    with Program(tmp_path, *prepare(tmp_path, profile(sandbox.http, setup)), env=KEYS) as program:
        program.says("setup: creating the table orders")
        program.process.send_signal(signal.SIGINT)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130
    assert names(boto) == []


def test_an_interrupted_load_tears_down(tmp_path: Path, sandbox: SandboxProcess, boto: Any) -> None:
    phases = "{name: a, rate: 20/s, for: 600s}"
    text = profile(sandbox.http, f"{SETUP}\nteardown: true", phases)
    with Program(tmp_path, *prepare(tmp_path, text), "--json", env=KEYS) as program:
        program.begins()
        program.process.send_signal(signal.SIGINT)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130
    assert ran.result["setup"]["deleted"] is True
    assert names(boto) == []


# one exchange of each step


def test_one_exchange_of_each_step_shows_items_and_leaves_no_table(
    tmp_path: Path, sandbox: SandboxProcess, boto: Any
) -> None:
    step = "GetItem: {Key: {pk: 'item#{{int 0 9}}'}}, capture: {v: item.v}"
    (tmp_path / "p.yaml").write_text(profile(sandbox.http, SETUP, step=step))
    ran = run(tmp_path, "once", "p.yaml", env=KEYS)
    assert ran.status == 0
    assert f"  GetItem {sandbox.http}/\n" in ran.out
    assert '"pk": "item#' in ran.out, "attribute values are plain"
    assert "  units        read 0.5\n" in ran.out
    assert "captured     v =" in ran.out
    assert ran.err.splitlines() == [
        "setup: creating the table orders",
        next(line for line in ran.err.splitlines() if line.startswith("setup: loaded 260 items in ")),
        "teardown: the table orders is deleted",
    ]
    assert names(boto) == []


def test_a_saved_run_holds_the_table_and_its_cost(tmp_path: Path) -> None:
    ran = load(tmp_path, profile("sandbox", SETUP))
    saved = json.loads((ran.folder / "result.json").read_text())
    assert saved["cost"] == ran.result["cost"]
    about = json.loads((ran.folder / "run.json").read_text())
    assert about["target"]["table"] == "orders", "one that died would say so too"


# what is no DynamoDB


def answering(data: bytes) -> Callable[[Peer], Awaitable[None]]:
    async def script(peer: Peer) -> None:
        await peer.answer(data)

    return script


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "answered without JSON: it is no DynamoDB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "answered without JSON: it is no DynamoDB"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "DescribeTable: status 404"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "DescribeTable: status 302"),
        (b"SSH-2.0-x\r\n\r\n", "DescribeTable was not answered: "),
    ],
)
async def test_what_is_no_dynamodb(tmp_path: Path, data: bytes, said: str) -> None:
    async with RawServer(answering(data)) as server:
        text = profile(server.url("http"), SETUP)
        ran = await asyncio.to_thread(carried_out, tmp_path, text)
    assert (ran.status, ran.out) == (3, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_the_cost_of_every_variant_is_known_before_a_table_is_made(
    tmp_path: Path, sandbox: SandboxProcess, boto: Any
) -> None:
    experiment = "experiment: {variants: {one: {}, two: {load: {a: {iterations: 9000}}}}}"
    more = f"{SETUP}\nmax_cost: $0.002\n{experiment}"
    for arguments in (prepare(tmp_path, profile(sandbox.http, more)), ("check", "profile.yaml")):
        ran = run(tmp_path, *arguments, env=KEYS)
        assert (ran.status, ran.err.count("\n")) == (2, 1), ran.err
        assert ran.err.startswith("loadgen: variant two: max_cost: this would cost about $")
    assert not (tmp_path / "run").exists()
    assert names(boto) == []
