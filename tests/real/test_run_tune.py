"""`loadgen tune` as a user runs it, on the sandbox's Lambda over sockets: the sizes are told apart, and the memory is
restored whatever ends it, but for what somebody else has set."""

from __future__ import annotations

import csv
import json
import signal
import struct
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gateway
import pytest
from cpu_curve import SIZES, Curve
from engines import Engine
from gateway import Account
from lambda_client import boto3_client
from program import FULL, VALID, Program, Ran, run

from loadgen.aws.credentials import SANDBOX
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import SandboxProcess, start

pytestmark = pytest.mark.real

KEYS = {"AWS_ACCESS_KEY_ID": SANDBOX.access_key, "AWS_SECRET_ACCESS_KEY": SANDBOX.secret_key, "AWS_SESSION_TOKEN": ""}
LINES = range(1, 11) if FULL else (2, 4)
"""Lines of the journal behind which the process is killed: the original; of each change an intent, that it has begun,
and that it holds, while the calls are made."""


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    of_lambda = {"memory": 512, "cpu_bound": "80%", "overhead": "1ms", "updating": "300ms", "functions": "orders"}
    settings = {"rtt": "1ms", "service": "8ms", "environments": {"max": 9, "init": "20ms"}, "lambda": of_lambda}
    process = start(SandboxSettings.model_validate(settings))
    yield process
    process.stop()


def arguments(sandbox: SandboxProcess, *more: str, name: str = "orders") -> list[str]:
    target = ["--region", "eu-west-1", "--endpoint", sandbox.http, "--payload", '{"id": "{{uuid}}"}']
    asked = ["--memory", "128,512,1769", "--rounds", "2", "--out", "run", "--no-preflight"]
    return ["tune", name, *target, *asked, *more]


def memory(sandbox: SandboxProcess) -> int:
    with boto3_client(sandbox) as client:
        return int(client.get_function_configuration(FunctionName="orders")["MemorySize"])


def change(sandbox: SandboxProcess, **what: Any) -> None:
    with boto3_client(sandbox) as client:
        client.get_waiter("function_updated_v2").wait(FunctionName="orders", WaiterConfig={"Delay": 1})
        client.update_function_configuration(FunctionName="orders", **what)
        client.get_waiter("function_updated_v2").wait(FunctionName="orders", WaiterConfig={"Delay": 1})


def journal(folder: Path) -> list[dict[str, Any]]:
    path = folder / "run" / "journal.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def killed(sandbox: SandboxProcess, folder: Path, lines: int) -> None:
    """A tuning that is killed, with all of its processes, when its journal has so many lines."""
    with Program(folder, *arguments(sandbox, "--calls", "40"), env=KEYS) as program:
        program.soon(lambda: len(journal(folder)) >= lines)
    program.leaves_nothing()


def restore(folder: Path) -> Ran:
    return run(folder, "tune", "--restore", "run", env=KEYS)


def test_the_sizes_are_told_apart(sandbox: SandboxProcess, tmp_path: Path) -> None:
    change(sandbox, Environment={"Variables": {"PASSWORD": "canary-4711"}})
    ran = run(tmp_path, *arguments(sandbox, "--calls", "24", "--keep", "p50 < 70ms", "--json"), env=KEYS)
    assert ran.status in VALID, ran.err
    assert memory(sandbox) == 512 and journal(tmp_path)[-1]["memory"] == 512
    result = json.loads(ran.out)
    assert result["complete"] and [size["memory"] for size in result["sizes"]] == [128, 512, 1769]
    for size in result["sizes"]:
        handler = 8 * (0.2 + 0.8 * 1769 / size["memory"])
        assert size["handler"]["p50"] == pytest.approx(handler, rel=0.01)
        assert size["warm"]["p50"] >= handler + 2
        assert (size["calls"], size["failed"]) == (24, 0) and size["cold"]["count"] in (1, 2)
    chosen = {of["strategy"]: of["memory"] for of in result["choices"]}
    assert (chosen["cost"], chosen["speed"], chosen["keep"]) == (128, 1769, 512)
    power = result["power_tuning"]
    sizes, times, prices = power["stateMachine"]["visualization"].partition("#")[2].split(";")
    assert [*struct.unpack("<3h", b64decode(sizes))] == [of["value"] for of in power["stats"]]
    for text, name in ((times, "averageDuration"), (prices, "averagePrice")):
        assert struct.unpack("<3f", b64decode(text)) == pytest.approx([of[name] for of in power["stats"]], rel=1e-6)
    again = run(tmp_path, "report", "run", "--json")
    assert json.loads(again.out) == result
    for path in (tmp_path / "run").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"canary" not in content and SANDBOX.secret_key.encode() not in content, path


