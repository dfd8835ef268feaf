"""`loadgen join`: each hop is what the sandbox's own log says, by itself."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from program import VALID, Ran, prepare, run

pytestmark = pytest.mark.real

MS = 1_000_000
CALLS = 90  # fewer than are drawn: the truth log's means are those of the draw
WITHIN = 1.0  # ms
SANDBOX = """{
  rtt: 4ms, service: "lognormal(p50=8ms, p99=40ms)", environments: {max: 9, init: 150ms}, log: LOG, tls: false,
  lambda: {functions: orders, overhead: "lognormal(p50=3ms, p99=9ms)"}GATEWAY}"""
LOAD = f"load: [{{name: a, users: 2, iterations: {CALLS}}}]\n"
INVOKE = "scenarios: [{name: s, steps: [{name: call, Invoke: {payload: {id: 1}}}]}]\n"
POST = "scenarios: [{name: s, steps: [{name: call, post: /orders, json: {id: 1}, capture: {cold: header.x-cold}}]}]\n"


def on_sandbox(folder: Path, target: str, front: str, steps: str) -> tuple[Ran, list[dict[str, str]]]:
    """A run that is joined as it ends, and the truth log of its calls."""
    log = folder / "truth.csv"
    settings = SANDBOX.replace("LOG", json.dumps(str(log))).replace("GATEWAY", front)
    text = f"name: t\ntarget: {target}\n{LOAD}{steps}sandbox: {settings}\n"
    ran = run(folder, *prepare(folder, text), "--json", "--join")
    assert ran.status in VALID, ran.err
    with log.open(newline="") as lines:
        return ran, [row for row in csv.DictReader(lines) if row["request_id"]]


def drawn(joined: dict[str, Any]) -> dict[str, Any]:
    [step] = joined["steps"]
    return dict(next(group for group in step["groups"] if group["name"] == "drawn"))


def mean(truth: list[dict[str, str]], value: Callable[[dict[str, str]], int]) -> Any:
    return pytest.approx(fmean(value(row) for row in truth) / MS, abs=WITHIN)


def column(name: str) -> Callable[[dict[str, str]], int]:
    return lambda row: int(row[name])


def network(row: dict[str, str]) -> int:
    """The round trip, and by how much the sandbox was late."""
    return 4 * MS + int(row["sent_ns"]) - int(row["intended_ns"])


def test_each_hop_behind_an_api_is_what_it_was(tmp_path: Path) -> None:
    front = ', gateway: {kind: rest, latency: "lognormal(p50=5ms, p99=20ms)"}'
    ran, truth = on_sandbox(tmp_path, "sandbox", front, POST)
    joined = ran.result["join"]
    assert joined["looked_for"] == joined["found"] == len(truth) == CALLS
    group = drawn(joined)
    hops = group["hops"]
    assert (hops["requests"], hops["rest_of"]) == (CALLS, ["network"])
    assert hops["gateway_ms"] == mean(truth, column("gateway_ns"))
    assert hops["lambda_ms"] == mean(truth, lambda row: int(row["overhead_ns"]) + int(row["queued_ns"]))
    assert hops["init_ms"] == mean(truth, column("init_ns"))
    assert hops["handler_ms"] == mean(truth, column("service_ns"))
    assert hops["rest_ms"] == mean(truth, network)
    cold = sum(row["cold"] == "1" for row in truth)
    starts = {of["start"]: of for of in group["starts"]}
    assert starts["cold"]["requests"] == cold
    assert starts["cold"]["share_low"] < cold / CALLS < starts["cold"]["share_high"]


def test_each_hop_of_an_invoke_is_what_it_was(tmp_path: Path) -> None:
    ran, truth = on_sandbox(tmp_path, "{lambda: {function: orders, endpoint: sandbox}}", "", INVOKE)
    hops = drawn(ran.result["join"])["hops"]
    assert (hops["requests"], hops["rest_of"]) == (CALLS, ["network", "lambda"])
    assert hops["init_ms"] == mean(truth, column("init_ns"))
    assert hops["handler_ms"] == mean(truth, column("service_ns"))
    assert hops["rest_ms"] == mean(truth, lambda row: network(row) + int(row["overhead_ns"]) + int(row["queued_ns"]))
    [of] = ran.phases["a"]["steps"]
    recorded = of["recorded_ms"]["handler"]["mean"]
    assert hops["handler_ms"] == pytest.approx(recorded, abs=0.01)
