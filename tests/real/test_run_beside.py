"""Requests beside the phases, from two workers, held against the sandbox's truth log: how many came when, how many of
them were cold, what they cost."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from program import VALID, prepare, run

from loadgen.aws.lambda_prices import lambda_price

pytestmark = pytest.mark.real

MS = 1_000_000
EVERY, AT_ONCE, GROUPS = 400, 6, 5  # ms, requests, in two seconds
LATE = 200  # ms that a busy machine may be
TEXT = """
name: t
target: {lambda: {function: orders, endpoint: sandbox}}
workers: 2
sandbox:
  service: [{match: "* /**", time: 4ms}, 4ms]
  environments: {max: 50, init: 60ms, idle: 10s}
  lambda: {memory: 512}
  tls: false
  log: LOG
load: [{name: quiet, rate: 20/s, for: 2s}]
beside: [{name: keep-warm, every: 400ms, at-once: 6, Invoke: {payload: {ping: true}}}]
scenarios: [{name: s, steps: [{name: call, Invoke: {}}]}]
"""


def cold(step: dict[str, Any]) -> int:
    return sum(of["count"] for of in step["strata"] if of["stratum"] == "start=cold")


def test_what_goes_on_beside_the_phases_is_what_the_sandbox_saw(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    ran = run(tmp_path, *prepare(tmp_path, TEXT.replace("LOG", json.dumps(str(log)))), "--json")
    assert ran.status in VALID, ran.err
    with log.open(newline="") as lines:
        truth = sorted((row for row in csv.DictReader(lines)), key=lambda row: int(row["received_ns"]))
    (variant,) = ran.result["variants"]
    ((phase,), (stream,)) = variant["phases"][:1], variant["beside"]
    (call,), (ping,) = phase["steps"], stream["phase"]["steps"]
    assert ping["requests"]["outcomes"] == {"ok": GROUPS * AT_ONCE}
    assert stream["phase"]["iterations"]["planned"] == GROUPS * AT_ONCE
    drained = sum(of["requests"]["sent"] for of in variant["phases"][1:])
    assert variant["requests"]["sent"] == call["requests"]["sent"] + drained
    assert len(truth) == variant["requests"]["sent"] + GROUPS * AT_ONCE
    assert sum(int(row["cold"]) for row in truth) >= cold(call) + cold(ping) >= AT_ONCE, "the first ones find nothing"
    starts = [int(row["received_ns"]) for row in truth]
    for group in range(GROUPS):  # six more come at once than else
        due = starts[0] + group * EVERY * MS
        assert sum(due - MS * 20 <= at <= due + LATE * MS for at in starts) >= AT_ONCE
    cost, price = ran.result["function_cost"], lambda_price("us-east-1", "x86_64")
    billed = sum(int(row["billed_ms"]) for row in truth)
    assert cost["requests"] == len(truth)
    assert cost["usd"] == pytest.approx(price.calls(512, billed, len(truth)))


def test_variants_that_are_kept_warm_start_cold_less_often_and_cost_more(tmp_path: Path) -> None:
    """The shipped profile, in one short round: no verdict, and the figures of each variant by itself."""
    sets = ("experiment.rounds=1", "experiment.pause=300ms", "load.quiet.iterations=24", "load.quiet.rate=16/s")
    options = [word for each in sets for word in ("--set", each)]
    ran = run(tmp_path, "run", "keep-warm", *options, "--out", "run", "--json", "--quiet", "--accept-invalid")
    assert ran.status in VALID, ran.err
    result = json.loads(ran.out)
    costs = {of["variant"]: of for of in result["costs"]}
    for name in ("none", "pings", "provisioned"):
        of_run = json.loads((tmp_path / "run/rounds/01" / name / "result.json").read_text())
        steps = [step for phase in of_run["variants"][0]["phases"] if phase["measured"] for step in phase["steps"]]
        told = sum(of["count"] for step in steps for of in step["strata"])
        assert costs[name]["cold"] == pytest.approx(sum(map(cold, steps)) / told, abs=1e-6)
    assert costs["provisioned"]["cold"] <= costs["none"]["cold"]
    assert costs["provisioned"]["provisioned_usd"] == pytest.approx(5 * 0.5 * 3600 * 0.0000041667)
    assert costs["pings"]["beside_per_hour"] == 5 * 3600 / 0.15
    assert costs["none"]["beside_per_hour"] == 0
