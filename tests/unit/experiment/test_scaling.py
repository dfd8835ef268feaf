"""Quantiles along an axis of load."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from engine_harness import START, Script
from experiment_folders import write_experiment

from loadgen.clock import MILLISECOND
from loadgen.exchange import Exchange
from loadgen.experiment.folder import assembled
from loadgen.profile.load import Variant
from loadgen.result.experiment import ExperimentResult, Slope
from loadgen.result.reason import Reason
from loadgen.transport.scripted import Reply

TEXT = """
name: t
target: http://127.0.0.1
load:
  - {name: steady, rate: "${matrix.rate}", arrivals: constant, for: 2s}
session: "${matrix.session}"
experiment:
  matrix: {session: [shared, per-request], rate: [50/s, 100/s, 200/s]}
  rounds: 2
  primary: steady response p50
"""


def behave(variant: Variant, number: int) -> Script:
    """The time grows with the rate; a new connection takes 5 ms, which shared needs as well for its first ones."""
    rate = int(variant.values["rate"].removesuffix("/s"))

    def script(x: Exchange) -> Reply:
        status = 500 if rate == 200 and x.due % (20 * MILLISECOND) == 0 else 200
        return Reply(after=(5 + rate // 10 + number) * MILLISECOND, connect=5 * MILLISECOND, status=status)

    return script


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ExperimentResult:
    folder = tmp_path_factory.mktemp("scaling") / "x"
    return assembled(write_experiment(folder, TEXT, behave, rounds=2))


def test_variants_are_held_against_the_baseline_at_the_same_load(result: ExperimentResult) -> None:
    assert result.comparison
    figures = result.comparison.figures
    assert list(dict.fromkeys((f.baseline, f.variant) for f in figures)) == [
        ("session=shared rate=50/s", "session=per-request rate=50/s"),
        ("session=shared rate=100/s", "session=per-request rate=100/s"),
        ("session=shared rate=200/s", "session=per-request rate=200/s"),
    ]
    for figure in figures:
        if figure.quantile == "p50":
            assert figure.difference_ms == pytest.approx(5, rel=0.01)
    assert result.comparison.baseline == "session=shared rate=50/s"
    assert sum(figure.primary for figure in figures) == 3


def test_a_curve_for_each_other_combination(result: ExperimentResult) -> None:
    scaling = result.scaling
    assert [(s.series, s.axis, s.phase, s.step, s.metric) for s in scaling] == [
        ("session=shared", "rate", "steady", "get", "response"),
        ("session=per-request", "rate", "steady", "get", "response"),
    ]
    for series in scaling:
        assert [point.at for point in series.points] == ["50/s", "100/s", "200/s"]
        assert [point.offered for point in series.points] == [50, 100, 200]
        assert [point.rate for point in series.points] == [50, 100, 200]
        assert [point.errors for point in series.points] == [0, 0, 0.25]
        connect = 5 if series.series == "session=per-request" else 0
        for point, rate in zip(series.points, (50, 100, 200), strict=True):
            expected = 5 + rate // 10 + 1.5 + connect
            p50 = point.figure("p50")
            assert p50 and point.rounds["p50"] == pytest.approx((expected - 0.5, expected + 0.5), rel=1e-3)
            assert p50.value == pytest.approx(math.sqrt(expected**2 - 0.25), rel=1e-3)
            assert p50.low is p50.high is None, "two rounds have no interval"
    assert scaling[0].points[2].figure("p99") and scaling[0].points[0].figure("p99")


def test_intervals_are_on_logarithms(tmp_path: Path) -> None:
    """Of six rounds, of which each differs by 1 ms from the next: never below 0, and as far down as up."""
    written = TEXT.replace("[50/s, 100/s, 200/s]", "[50/s, 60/s]").replace("rounds: 2", "rounds: 6")
    point = assembled(write_experiment(tmp_path / "x", written, behave, rounds=6)).scaling[0].points[0]
    logs = np.log(point.rounds["p50"])
    reach = 2.5706 * logs.std(ddof=1) / math.sqrt(6)  # t of five degrees
    p50 = point.figure("p50")
    assert p50 and (p50.low, p50.high) == pytest.approx(np.exp((logs.mean() - reach, logs.mean() + reach)), rel=1e-4)


def test_an_axis_that_sets_no_load_has_no_curve(tmp_path: Path) -> None:
    written = TEXT.replace("[50/s, 100/s, 200/s]", "[50/s]")
    result = assembled(write_experiment(tmp_path / "x", written, behave, rounds=2))
    assert result.scaling == ()
    assert result.comparison
    assert {f.variant for f in result.comparison.figures} == {"session=per-request rate=50/s"}


def test_variants_and_axes_together(tmp_path: Path) -> None:
    written = TEXT.replace(
        "matrix: {session: [shared, per-request], ", "variants: {a: {}, b: {timeout: 5s}}\n  matrix: {"
    )
    written = written.replace('"${matrix.session}"', "shared").replace("  rounds", "  baseline: b rate=100/s\n  rounds")
    result = assembled(write_experiment(tmp_path / "x", written, behave, rounds=2))
    assert {series.series for series in result.scaling} == {"a", "b"}
    assert result.comparison
    assert {(f.baseline, f.variant) for f in result.comparison.figures} == {
        (f"b rate={rate}/s", f"a rate={rate}/s") for rate in (50, 100, 200)
    }


def test_a_number_is_an_axis_although_it_sets_no_load(tmp_path: Path) -> None:
    """The payload, from which the time follows; each variant is compared with the one baseline."""
    text = TEXT.replace('"${matrix.rate}"', "50/s").replace("rate: [50/s, 100/s, 200/s]", "size: [1024, 4096]")
    text += 'scenarios: [{name: s, steps: [{name: get, post: /, text: "{{bytes ${matrix.size}}}"}]}]\n'

    def sized(variant: Variant, number: int) -> Script:
        longer = 10 if variant.values["size"] == 4096 else 0
        return lambda x: Reply(after=(5 + longer + number) * MILLISECOND)

    result = assembled(write_experiment(tmp_path / "x", text, sized, rounds=2))
    assert [(of.series, of.axis, of.load, [point.at for point in of.points]) for of in result.scaling] == [
        ("session=shared", "size", False, ["1024", "4096"]),
        ("session=per-request", "size", False, ["1024", "4096"]),
    ]


def test_a_point_tells_what_came_of_it(result: ExperimentResult) -> None:
    last = result.scaling[0].points[2]
    assert (last.completed, last.errors, last.throttled, last.unsettled, last.usd) == (150, 0.25, 0, 0, None)


# whether the ratio changes


def sloped(tmp_path: Path, rounds: int, growing: float = 0.0, late: bool = False) -> Slope:
    """The slope of p50 of one variant that takes twice as long as the other, and `growing` more with each doubling of
    the rate. With `late`, a run at 200/s takes longer and longer."""

    def twice(variant: Variant, number: int) -> Script:
        rate = int(variant.values["rate"].removesuffix("/s"))
        more = 2 * 2 ** (growing * math.log2(rate / 50)) if variant.values["session"] == "per-request" else 1
        noise = 1 + 0.01 * math.sin(7 * number + rate + len(variant.name))

        def script(x: Exchange) -> Reply:
            behind = (x.due - START) // 4 if late and rate == 200 else 0
            return Reply(after=round(10 * MILLISECOND * more * noise) + behind)

        return script

    written = TEXT.replace("rounds: 2", f"rounds: {rounds}").replace("for: 2s", "for: 4s")
    found = assembled(write_experiment(tmp_path / "x", written, twice, rounds=rounds)).scaling
    assert not found[0].slopes, "it is the baseline's"
    (primary,) = (of for of in found[1].slopes if of.primary)
    assert (primary.baseline, primary.quantile, primary.confidence) == ("session=shared", "p50", 0.95)
    return primary


def test_a_ratio_that_grows_with_the_axis_is_found(tmp_path: Path) -> None:
    found = sloped(tmp_path, 6, 0.25)
    assert (found.verdict, found.points, found.rounds, found.why) == ("rises", 3, 6, None)
    assert found.factor == pytest.approx(2**0.25, rel=0.01)
    assert found.low and found.high and 1 < found.low < found.factor < found.high


def test_a_ratio_that_stays_has_no_slope(tmp_path: Path) -> None:
    found = sloped(tmp_path, 6)
    assert found.verdict == "inconclusive" and found.low and found.high and found.low < 1 < found.high


def test_few_rounds_have_no_interval(tmp_path: Path) -> None:
    found = sloped(tmp_path, 3, 0.25)
    assert (found.verdict, found.low, found.why) == ("none", None, Reason.of("too_few_rounds", needs=6, rounds=3))
    assert found.factor == pytest.approx(2**0.25, rel=0.02)


def test_a_point_that_has_not_settled_is_in_no_slope(tmp_path: Path) -> None:
    found = sloped(tmp_path, 6, 0.25, late=True)
    assert (found.points, found.verdict) == (2, "rises")
    assert found.factor == pytest.approx(2**0.25, rel=0.02)


def test_users_are_a_load_too(tmp_path: Path) -> None:
    written = TEXT.replace('rate: "${matrix.rate}", arrivals: constant', 'users: "${matrix.rate}"')
    written = written.replace("[50/s, 100/s, 200/s]", "[1, 3]").replace("response", "service")
    folder = write_experiment(
        tmp_path / "x", written, lambda variant, number: lambda x: Reply(after=10 * MILLISECOND), rounds=2
    )
    first = assembled(folder).scaling[0]
    assert [(p.at, p.offered, p.rate) for p in first.points] == [("1", None, 100), ("3", None, 300)]
