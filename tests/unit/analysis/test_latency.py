"""Latency figures: numbers that are known; for those that are not the reason, and what they must be greater than."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.analysis.latency import QUANTILES, latency, milliseconds, without_stamps
from loadgen.clock import MILLISECOND, SECOND
from loadgen.result.codec import from_json, to_json
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.stats import Histogram, fraction, index_of, rank


def of(*numbers: int) -> Histogram:
    return Histogram.of(np.array(numbers, np.int64))


def ms(*numbers: float) -> Histogram:
    return of(*(round(number * MILLISECOND) for number in numbers))


def test_all_figures_of_enough_values_are_numbers() -> None:
    found = latency(ms(*range(1, 1001)))
    assert (found.why, found.above, found.timeouts) == ({}, {}, 0)
    assert (found.count, found.mean, found.min, found.max) == (1000, 500.5, 1.0, 1000.0)
    assert found.spent == 500_500.0
    for name, exact in (("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990), ("p99.9", 999)):
        value = found.quantiles[name]
        assert value is not None and exact <= value <= exact * 1.001


def test_nothing_has_reasons_for_everything() -> None:
    found = latency(Histogram())
    assert (found.count, found.mean, found.min, found.max, found.spent) == (0, None, None, None, 0.0)
    assert found.quantiles == dict.fromkeys(QUANTILES)
    assert found.why == {
        "p50": Reason.of("too_few", needs=2, count=0),
        "p90": Reason.of("too_few", needs=10, count=0),
        "p95": Reason.of("too_few", needs=20, count=0),
        "p99": Reason.of("too_few", needs=100, count=0),
        "p99.9": Reason.of("too_few", needs=1000, count=0),
    }


@pytest.mark.parametrize(("name", "needed"), [("p50", 2), ("p90", 10), ("p95", 20), ("p99", 100), ("p99.9", 1000)])
def test_a_quantile_needs_as_many_as_it_takes_for_one_beyond_it(name: str, needed: int) -> None:
    few, enough = latency(ms(*[5] * (needed - 1))), latency(ms(*[5] * needed))
    assert few.quantiles[name] is None
    assert few.why[name] == Reason.of("too_few", needs=needed, count=needed - 1)
    assert enough.quantiles[name] == 5.0
    assert name not in enough.why


def test_quantiles_of_ones_own_are_shown_too() -> None:
    found = latency(ms(*range(1, 21)), quantiles=(*QUANTILES, "p25", "p99.99"))
    assert found.quantiles["p25"] == pytest.approx(5, rel=0.001)
    assert found.why["p99.99"] == Reason.of("too_few", needs=10_000, count=20)


def test_a_figure_stands_where_hardly_any_request_lacks_a_stamp() -> None:
    """Those that lack one may be the slowest: a tenth of what lies beyond a figure, and no more."""
    whole = latency(ms(*range(1, 2001)))
    assert without_stamps(whole, 0) is whole
    found = without_stamps(whole, 2)
    assert (found.quantiles["p99"], found.mean) == (whole.quantiles["p99"], whole.mean)
    assert found.quantiles["p99.9"] is found.max is None
    assert found.why == dict.fromkeys(("p99.9", "max"), Reason.of("unstamped", requests=2, of=2002))
    assert set(without_stamps(whole, 10).why) == {"p99", "p99.9", "max"}
    nothing = without_stamps(latency(Histogram()), 500)
    assert set(nothing.quantiles.values()) == {None}
    assert nothing.why["p50"] == Reason.of("unstamped", requests=500, of=500)


def test_a_quantile_among_the_timeouts_is_a_bound() -> None:
    """3 % never answered: what is below is known, what is among them is more than the timeout."""
    found = latency(ms(*[10] * 970), ms(*[2000] * 30))
    assert (found.count, found.timeouts) == (1000, 30)
    assert (found.quantiles["p50"], found.quantiles["p95"]) == (10.0, 10.0)
    assert found.quantiles["p99"] is found.quantiles["p99.9"] is found.max is found.mean is None
    assert found.min == 10.0
    assert found.why == {
        "mean": Reason.of("censored", bound_ms=69.7, timeouts=30),
        "max": Reason.of("censored", bound_ms=2000.0, timeouts=30),
        "p99": Reason.of("among_timeouts", bound_ms=2000.0, timeouts=30),
        "p99.9": Reason.of("among_timeouts", bound_ms=2000.0, timeouts=30),
    }
    assert found.above == {"mean": 69.7, "max": 2000.0, "p99": 2000.0, "p99.9": 2000.0}


def test_a_value_beyond_the_shortest_timeout_is_not_known() -> None:
    """Timeouts of 100 ms and answers after 300: how many of those would have come before?"""
    found = latency(ms(*[10] * 50, *[300] * 40), ms(*[100] * 10))
    assert found.quantiles["p50"] == pytest.approx(10, rel=0.001)
    assert found.quantiles["p90"] is None
    assert found.why["p90"] == Reason.of("beside_timeouts", timeouts=10)
    assert "p90" not in found.above
    assert found.above["max"] == 300.0


def test_nothing_but_timeouts_is_bounds_alone() -> None:
    found = latency(Histogram(), ms(*[2000] * 100))
    assert (found.count, found.min, found.quantiles["p50"], found.quantiles["p99"]) == (100, None, None, None)
    assert found.above == dict.fromkeys(["mean", "max", "p50", "p90", "p95", "p99"], 2000.0)


def test_no_timeouts_are_as_if_there_were_no_such_thing() -> None:
    assert latency(ms(1, 2, 3), Histogram()) == latency(ms(1, 2, 3)) == latency(ms(1, 2, 3), None)


def test_a_bound_is_never_rounded_up() -> None:
    found = latency(Histogram(), of(1_999_999_999, 1_999_999_999))
    assert found.why["max"] == Reason.of("censored", bound_ms=1999.999999, timeouts=2)
    assert found.above["max"] == 1999.999999


@given(
    st.lists(st.integers(1, 10 * SECOND), max_size=150),
    st.lists(st.tuples(st.integers(1, 10 * SECOND), st.integers(1, 10 * SECOND)), max_size=60),
)
@settings(max_examples=examples(240), deadline=None, derandomize=True, database=None)
def test_whatever_the_timeouts_would_have_taken_no_figure_is_wrong(
    seen: list[int], timeouts: list[tuple[int, int]]
) -> None:
    """Each timeout, had it been waited for, would have lasted longer by some time that nobody knows."""
    found = latency(of(*seen), of(*[waited for waited, _ in timeouts]))
    truth = sorted([*seen, *(waited + more for waited, more in timeouts)])
    assert (found.count, found.timeouts) == (len(truth), len(timeouts))
    for name in QUANTILES:
        value = found.quantiles[name]
        if len(truth) < 1 / (1 - fraction(name)):
            assert value is None
            continue
        exact = truth[rank(fraction(name), len(truth)) - 1]
        if value is not None:
            assert index_of(np.array([round(value * MILLISECOND)]))[0] == index_of(np.array([exact]))[0]
        elif name in found.above:
            assert exact >= found.above[name] * MILLISECOND - 1
    if truth and timeouts:
        assert found.above["mean"] * MILLISECOND <= sum(truth) / len(truth) + 1
        assert found.above["max"] * MILLISECOND <= max(truth) + 1
        assert found.mean is found.max is None
    figures = {"mean": found.mean, "max": found.max, **found.quantiles}
    assert set(found.why) == {name for name, value in figures.items() if value is None and (truth or name[0] == "p")}


def test_a_figure_is_all_that_is_known_of_it() -> None:
    found = latency(ms(*[10] * 970), ms(*[2000] * 30), quantiles=("p50", "p99", "p99.99"))
    p50, p99, p9999 = (found.quantile(name) for name in ("p50", "p99", "p99.99"))
    assert (p50.value, p50.bound, p50.why) == (10.0, None, None)
    assert (p99.value, p99.bound, p99.why) == (None, 2000.0, Reason.of("among_timeouts", bound_ms=2000.0, timeouts=30))
    assert (p9999.value, p9999.bound, p9999.why) == (None, None, Reason.of("too_few", needs=10_000, count=1000))
    assert (found.quantile("min").value, found.quantile("min").why) == (10.0, None)
    assert (found.quantile("mean").value, found.quantile("mean").bound) == (None, 69.7)
    assert (found.quantile("max").value, found.quantile("max").bound) == (None, 2000.0)


def test_a_figure_that_the_block_does_not_have_is_not_known() -> None:
    assert latency(ms(1, 2)).quantile("p12.5").why == Reason.of("no_figure")
    nothing = latency(Histogram())
    assert [nothing.quantile(name).why for name in ("mean", "min", "max")] == [Reason.of("no_figure")] * 3
    assert latency(ms(1), ms(5)).quantile("min").why is None


def test_figures_are_plain_json() -> None:
    found = latency(ms(1, 2), ms(5), ("p50", "p12.5", "p99.9"))
    document = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert from_json(Latency, document) == found
    percentiles = {name for name in document if name[0] == "p"}
    assert percentiles == {"p50", "p12.5", "p99.9"}, "they stand beside the other figures"
    assert document["why"]["p99.9"] == {"code": "too_few", "needs": 1000, "count": 3}
    assert not {"intervals", "no_interval", "resent"} & set(document)


def test_milliseconds_keep_every_nanosecond() -> None:
    for ns in (0, 1, 999_999, 1_000_001, 3_600_000_000_001):
        shown = milliseconds(ns)
        assert shown is not None
        assert round(shown * MILLISECOND) == ns
        assert Fraction(str(shown)) * MILLISECOND == ns
    assert milliseconds(None) is None
