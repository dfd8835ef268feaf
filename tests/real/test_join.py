"""`loadgen join`: a real function's requests are found in its log by the id that it returns."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import fmean
from typing import Any

import gateway
import pytest
from engines import ROOT, Engine
from gateway import Account
from program import FULL, VALID, Ran, prepare, run

from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

MS = 1_000_000
CALLS = 8
WITHIN = 1.0  # ms
MODES = [(client, *session) for client, abilities in CLIENTS.items() for session in abilities.sessions]
MODES = MODES if FULL else MODES[:1]  # of Invoke, tests/real/test_run_lambda.py has all of them each time
LOAD = f"load: [{{name: a, users: 2, iterations: {CALLS}}}]\n"


def drawn(joined: dict[str, Any]) -> dict[str, Any]:
    [step] = joined["steps"]
    return dict(next(group for group in step["groups"] if group["name"] == "drawn"))


def printed(engine: Engine, name: str) -> dict[str, float]:
    """The time that the function printed, by Lambda's id of its request."""
    with engine.client("logs") as logs:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    said = [json.loads(of) for event in events for _, found, of in [event["message"].partition("TOLD ")] if found]
    return {of["request"]: of["ms"] for of in said}


def durations(engine: Engine, name: str) -> list[float]:
    """Those of the function's REPORTs, which have ministack's own work in them."""
    with engine.client("logs") as logs:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    found = (re.match(r"REPORT RequestId: \S+\s+Duration: ([0-9.]+) ms", event["message"]) for event in events)
    return [float(match[1]) for match in found if match]


def exemplars(ran: Ran) -> list[dict[str, Any]]:
    [step] = json.loads((ran.folder / "exemplars.json").read_text())["steps"]
    return list(step["drawn"])


def on_ministack(
    folder: Path, account: Account, engine: Engine, name: str, target: str, step: str, mode: tuple[str, str, str]
) -> None:
    """The requests of a run are found in the log of the function of that name, and its times are those it printed."""
    client, reuse, renew = mode
    text = f"name: t\ntarget: {target}\nclient: {client}\nsession: {{reuse: {reuse}, renew: {renew}}}\n"
    text += LOAD
    text += f"scenarios: [{{name: s, steps: [{{name: call, {step}, record: {{own: body.ms}}}}]}}]\n"
    ran = run(folder, *prepare(folder, text), "--json", "--no-preflight", env=account.user.environment)
    assert ran.status in VALID, ran.err
    where = ("--log-group", f"/aws/lambda/{name}", "--endpoint", engine.url)
    joining = run(folder, "join", "run", *where, "--json", env=ROOT.environment)
    assert joining.status == 0, joining.err
    joined, told = json.loads(joining.out), printed(engine, name)
    assert joined["looked_for"] == joined["found"] == len(told) == CALLS
    assert {one["ids"]["echoed"] for one in exemplars(ran)} == set(told)
    own = ran.phases["a"]["steps"][0]["recorded_ms"]["own"]
    assert (own["count"], own["min"], own["max"]) == (CALLS, min(told.values()), max(told.values()))
    assert own["mean"] == pytest.approx(fmean(told.values()), abs=1e-5)
    hops = drawn(joined)["hops"]
    assert hops["requests"] == CALLS
    assert hops["handler_ms"] == pytest.approx(fmean(durations(engine, name)), abs=WITHIN)
    assert hops["rest_ms"] > 0


@pytest.mark.parametrize("mode", MODES)
def test_a_real_function_by_invoke(
    ministack: Engine, account: Account, tmp_path: Path, mode: tuple[str, str, str]
) -> None:
    with gateway.timer(ministack) as name:
        target = f"{{lambda: {{function: {name}, region: us-east-1, endpoint: '{ministack.url}'}}}}"
        step = "Invoke: {payload: {id: '{{uuid}}', sleep_ms: 10}}"
        on_ministack(tmp_path, account, ministack, name, target, step, mode)


@pytest.mark.parametrize("mode", [mode for mode in MODES if CLIENTS[mode[0]].http])
def test_a_real_function_behind_apis(
    ministack: Engine, account: Account, tmp_path: Path, mode: tuple[str, str, str]
) -> None:
    """An HTTP API and a REST API give ids of their own."""
    for kind in ("http", "rest"):
        with gateway.deployed(ministack, gateway.ECHO) as (url, name), gateway.rest_before(ministack, name) as rest:
            (folder := tmp_path / kind).mkdir()
            signed = "\nauth: {sigv4: {service: execute-api, region: us-east-1}}"
            target, path = (url + signed, "/python/orders") if kind == "http" else (rest, "/orders")
            on_ministack(folder, account, ministack, name, target, f"post: {path}, json: {{id: 1}}", mode)


def test_who_may_not_read_the_log_is_told(ministack: Engine, account: Account, tmp_path: Path) -> None:
    """Keys without the right, wrong keys, no keys: a line each, and no secret in it."""
    with gateway.timer(ministack) as name:
        target = f"{{lambda: {{function: {name}, region: us-east-1, endpoint: '{ministack.url}'}}}}"
        text = f"name: t\ntarget: {target}\n{LOAD}"
        text += "scenarios: [{name: s, steps: [{name: call, Invoke: {payload: {id: 1, sleep_ms: 1}}}]}]\n"
        run(tmp_path, *prepare(tmp_path, text), "--json", env=account.user.environment)
        canary = "canary" * 6
        wrong = {**account.user.environment, "AWS_SECRET_ACCESS_KEY": canary}
        for env, said in (
            (account.user.environment, "Grant them logs:FilterLogEvents on the log group"),
            (wrong, "the signature is refused"),
            ({}, "no AWS credentials"),
        ):
            ran = run(tmp_path, "join", "run", env=env)
            assert (ran.status, ran.out) == (3, ""), ran.err
            assert said in ran.err
            assert ran.err.count("\n") == 1
            assert canary not in ran.err
            assert account.user.secret not in ran.err
