"""The shipped comparisons of front doors, of what a function fetches and of cold starts, in one short round on the
sandbox: counts, times and prices are those of each sandbox's truth log."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from program import VALID, run

from loadgen.aws.lambda_prices import lambda_price

pytestmark = pytest.mark.real

MS = 1_000_000
CALLS, WARM = 12, 2
PRICE = lambda_price("us-east-1", "x86_64")

Row = dict[str, str]


def carried_out(
    folder: Path, name: str, phase: str, variants: tuple[str, ...], *sets: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], dict[str, list[Row]]]:
    """The experiment's result; the step of each variant's measured phase; the measured requests of its truth log."""
    given = ["experiment.rounds=1", "experiment.pause=10ms", f"load.{phase}.iterations={CALLS}", *sets]
    logs = {variant: folder / f"{variant}.csv" for variant in variants}
    given += [f"experiment.variants.{variant}.sandbox.log={log}" for variant, log in logs.items()]
    options = [word for each in given for word in ("--set", each)]
    ran = run(folder, "run", name, *options, "--out", "run", "--json", "--quiet", "--accept-invalid")
    assert ran.status in VALID, ran.err
    steps, truth = {}, {}
    for variant, log in logs.items():
        result = json.loads((folder / "run/rounds/01" / variant / "result.json").read_text())
        (measured,) = (of for of in result["variants"][0]["phases"] if of["name"] == phase)
        (steps[variant],) = measured["steps"]
        with log.open(newline="") as lines:
            rows = sorted(csv.DictReader(lines), key=lambda row: int(row["received_ns"]))
        assert len(rows) == WARM + CALLS
        truth[variant] = rows[WARM:]
    return json.loads(ran.out), steps, truth


def mean_ms(rows: list[Row], *columns: str) -> float:
    return fmean(sum(int(row[column]) for column in columns) / MS for row in rows)


def test_front_doors(tmp_path: Path) -> None:
    doors = ("http-api", "rest-api", "function-url", "invoke")
    result, steps, truth = carried_out(tmp_path, "front-doors", "orders", doors)
    for door in doors:
        step, rows = steps[door], truth[door]
        own = step["recorded_ms"]["handler" if door == "invoke" else "fn"]
        assert own["count"] == CALLS
        assert own["mean"] == pytest.approx(mean_ms(rows, "service_ns"), abs=0.01)  # a REPORT has two decimals
        assert (mean_ms(rows, "gateway_ns") > 0) == door.endswith("-api")
        assert step["latency_ms"]["service"]["mean"] >= mean_ms(rows, "service_ns", "gateway_ns", "overhead_ns")
    costs = {of["variant"]: of for of in result["costs"]}
    assert [costs[door]["million_usd"] for door in doors[:3]] == [1.2, 3.7, 0.2]
    assert [costs[door]["door"] for door in doors] == list(doors)
    billed = fmean(int(row["billed_ms"]) for row in truth["invoke"])
    assert costs["invoke"]["billed_ms"] == pytest.approx(billed, abs=0.001)
    assert costs["invoke"]["million_usd"] == pytest.approx(PRICE.million_calls(512, billed), abs=1e-4)
    assert {costs[door]["cold"] for door in doors} == {0.0}, "the warm-up had the cold start"


def test_what_is_fetched_at_each_call_for_a_lifetime_or_once(tmp_path: Path) -> None:
    variants = ("each-call", "lifetime", "once")
    _, steps, truth = carried_out(tmp_path, "fetched-once", "calls", variants)
    for variant in variants:
        told = {of["stratum"]: of["count"] for of in steps[variant]["strata"]}
        seen = Counter(f"start=warm, fetched={row['fetched']}" for row in truth[variant])
        assert told == seen
        handler = steps[variant]["recorded_ms"]["handler"]["mean"]
        assert handler == pytest.approx(mean_ms(truth[variant], "service_ns"), abs=0.01)
    assert {row["fetched"] for row in truth["each-call"]} == {"2"}
    assert {row["fetched"] for row in truth["once"]} == {"0"}, "the warm-up has fetched both"
    assert mean_ms(truth["lifetime"], "fetch_ns") < mean_ms(truth["each-call"], "fetch_ns")


def test_cold_starts_by_their_cause_and_by_size(tmp_path: Path) -> None:
    """After a quiet time, of calls at once, and after a change of the function: each cold start that is told was one,
    with the Init that it had."""
    variants, calls = ("small", "large", "deployed"), {"idle": 2, "scale-out": 4}
    logs = {variant: tmp_path / f"{variant}.csv" for variant in variants}
    given = ["experiment.rounds=1", "experiment.pause=10ms", "load.idle.iterations=2"]
    given += ["load.scale-out.users=4", "load.scale-out.iterations=4"]
    given += [f"experiment.variants.{variant}.sandbox.log={log}" for variant, log in logs.items()]
    options = [word for each in given for word in ("--set", each)]
    ran = run(tmp_path, "run", "cold-starts", *options, "--out", "run", "--json", "--quiet", "--accept-invalid")
    assert ran.status in VALID, ran.err
    for variant, log in logs.items():
        result = json.loads((tmp_path / "run/rounds/01" / variant / "result.json").read_text())
        with log.open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["operation"] == "Invoke"]
        rows.sort(key=lambda row: int(row["received_ns"]))
        steps = {phase["name"]: phase["steps"][0] for phase in result["variants"][0]["phases"]}
        for phase, truth in (("idle", rows[:2]), ("scale-out", rows[2:])):
            inits = [row for row in truth if row["cold"] == "1"]
            told = {of["stratum"]: of["count"] for of in steps[phase]["strata"]}
            assert len(truth) == calls[phase] and told.get("start=cold", 0) == len(inits) > 0
            init = steps[phase]["recorded_ms"]["init"]["mean"]
            assert init == pytest.approx(mean_ms(inits, "init_ns"), abs=0.01)
        forced = result.get("forced_cold")
        assert (forced and (forced["cold"], forced["restored"])) == ((6, True) if variant == "deployed" else None)
