"""Latency figures: numbers that are known; for those that are not the reason, and what they must be greater than."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.analysis.latency import QUANTILES, figures, milliseconds
from loadgen.clock import MILLISECOND, SECOND
from loadgen.stats import Histogram, fraction, index_of, rank

FIGURES = ("mean", "min", *QUANTILES, "max")


def of(*numbers: int) -> Histogram:
    return Histogram.of(np.array(numbers, np.int64))


def ms(*numbers: float) -> Histogram:
    return of(*(round(number * MILLISECOND) for number in numbers))


def test_all_figures_of_enough_values_are_numbers() -> None:
    found = figures(ms(*range(1, 1001)))
    assert found["notes"] == []
    assert found["above"] == {}
    assert (found["count"], found["mean"], found["min"], found["max"]) == (1000, 500.5, 1.0, 1000.0)
    assert found["spent"] == 500_500.0
    for name, exact in (("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990), ("p99.9", 999)):
        assert exact <= found[name] <= exact * 1.001


def test_nothing_has_reasons_for_everything() -> None:
    found = figures(Histogram())
    assert found["count"] == 0
    assert all(found[name] is None for name in FIGURES)
    assert found["notes"] == [
        "p50: needs 2 requests, there were 0",
        "p90: needs 10 requests, there were 0",
        "p95: needs 20 requests, there were 0",
        "p99: needs 100 requests, there were 0",
        "p99.9: needs 1,000 requests, there were 0",
    ]


@pytest.mark.parametrize(("name", "needed"), [("p50", 2), ("p90", 10), ("p95", 20), ("p99", 100), ("p99.9", 1000)])
def test_a_quantile_needs_as_many_as_it_takes_for_one_beyond_it(name: str, needed: int) -> None:
    few, enough = figures(ms(*[5] * (needed - 1))), figures(ms(*[5] * needed))
    assert few[name] is None
    assert f"{name}: needs {needed:,} requests, there were {needed - 1:,}" in few["notes"]
    assert enough[name] == 5.0
    assert not [note for note in enough["notes"] if note.startswith(f"{name}:")]


def test_quantiles_of_ones_own_are_shown_too() -> None:
    found = figures(ms(*range(1, 21)), quantiles=(*QUANTILES, "p25", "p99.99"))
    assert found["p25"] == pytest.approx(5, rel=0.001)
    assert "p99.99: needs 10,000 requests, there were 20" in found["notes"]


def test_a_quantile_among_the_timeouts_is_a_bound() -> None:
    """3 % never answered: what is below is known, what is among them is more than the timeout."""
    found = figures(ms(*[10] * 970), ms(*[2000] * 30))
    assert found["count"] == 1000
    assert (found["p50"], found["p95"]) == (10.0, 10.0)
    assert found["p99"] is found["p99.9"] is found["max"] is found["mean"] is None
    assert found["min"] == 10.0
    assert found["notes"] == [
        "mean: > 69.7 ms: 30 timeouts are known only to have lasted longer",
        "max: > 2000 ms: 30 timeouts are known only to have lasted longer",
        "p99: > 2000 ms: it falls among the 30 timeouts",
        "p99.9: > 2000 ms: it falls among the 30 timeouts",
    ]
    assert found["above"] == {"mean": 69.7, "max": 2000.0, "p99": 2000.0, "p99.9": 2000.0}


def test_a_value_beyond_the_shortest_timeout_is_not_known() -> None:
    """Timeouts of 100 ms and answers after 300: how many of those would have come before?"""
    found = figures(ms(*[10] * 50, *[300] * 40), ms(*[100] * 10))
    assert found["p50"] == pytest.approx(10, rel=0.001)
    assert found["p90"] is None
    assert "p90: not known: 10 timeouts may lie on either side of it" in found["notes"]
    assert "p90" not in found["above"]
    assert found["above"]["max"] == 300.0


def test_nothing_but_timeouts_is_bounds_alone() -> None:
    found = figures(Histogram(), ms(*[2000] * 100))
    assert (found["count"], found["min"], found["p50"], found["p99"]) == (100, None, None, None)
    assert found["above"] == dict.fromkeys(["mean", "max", "p50", "p90", "p95", "p99"], 2000.0)


def test_no_timeouts_are_as_if_there_were_no_such_thing() -> None:
    assert figures(ms(1, 2, 3), Histogram()) == figures(ms(1, 2, 3)) == figures(ms(1, 2, 3), None)


def test_a_bound_is_never_rounded_up() -> None:
    found = figures(Histogram(), of(1_999_999_999, 1_999_999_999))
    assert "max: > 1999.999 ms: 2 timeouts are known only to have lasted longer" in found["notes"]
    assert found["above"]["max"] == 1999.999999


@given(
    st.lists(st.integers(1, 10 * SECOND), max_size=150),
    st.lists(st.tuples(st.integers(1, 10 * SECOND), st.integers(1, 10 * SECOND)), max_size=60),
)
@settings(max_examples=120, deadline=None, derandomize=True, database=None)
def test_whatever_the_timeouts_would_have_taken_no_figure_is_wrong(
    seen: list[int], timeouts: list[tuple[int, int]]
) -> None:
    """Each timeout, had it been waited for, would have lasted longer by some time that nobody knows."""
    found = figures(of(*seen), of(*[waited for waited, _ in timeouts]))
    truth = sorted([*seen, *(waited + more for waited, more in timeouts)])
    assert found["count"] == len(truth)
    for name in QUANTILES:
        if len(truth) < 1 / (1 - fraction(name)):
            assert found[name] is None
            continue
        exact = truth[rank(fraction(name), len(truth)) - 1]
        if found[name] is not None:
            assert index_of(np.array([round(found[name] * MILLISECOND)]))[0] == index_of(np.array([exact]))[0]
        elif name in found["above"]:
            assert exact >= found["above"][name] * MILLISECOND - 1
    if truth and timeouts:
        assert found["above"]["mean"] * MILLISECOND <= sum(truth) / len(truth) + 1
        assert found["above"]["max"] * MILLISECOND <= max(truth) + 1
        assert found["mean"] is found["max"] is None
    noted = {note.partition(":")[0] for note in found["notes"]}
    assert noted == {name for name in ("mean", "max", *QUANTILES) if found[name] is None and (truth or name[0] == "p")}


def test_figures_are_plain_json() -> None:
    found = figures(ms(1, 2), ms(5))
    assert json.loads(json.dumps(found)) == found


def test_milliseconds_keep_every_nanosecond() -> None:
    for ns in (0, 1, 999_999, 1_000_001, 3_600_000_000_001):
        shown = milliseconds(ns)
        assert shown is not None
        assert round(shown * MILLISECOND) == ns
        assert Fraction(str(shown)) * MILLISECOND == ns
    assert milliseconds(None) is None
