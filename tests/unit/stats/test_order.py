"""Two samples: the ranks of the one between which a quantile of the other lies."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from loadgen.stats import Histogram, fraction, rank
from loadgen.stats.order import between, fewest, ranks

P50, P99 = fraction("p50"), fraction("p99")
MANY = 10**9  # others: their quantile is then as good as the true one


def exceedances(count: int, others: int, r: int) -> list[Fraction]:
    """P(k of `count` values are below the r-th of `others`), by counting the orders in which all of them may come."""
    every = math.comb(count + others, count)
    return [
        Fraction(math.comb(k + r - 1, k) * math.comb(count - k + others - r, count - k), every)
        for k in range(count + 1)
    ]


@pytest.mark.parametrize(
    ("p", "count", "others"), [("p50", 12, 30), ("p50", 40, 9), ("p90", 60, 60), ("p95", 120, 200)]
)
@pytest.mark.parametrize("confidence", [0.8, 0.99])
def test_they_are_the_closest_that_hold_what_they_say(p: str, count: int, others: int, confidence: float) -> None:
    chances = exceedances(count, others, rank(fraction(p), others))
    found = ranks(fraction(p), count, others, confidence)
    allowed = Fraction(1 - confidence) / 2 + Fraction(1, 10**12)
    # the value of rank k is greater than the quantile where fewer than k are below it
    above = [sum(chances[:k]) for k in range(count + 2)]
    below = [sum(chances[k:]) for k in range(count + 2)]
    low = max(k for k in range(count + 1) if above[k] <= allowed)
    high = min(k for k in range(1, count + 2) if below[k] <= allowed)
    assert found == ((low, high) if low and high <= count else None)


def test_of_ever_more_others_they_are_the_binomials() -> None:
    """Those of the tables for the median of 100 values: the 40th and the 61st hold it with 96.5 %."""
    assert ranks(P50, 100, MANY, 0.95) == (40, 61)


@pytest.mark.parametrize("ratio", [0.5, 5, 53])
@pytest.mark.parametrize("confidence", [0.95, 0.99, 0.9996])
@pytest.mark.parametrize("p", [P50, P99])
def test_so_many_are_needed_and_not_one_less(p: Fraction, confidence: float, ratio: float) -> None:
    least = fewest(p, ratio, confidence)
    assert ranks(p, least, max(1, round(least * ratio)), confidence)
    fewer = least - 1
    assert not fewer or ranks(p, fewer, max(1, round(fewer * ratio)), confidence) is None


def test_the_p99_at_95_percent_takes_368_values() -> None:
    """0.99^n <= 0.025."""
    assert fewest(P99, MANY, 0.95) == 368


def test_half_a_million_values_are_no_trouble() -> None:
    found = ranks(P99, 500_000, 53 * 500_000, 0.99)
    assert found
    deviation = math.sqrt(500_000 * 0.99 * 0.01 * (1 + 1 / 53))
    assert found[0] == pytest.approx(495_000 - 2.576 * deviation, abs=3)
    assert found[1] == pytest.approx(495_000 + 2.576 * deviation, abs=3)


def test_it_is_missed_as_often_as_allowed() -> None:
    """800 pairs of samples of one distribution: 5 % and no more lie out of it, by the same binomial law."""
    random, missed = np.random.default_rng(7), 0
    low, high = ranks(P50, 60, 3180, 0.95) or (0, 0)
    for _ in range(800):
        few, many = np.sort(random.exponential(size=60)), np.sort(random.exponential(size=3180))
        missed += not few[low - 1] <= many[rank(P50, 3180) - 1] <= few[high - 1]
    assert 15 <= missed <= 60


def test_values_that_are_only_known_to_be_greater() -> None:
    seen = Histogram.of(np.arange(1, 91) * 1000)
    found = between(P50, seen, 10, MANY, 0.95)
    assert found
    assert found.low == pytest.approx(40_000, rel=1e-3)
    assert found.high == pytest.approx(61_000, rel=1e-3)
    assert found.low <= 40_000 <= 61_000 <= found.high, "the outer bounds of their counters"
    late = between(P50, Histogram.of(np.arange(1, 56) * 1000), 45, MANY, 0.95)
    assert late
    assert late.low == pytest.approx(40_000, rel=1e-3)
    assert late.high is None, "the 61st is one that nobody waited for"


def test_nothing_to_go_by() -> None:
    assert ranks(P50, 0, 100, 0.99) is None
    assert ranks(P50, 100, 0, 0.99) is None
    assert between(P99, Histogram.of(np.arange(50)), 0, 1000, 0.99) is None
