"""The measurement of a capacity, whose steps run in virtual time: what it does when a worker is lost, what it may cost,
and the variants of an experiment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from capacity_steps import plan
from engine_harness import always
from run_folders import write_run

from loadgen.clock import MILLISECOND
from loadgen.errors import Exit, WorkerLost
from loadgen.experiment.capacity import measurement
from loadgen.experiment.capacity.reach import Reached
from loadgen.experiment.saved import read
from loadgen.profile.load import Loaded, load
from loadgen.report.terminal.live import Silence
from loadgen.report.terminal.screen import render
from loadgen.result.capacity import CapacityPlan, CapacityResult
from loadgen.result.codec import from_json, to_json
from loadgen.result.run import Cost, FunctionCost, LambdaPrices, RunResult
from loadgen.runner.options import Options

PLAIN = "name: c\ntarget: http://127.0.0.1:1\nload: [{name: a, rate: 20/s, for: 1s}]\n"
BOTH = f"{PLAIN}experiment: {{variants: {{shared: {{}}, fresh: {{session: per-request}}}}}}\n"


@dataclass
class Target:
    """Is slow above `at` requests a second, and above `fresh` on new connections. `after` makes something else of the
    run with that number, counted from 1."""

    at: float = 60.0
    fresh: float = 40.0
    after: Callable[[int, RunResult], RunResult] = lambda number, result: result
    runs: list[str] = field(default_factory=list)

    async def run_at(self, loaded: Loaded, options: Options, *_: Any) -> RunResult:
        profile = loaded.profile
        rate = profile.load[0].rate
        assert rate and profile.experiment is None
        self.runs.append(options.out.name)
        slow = rate.highest > (self.fresh if profile.session.reuse == "per-request" else self.at)
        script = always(after=200 * MILLISECOND if slow else 20 * MILLISECOND)
        result = write_run(options.out, profile, script, "2026-01-01T00:00:00+00:00")
        made = self.after(len(self.runs), result)
        (options.out / "result.json").write_text(json.dumps(to_json(made)))
        return made


async def nothing(loaded: Loaded, of: CapacityPlan, *_: Any) -> dict[str, Reached]:
    return dict.fromkeys(of.names, Reached(None, None))  # type: ignore[arg-type]


async def at_once(self: Any) -> None: ...


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    made = Target()
    monkeypatch.setattr(measurement, "run_at", made.run_at)
    monkeypatch.setattr(measurement, "reach", nothing)
    monkeypatch.setattr(measurement._Measurement, "_pause", at_once)
    return made


def measured(folder: Path, text: str = PLAIN, **changed: object) -> CapacityResult:
    loaded, options = load("c.yaml", text=text), Options(folder, needed=True)
    return asyncio.run(measurement.measure(loaded, plan(**changed), options, Silence()))


def resumed(folder: Path, text: str = PLAIN) -> CapacityResult:
    loaded, options = load("c.yaml", text=text), Options(folder, needed=True)
    return asyncio.run(measurement.resume(loaded, options, Silence()))


def lost(*numbers: int) -> Callable[[int, RunResult], RunResult]:
    """These runs lose a worker."""
    return lambda number, result: replace(result, exit_status=Exit.WORKER_LOST) if number in numbers else result


def test_a_step_that_lost_a_worker_is_carried_out_once_more(target: Target, tmp_path: Path) -> None:
    target.after = lost(3)
    result = measured(tmp_path / "run")
    assert target.runs[:4] == ["01", "02", "03", "03"]
    assert result.complete and result.exit_status == 0
    assert [of.code for of in result.warnings] == ["capacity_step_again"]
    assert (tmp_path / "run" / "steps" / "03-cut-short-1").is_dir()
    assert [of.number for of in result.steps] == list(range(1, len(result.steps) + 1))


def test_one_that_loses_it_again_ends_with_what_is_known(target: Target, tmp_path: Path) -> None:
    target.after = lost(9, 10)
    result = measured(tmp_path / "run")
    assert len(result.steps) == 8 and not result.complete and result.exit_status == 6
    assert result.capacity.low and result.capacity.high and result.capacity.low < 60 < result.capacity.high
    assert [of.code for of in result.warnings] == ["capacity_step_again", "capacity_broken_off"]
    target.after = lost()
    again = resumed(tmp_path / "run")
    assert again.complete and again.exit_status == 0 and len(again.steps) > 8


def test_a_worker_that_dies_before_the_load_is_one_that_is_lost(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = list[int]()

    async def run_at(*given: Any) -> RunResult:
        calls.append(1)
        if len(calls) == 2:
            raise WorkerLost("worker 0 died before the load began")
        return await target.run_at(*given)

    monkeypatch.setattr(measurement, "run_at", run_at)
    assert measured(tmp_path / "run").complete


def costing(usd: float) -> Callable[[int, RunResult], RunResult]:
    cost = {
        "read_units": 1.0, "write_units": 1.0, "usd": usd, "billed": True, "billing": "on-demand", "region": "x",
        "prices": None, "setup_write_units": 0.0, "assumed": [], "max_cost": None,
        "sampled": {"calls": 1, "read": 1.0, "write": 1.0},
        "computed": {"read": 1.0, "write": 1.0},
    }  # fmt: skip
    return lambda number, result: replace(result, cost=from_json(Cost, cost))


TABLE = """
name: c
target: {dynamodb: {table: orders, region: eu-west-1}}
load: [{name: a, rate: 20/s, for: 1s}]
scenarios: [{name: s, steps: [{name: put, PutItem: {Item: {pk: x}}}]}]
max_cost: $0.00095
"""


def test_the_cost_of_all_steps_is_bounded(target: Target, tmp_path: Path) -> None:
    """No step begins that would, as it is planned, come to more than what is left. The fourth
    step is one of 100 writes, some $0.00007."""
    target.after = costing(0.0003)
    result = measured(tmp_path / "run", TABLE)
    assert len(result.steps) == 3 and not result.complete
    (warning,) = result.warnings
    assert warning.code == "capacity_stopped_by_cost" and warning.values["usd"] == pytest.approx(0.0009)
    assert sum(step.usd or 0 for step in result.steps) <= 0.00095
    assert "max_cost" in render(result, width=80, color=False) and "$0.00" in render(result, width=80, color=False)


FUNCTION = TABLE.replace("dynamodb: {table: orders,", "lambda: {function: orders,").replace(
    "{name: put, PutItem: {Item: {pk: x}}}", "{name: call, Invoke: {}}"
)


def test_of_a_function_the_steps_so_far_tell_what_the_next_one_costs(target: Target, tmp_path: Path) -> None:
    """The first three steps are of 10, 20 and 40 calls, $0.00001 each; the fourth one, of 80, would be $0.0008 more."""
    target.after = lambda number, result: replace(
        result, function_cost=function_cost(0.00001 * result.variant.requests.sent)
    )
    result = measured(tmp_path / "run", FUNCTION)
    assert not result.complete
    (warning,) = result.warnings
    assert warning.code == "capacity_stopped_by_cost"
    spent = sum(step.usd or 0 for step in result.steps)
    assert 0 < spent <= 0.00095
    assert warning.values["usd"] == pytest.approx(spent)


def function_cost(usd: float) -> FunctionCost:
    prices = LambdaPrices("us-east-1", "us-east-1", "x86_64", 1e-5, 0.2, "2026-11", "here")
    return FunctionCost(usd, True, 10, 10, 1.0, None, prices, 0.00095)


def test_variants_are_measured_in_turns_and_compared(target: Target, tmp_path: Path) -> None:
    result = measured(tmp_path / "run", BOTH, variants=("shared", "fresh"), thresholds=("capacity > 50/s",))
    assert result.complete
    assert [of.name for of in result.variants] == ["shared", "fresh"]
    shared, fresh = (of.capacity for of in result.variants)
    assert result.capacity == shared
    assert shared.low and shared.high and shared.low <= 60 <= shared.high
    assert fresh.low and fresh.high and fresh.low <= 40 <= fresh.high
    (ratio,) = result.ratios
    assert (ratio.variant, ratio.baseline) == ("fresh", "shared")
    assert ratio.low and ratio.high and ratio.low <= 40 / 60 <= ratio.high
    assert {(of.variant, of.status) for of in result.thresholds} == {("shared", "passed"), ("fresh", "failed")}
    assert result.exit_status == 4
    assert read(tmp_path / "run") == result
    assert "fresh breaks at 0.65 [0.62, 0.68] of the rate of shared" in render(result, width=80, color=False)
    assert max(map(len, render(result, width=80, color=False).splitlines())) <= 80


def test_variants_go_on_where_they_were(target: Target, tmp_path: Path) -> None:
    whole = measured(tmp_path / "whole", BOTH, variants=("shared", "fresh"))
    target.after = lost(len(target.runs) + 14, len(target.runs) + 15)
    cut = measured(tmp_path / "cut", BOTH, variants=("shared", "fresh"))
    assert len(cut.steps) == 13
    target.after = lost()
    again = resumed(tmp_path / "cut", BOTH)
    assert again.complete and [of.rate for of in again.steps] == [of.rate for of in whole.steps]
    assert again.ratios == whole.ratios
