"""A Lambda function that is invoked, by each client in each session mode: what its answers tell is what the sandbox's
log and a real function's own log say."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import gateway
import pytest
from engines import Engine
from gateway import Account
from program import VALID, Ran, prepare, run

from loadgen.aws.lambda_prices import lambda_price
from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

MS = 1_000_000
MODES = [(client, *session) for client, abilities in CLIENTS.items() for session in abilities.sessions]
CALLS = 24
SANDBOX = """{
  rtt: 2ms, service: "lognormal(p50=5ms, p99=20ms)", environments: {max: 9, init: 40ms}, log: LOG, tls: false,
  lambda: {memory: 256, memory_used: 71, overhead: 1ms}}"""


def profile(client: str, reuse: str, renew: str, target: str, payload: str, more: str = "") -> str:
    return f"""
name: t
target: {{lambda: {target}}}
client: {client}
session: {{reuse: {reuse}, renew: {renew}}}
load: [{{name: a, users: 3, iterations: {CALLS}}}]
scenarios: [{{name: s, steps: [{{name: call, Invoke: {{payload: {payload}}}{more}}}]}}]
"""


def step_of(ran: Ran) -> dict[str, Any]:
    [step] = ran.phases["a"]["steps"]
    return dict(step)


def strata(step: dict[str, Any]) -> dict[str, int]:
    return {of["stratum"]: of["count"] for of in step["strata"]}


@pytest.mark.parametrize(("client", "reuse", "renew"), MODES)
def test_what_is_told_is_what_the_sandbox_logged(tmp_path: Path, client: str, reuse: str, renew: str) -> None:
    log = tmp_path / "truth.csv"
    text = profile(client, reuse, renew, "{function: orders, endpoint: sandbox}", "{id: '{{uuid}}'}")
    ran = run(tmp_path, *prepare(tmp_path, text + f"sandbox: {SANDBOX.replace('LOG', json.dumps(str(log)))}"), "--json")
    assert ran.status in VALID, ran.err
    with log.open(newline="") as lines:
        truth = [row for row in csv.DictReader(lines) if row["operation"] == "Invoke"]
    step = step_of(ran)
    assert step["requests"] == {"sent": CALLS, "on_wire": CALLS, "outcomes": {"ok": CALLS}}
    assert len(truth) == CALLS
    inits = [int(row["init_ns"]) for row in truth if row["cold"] == "1"]
    assert strata(step) == {"start=cold": len(inits), "start=warm": CALLS - len(inits)}
    recorded, invocations = step["recorded_ms"], step["invocations"]
    handlers = sorted(int(row["service_ns"]) for row in truth)
    assert recorded["handler"]["count"] == CALLS
    for end, value in (("min", handlers[0]), ("max", handlers[-1])):
        assert abs(recorded["handler"][end] * MS - value) <= MS / 100  # a REPORT has two decimals
    assert (recorded["init"]["count"], recorded["init"]["min"]) == (len(inits), 40.0)
    assert recorded["overhead"]["min"] >= 3.0  # the round trip and Lambda's own
    billed = sum(int(row["billed_ms"]) for row in truth)
    assert (invocations["reports"], invocations["billed_ms"]) == (CALLS, billed)
    assert invocations["billed_gb"] == pytest.approx(billed / 1000 / 4)
    assert (invocations["memory_mb"], invocations["memory_used_mb"]) == (256, 71)
    cost, price = ran.result["function_cost"], lambda_price("us-east-1", "x86_64")
    assert cost["usd"] == pytest.approx(price.calls(256, billed, CALLS), rel=1e-9)
    rows = {row["request_id"]: row for row in truth}
    for sample in ran.result["samples"]["slowest"]:
        assert int(rows[sample["request_id"]]["billed_ms"]) >= 1


@pytest.mark.parametrize(("client", "reuse", "renew"), MODES)
def test_a_real_function(
    ministack: Engine, account: Account, tmp_path: Path, client: str, reuse: str, renew: str
) -> None:
    """Its answers have no REPORT: its own word on cold starts is taken, and its time is recorded as it was printed."""
    with gateway.timer(ministack) as name:
        target = f"{{function: {name}, region: us-east-1, endpoint: '{ministack.url}'}}"
        more = ", record: {inner: body.ms}"
        text = profile(client, reuse, renew, target, "{id: '{{uuid}}', sleep_ms: '{{int 1 30}}'}", more)
        ran = run(tmp_path, *prepare(tmp_path, text), "--json", env=account.user.environment)
        told = printed(ministack, name)
    assert ran.status in VALID, ran.err
    step = step_of(ran)
    assert step["requests"]["outcomes"] == {"ok": CALLS}
    assert len({of["id"] for of in told}) == CALLS
    times = sorted(of["ms"] for of in told)
    assert (step["recorded_ms"]["inner"]["min"], step["recorded_ms"]["inner"]["max"]) == (times[0], times[-1])
    assert step["recorded_ms"]["inner"]["mean"] == pytest.approx(sum(times) / CALLS, abs=1e-5)
    cold = sum(of["cold"] for of in told)
    assert strata(step) == {"start=cold": cold, "start=warm": CALLS - cold}
    assert (step["invocations"]["answers"], step["invocations"]["told"]) == (CALLS, CALLS)
    kept = [path.read_bytes() for path in ran.folder.rglob("*") if path.is_file()]
    for place in (ran.out.encode(), ran.err.encode(), *kept):
        assert account.user.secret.encode() not in place


def printed(engine: Engine, name: str) -> list[dict[str, Any]]:
    """What the function printed, as its log on CloudWatch has it."""
    with engine.client("logs") as logs:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
        lines = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(of) for line in lines for begin, found, of in [line.partition("TOLD ")] if found]


def test_a_function_that_fails_is_named(ministack: Engine, account: Account, tmp_path: Path) -> None:
    with gateway.timer(ministack) as name:
        target = f"{{function: {name}, region: us-east-1, endpoint: '{ministack.url}'}}"
        text = profile("wire", "shared", "connection", target, "{id: x, sleep_ms: 1, fail: true}")
        text += "stop_if: never\n"
        ran = run(tmp_path, *prepare(tmp_path, text), "--json", env=account.user.environment)
    step = step_of(ran)
    assert step["requests"]["outcomes"] == {"function_error": CALLS}
    [failure] = step["failures"]
    assert failure["reasons"] == {"Runtime.HandlerError": CALLS}  # so ministack calls it
    assert ran.result["samples"]["failed"][0]["message"] == "it was told to fail"


@pytest.mark.parametrize("client", CLIENTS)
def test_who_may_not_call_it_is_told(ministack: Engine, account: Account, tmp_path: Path, client: str) -> None:
    with gateway.timer(ministack) as name:
        target = f"{{function: {name}, region: us-east-1, endpoint: '{ministack.url}'}}"
        text = profile(client, "shared", "connection", target, "{id: x, sleep_ms: 1}")
        (tmp_path / "profile.yaml").write_text(text)
        ran = run(tmp_path, "run", "profile.yaml", "--out", "run", env=account.nobody.environment)
    assert ran.status == 3
    assert "AccessDenied" in ran.err
    assert "Traceback" not in ran.err


COSTLY = """
name: t
target: {lambda: {function: orders, endpoint: sandbox}}
load: [{name: a, LOAD}]
scenarios: [{name: s, steps: [{name: call, Invoke: {}}]}]
max_cost: $0.000010
sandbox: {rtt: 1ms, service: 10ms, tls: false, environments: {max: 9, init: 40ms}, lambda: {memory: 1024}}
"""


def test_a_plan_beyond_max_cost_sends_one_call(tmp_path: Path) -> None:
    """1,000 calls of 10 ms with 1 GB are about $0.0004."""
    arguments = prepare(tmp_path, COSTLY.replace("LOAD", "rate: 100/s, for: 10s"))
    ran = run(tmp_path, *(of for of in arguments if of != "--no-preflight"))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("loadgen: max_cost: this would cost about $0.00035, and $0.00001 are allowed: ")
    assert not (tmp_path / "run").exists()


def test_a_run_that_comes_to_max_cost_is_stopped(tmp_path: Path) -> None:
    ran = run(tmp_path, *prepare(tmp_path, COSTLY.replace("LOAD", "users: 3, for: 60s")), "--json")
    assert ran.status in (4, *VALID), ran.err
    assert ran.result["duration_s"] < 30
    assert any("the run was stopped early by max_cost" in text for text in ran.warnings)
    cost = ran.result["function_cost"]
    assert cost["usd"] >= 0.00001
    assert not cost["billed"]
    billed = step_of(ran)["invocations"]["billed_gb"]
    assert cost["usd"] == pytest.approx(billed * 0.0000166667 + cost["requests"] * 2e-7, rel=1e-3)