@pytest.mark.skipif(not FULL, reason="a part of minutes; set LOADGEN_FULL_TESTS=1")
def test_six_sizes_are_those_of_the_formula(tmp_path: Path) -> None:
    """What ten seeds show in virtual time, once on the wall: with times that are long beside what a busy machine adds,
    and that differ little, so that 120 calls tell `balanced` from the next size."""
    curve, limit = Curve(p50=40, p99=48, cpu_bound=0.5), 150
    of_lambda = {"memory": 512, "cpu_bound": "50%", "overhead": "1ms", "functions": "orders"}
    settings = {"rtt": "1ms", "service": curve.service, "environments": {"max": 9, "init": "20ms"}}
    with start(SandboxSettings.model_validate({**settings, "lambda": of_lambda})) as sandbox:
        asked = ["--memory", ",".join(map(str, SIZES)), "--rounds", "2", "--calls", "120"]
        more = ["--keep", f"p99 < {limit}ms", "--out", "run", "--no-preflight", "--json"]
        target = ["--region", "us-east-1", "--endpoint", sandbox.http]
        ran = run(tmp_path, "tune", "orders", *target, *asked, *more, env=KEYS, limit=300)
        assert ran.status in VALID, ran.err
        assert memory(sandbox) == 512
    result = json.loads(ran.out)
    assert {of["strategy"]: of["memory"] for of in result["choices"]} == curve.chosen(limit)
    for size in result["sizes"]:
        assert size["handler"]["p50"] == pytest.approx(curve.times(size["memory"]) * curve.p50, rel=0.1)


@pytest.mark.parametrize("lines", LINES)
def test_what_was_killed_is_restored(sandbox: SandboxProcess, tmp_path: Path, lines: int) -> None:
    killed(sandbox, tmp_path, lines)
    ran = restore(tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert memory(sandbox) == 512
    assert ran.out in ("The memory is 512 MB again, as before.\n", "The memory is 512 MB already, as before.\n")
    again = restore(tmp_path)
    assert (again.status, again.out) == (0, "The memory is 512 MB already, as before.\n")
    report = run(tmp_path, "report", "run")
    assert report.status == 0 and "INCOMPLETE" in report.out


def test_what_was_killed_is_gone_on_with(sandbox: SandboxProcess, tmp_path: Path) -> None:
    killed(sandbox, tmp_path, 6)
    asked = [word for word in arguments(sandbox) if word not in ("--memory", "128,512,1769", "--rounds", "2")]
    at = asked.index("--out")
    ran = run(tmp_path, *asked[:at], "--resume", "run", "--json", env=KEYS)
    assert ran.status in VALID, ran.err
    result = json.loads(ran.out)
    assert result["complete"] and [size["calls"] for size in result["sizes"]] == [40, 40, 40]
    assert memory(sandbox) == 512


def test_what_somebody_else_has_set_is_left_alone(sandbox: SandboxProcess, tmp_path: Path) -> None:
    killed(sandbox, tmp_path, 4)
    change(sandbox, MemorySize=640)
    ran = restore(tmp_path)
    assert (ran.status, ran.out) == (3, "")
    [line] = ran.err.splitlines()
    assert "somebody else has changed it (revision " in line and "640 MB" in line and "It had 512 MB before" in line
    assert memory(sandbox) == 640


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP] if FULL else [signal.SIGINT])
def test_a_signal_restores(sandbox: SandboxProcess, tmp_path: Path, number: signal.Signals) -> None:
    with Program(tmp_path, *arguments(sandbox, "--calls", "400"), env=KEYS) as program:
        program.says("visit 2 of")
        program.begins()
        program.process.send_signal(number)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130, ran.err
    assert memory(sandbox) == 512
    assert "INTERRUPTED" in ran.out


