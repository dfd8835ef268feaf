"""What the visits of a size tell together: times, prices and conditions, by numbers that are known."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tunings import PROFILE, Function, tuned

from loadgen.experiment.tune.figures import _kept, trimmed_mean
from loadgen.experiment.tune.plan import Matrix, starts_of
from loadgen.profile.capacity import conditions
from loadgen.report.tuned import prepared
from loadgen.result.latency import Interval, Quantile
from loadgen.result.tune import TuneResult, TuneSize

GB_S, REQUESTS = 0.0000166667, 0.20


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TuneResult:
    """A handler of 20 ms with one vCPU, half of which is CPU work; cold starts of 40 ms more."""
    function = Function(of_lambda={"cpu_bound": "50%"})
    return tuned(tmp_path / "run", monkeypatch, function, (256, 512, 1769), calls=20, rounds=2, keep=("p50 < 60ms",))


def of(result: TuneResult, memory: int) -> TuneSize:
    found = result.size(str(memory))
    assert found
    return found


def test_times_and_prices_of_a_size(result: TuneResult) -> None:
    for memory in (256, 512, 1769):
        size, handler = of(result, memory), 10 + 10 * 1769 / memory
        assert size.handler.quantiles["p50"] == pytest.approx(handler, rel=0.001)
        assert size.warm.quantiles["p50"] == pytest.approx(handler + 3, rel=0.001)  # the round trip, and Lambda's own
        assert size.billed_ms == math.ceil(round(handler, 2))
        assert size.usd_per_million == pytest.approx(1e6 * memory / 1024 * size.billed_ms / 1000 * GB_S + REQUESTS)
        assert size.trimmed_ms == pytest.approx(handler, rel=0.001)
        assert size.trimmed_usd == pytest.approx(memory / 1024 * size.billed_ms / 1000 * GB_S)
        assert size.cold_billed_ms == math.ceil(round(handler + 40, 2))


def test_cold_starts_stand_apart(result: TuneResult) -> None:
    size = of(result, 256)
    assert (size.calls, size.warm.count, size.cold.count, size.cold_share) == (20, 18, 2, 0.1)
    assert size.cold.quantiles["p50"] == pytest.approx(size.handler.quantiles["p50"] + 43, rel=0.01)


def test_what_all_calls_cost(result: TuneResult) -> None:
    billed = sum(visit.memory / 1024 * visit.billed_ms / 1000 for visit in result.visits)
    assert result.usd == pytest.approx(billed * GB_S + 60 * REQUESTS / 1e6)


def test_a_million_inside_the_limit(result: TuneResult) -> None:
    """79 ms, 45 ms and 20 ms, and 3 ms more: the first is never inside."""
    assert of(result, 256).usd_per_million_inside is None
    for memory in (512, 1769):
        size = of(result, memory)
        assert size.usd_per_million_inside == size.usd_per_million
        assert size.conditions[0].inside == 1
    assert [size.kept for size in result.sizes] == [False, True, True]
    assert result.choices[-1].memory == 512


def test_failed_calls_make_those_inside_dearer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    function = Function(of_lambda={"errors": "20%"})
    result = tuned(
        tmp_path / "run", monkeypatch, function, (512, 1024), calls=100, keep=("p50 < 900ms, errors < 1%",),
        text=f"{PROFILE}stop_if: never\n",
    )  # fmt: skip
    for size in result.sizes:
        good = 1 - size.failed / (size.calls - size.cold.count)
        assert 0.6 < good < 0.97
        assert size.usd_per_million and size.usd_per_million_inside == pytest.approx(size.usd_per_million / good, 1e-4)
        assert [of.kept for of in size.conditions] == [True, False]
    assert (result.choices[-1].memory, result.exit_status) == (None, 4)


def test_under_an_arrival_rate_it_is_the_response(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = tuned(tmp_path / "run", monkeypatch, Function(), (512, 1024), calls=200, rate=40.0, keep=("p99 < 90ms",))
    assert result.metric == "response"
    assert {visit.requests for visit in result.visits} == {100}
    size = of(result, 512)
    assert size.warm.count + size.cold.count == 200 and "p50" in size.warm.intervals


@pytest.mark.parametrize("calls", [40, 120])
def test_what_environments_made_beforehand_are_billed_is_in_no_calls_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """An environment of each visit is used first once: its REPORT has the Init of 40 ms."""
    matrix = Matrix(starts_of("on-demand,provisioned=3"))
    result = tuned(tmp_path / "run", monkeypatch, Function(), (512,), calls=calls, rate=100.0, matrix=matrix)
    size = result.size("512 MB provisioned=3")
    assert size and 2 <= size.prepared <= 6
    assert size.billed_ms == 20
    assert (
        sum(visit.billed_ms for visit in result.visits if visit.cell == size.cell)
        >= 20 * size.calls + 40 * size.prepared
    )
    assert f"{size.prepared} of 512 MB provisioned=3" in " ".join(prepared(result))


def test_a_trimmed_mean_drops_a_fifth_at_either_end() -> None:
    """As computeAverageDuration: of seven values one at either end, of four none."""
    values = np.array([100.0, 1, 2, 3, 4, 5, 0])
    assert trimmed_mean(values, np.ones(7, int)) == 3
    assert trimmed_mean(values[:4], np.ones(4, int)) == 26.5
    assert trimmed_mean(np.array([9.0, 1.0]), np.array([2, 8])) == 1
    assert trimmed_mean(np.array([]), np.array([], int)) is None


@pytest.mark.parametrize(
    ("value", "low", "high", "kept"),
    [
        (90.0, 80.0, 95.0, True),
        (90.0, 80.0, 105.0, None),
        (110.0, 95.0, 130.0, None),
        (120.0, 105.0, 130.0, False),
        (90.0, 80.0, None, True),
        (110.0, 80.0, None, False),
        (90.0, None, None, True),
        (110.0, None, None, False),
        (None, None, None, None),
    ],
)
def test_what_keeps_a_limit(value: float | None, low: float | None, high: float | None, kept: bool | None) -> None:
    [condition, _] = conditions(["p99 < 100ms"])
    within = None if low is None else Interval(low, high)
    figure = Quantile("p99", value, interval=within)
    assert _kept(condition, figure) is kept
    assert _kept(condition, replace(figure, value=None, bound=150.0, interval=None)) is False