def test_who_may_not_is_told_in_one_line(sandbox: SandboxProcess, tmp_path: Path) -> None:
    ran = run(tmp_path, *arguments(sandbox), env={**KEYS, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert ran.status == 3
    [line] = ran.err.splitlines()
    assert "GetFunctionConfiguration" in line and "signature" in line
    assert not (tmp_path / "run").exists() and memory(sandbox) == 512


def test_a_function_that_is_not_there_is_told(sandbox: SandboxProcess, tmp_path: Path) -> None:
    ran = run(tmp_path, *arguments(sandbox, name="nobody"), env=KEYS)
    assert ran.status == 3
    [line] = ran.err.splitlines()
    assert "function nobody" in line and "there is no such table or function here" in line


def test_a_permission_that_is_missing_is_named(ministack: Engine, account: Account, tmp_path: Path) -> None:
    """ministack's user may only invoke; and ministack's answers have no REPORT, which ends it, and what was changed is
    restored."""
    user = account.user
    with gateway.timer(ministack) as name, ministack.client("lambda") as functions:
        functions.update_function_configuration(FunctionName=name, MemorySize=320)
        target = ["--region", "us-east-1", "--endpoint", ministack.url]
        asked = ["tune", name, *target, "--payload", '{"id": "x", "sleep_ms": 1}']
        denied = run(tmp_path, *asked, "--out", "denied", env=user.environment)
        untold = run(tmp_path, *asked, "--calls", "5", "--out", "untold", env=ministack.keys.environment)
        after = functions.get_function_configuration(FunctionName=name)["MemorySize"]
    [line] = denied.err.splitlines()
    assert denied.status == 3 and "Grant them lambda:GetFunctionConfiguration on the function" in line
    assert untold.status == 3 and "no answer has a REPORT line" in " ".join(untold.out.split())
    assert after == 320


def test_versions_on_another_stand_in(ministack: Engine, tmp_path: Path) -> None:
    """Its answers have no REPORT, which ends it at the first visit; what was made for that is taken away."""
    with gateway.timer(ministack) as name, ministack.client("lambda") as functions:
        asked = ["tune", name, "--region", "us-east-1", "--endpoint", ministack.url, "--calls", "5"]
        more = ["--memory", "256,320", "--start", "provisioned=1", "--payload", '{"id": "x", "sleep_ms": 1}']
        ran = run(tmp_path, *asked, *more, "--out", "run", env=ministack.keys.environment)
        log = (tmp_path / "run" / "versions.jsonl").read_text()
        versions = functions.list_versions_by_function(FunctionName=name)["Versions"]
    assert ran.status == 3 and "no answer has a REPORT line" in " ".join(ran.out.split())
    assert [json.loads(line)["kind"] for line in log.splitlines() if line] == ["publish", "provision", "released"]
    assert [of["Version"] for of in versions] == ["$LATEST"]


# more than memory sizes


MATRIX = ["--memory", "512,1024", "--start", "on-demand,snapstart,provisioned=2", "--qualifier", "live"]
"""A version keeps what it was published with: it is no cell with SnapStart."""


@pytest.fixture
def matrix(tmp_path: Path) -> Iterator[SandboxProcess]:
    of_lambda = {
        "memory": 512, "cpu_bound": "80%", "overhead": "1ms", "updating": "200ms", "functions": "orders",
        "snap_start": {"restore": "6ms"},
    }  # fmt: skip
    settings = {"rtt": "1ms", "service": "8ms", "environments": {"max": 9, "init": "30ms"}, "lambda": of_lambda}
    process = start(SandboxSettings.model_validate({**settings, "log": str(tmp_path / "truth.csv")}))
    change(process, SnapStart={"ApplyOn": "None"})
    yield process
    process.stop()


def asked(sandbox: SandboxProcess, *more: str) -> list[str]:
    target = ["--region", "us-east-1", "--endpoint", sandbox.http, "--payload", '{"id": "{{uuid}}"}']
    return ["tune", "orders", *target, "--rounds", "1", "--out", "run", "--no-preflight", *more]


def left(sandbox: SandboxProcess) -> dict[str, Any]:
    """What the function has: its memory, SnapStart, versions, and what has provisioned concurrency."""
    with boto3_client(sandbox) as client:
        client.get_waiter("function_updated_v2").wait(FunctionName="orders", WaiterConfig={"Delay": 1})
        now = client.get_function_configuration(FunctionName="orders")
        versions = client.list_versions_by_function(FunctionName="orders")["Versions"][1:]
        provisioned = client.list_provisioned_concurrency_configs(FunctionName="orders")
    return {
        "memory": now["MemorySize"], "snap_start": now["SnapStart"]["ApplyOn"],
        "versions": [of["Version"] for of in versions],
        "provisioned": len(provisioned["ProvisionedConcurrencyConfigs"]),
    }  # fmt: skip


AS_BEFORE = {"memory": 512, "snap_start": "None", "versions": [], "provisioned": 0}


def test_cells_are_set_up_measured_and_taken_away(matrix: SandboxProcess, tmp_path: Path) -> None:
    cells = ["--memory", "512", *MATRIX[2:4]]
    ran = run(tmp_path, *asked(matrix, *cells, "--calls", "20", "--json"), env=KEYS)
    assert ran.status in VALID, ran.err
    assert left(matrix) == AS_BEFORE
    result = json.loads(ran.out)
    sizes = {size["cell"]: size for size in result["sizes"]}
    assert [*sizes] == ["512 MB", "512 MB snapstart", "512 MB provisioned=2"]
    matrix.stop()  # which writes the rest of its log
    with (tmp_path / "truth.csv").open(newline="") as lines:
        truth = [row for row in csv.DictReader(lines) if row["operation"] == "Invoke"]
    assert len(truth) == 60
    assert sum(size["cold"]["count"] for size in sizes.values()) == sum(row["cold"] == "1" for row in truth)
    billed = sum(visit["billed_ms"] for visit in result["visits"])
    assert billed == sum(int(row["billed_ms"]) for row in truth)
    for name, size in sizes.items():
        usd = size["billed_ms"] * size["memory"] / 1024 / 1000
        if "provisioned" not in name:
            assert size["usd_per_million"] == pytest.approx(usd * 16.66667 + 0.2, rel=1e-4)
            continue
        hour = 2 * size["memory"] / 1024 * 3600 * 0.0000041667
        assert size["provisioned_usd_per_hour"] == pytest.approx(hour, abs=1e-6)
        assert size["cold_share"] == 0.0
        each = usd * 0.0000097222 + 2e-7 + hour / 3600 / size["rate"]
        assert size["usd_per_million"] == pytest.approx(each * 1e6, rel=1e-3)
    assert json.loads(run(tmp_path, "report", "run", "--json").out) == result


@pytest.mark.parametrize("kind", ["publish", "provision", "released"] if FULL else ["provision"])
def test_cells_that_were_killed_are_taken_away(matrix: SandboxProcess, tmp_path: Path, kind: str) -> None:
    log = tmp_path / "run" / "versions.jsonl"
    with Program(tmp_path, *asked(matrix, *MATRIX[:4], "--calls", "40"), env=KEYS) as program:
        program.soon(lambda: log.exists() and f'"{kind}"' in log.read_text())
    program.leaves_nothing()
    ran = restore(tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert left(matrix) == AS_BEFORE


def test_what_aws_does_not_allow_is_refused_in_one_line(tmp_path: Path) -> None:
    ran = run(tmp_path, "tune", "orders", "--region", "us-east-1", *MATRIX, "--check")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "loadgen: --qualifier: live keeps what it was published with. Use --memory with --start snapstart\n"
    )
