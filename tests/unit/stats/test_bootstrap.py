"""Rounds drawn again: how much of their spread lies within them, and how much between."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from loadgen.stats import Histogram, bounds_of, highest_of, lowest_of
from loadgen.stats.bootstrap import Drawn, hierarchical
from loadgen.stats.seconds import Seconds


def test_bounds_of_counters_are_those_of_each() -> None:
    index = np.arange(0, 33_792, 7)
    low, high = bounds_of(index)
    assert low.tolist() == [lowest_of(i) for i in index.tolist()]
    assert high.tolist() == [highest_of(i) for i in index.tolist()]


@cache
def drawn(sd: float, seed: int = 1, rounds: int = 8, same: bool = False) -> dict[str, Drawn]:
    stream = np.random.Generator(np.random.PCG64(seed))
    found = []
    for _ in range(rounds):
        levels = np.exp(sd * stream.standard_normal(2))
        pair = []
        for level in levels:
            values = (level * 20e6 * np.exp(0.5 * stream.standard_normal((30, 100)))).astype(np.int64)
            pair.append(Seconds([Histogram.of(row) for row in values]))
        found.append((pair[0], pair[0] if same else pair[1]))
    return hierarchical(found, ["p50", "p99", "mean"], seed=2)


def test_spread_within_rounds_is_that_of_their_requests() -> None:
    within = drawn(0.0)
    # each of both: 1.25 sigma / sqrt(n) for the median, sigma / sqrt(n) about for the mean
    assert math.sqrt(within["p50"].within) == pytest.approx(math.sqrt(2) * 1.2533 * 0.5 / math.sqrt(3000), rel=0.25)
    assert math.sqrt(within["mean"].within) == pytest.approx(math.sqrt(2 * math.expm1(0.25) / 3000), rel=0.25)
    assert within["p99"].within > within["p50"].within


def test_spread_between_rounds_is_told_from_it() -> None:
    between = drawn(0.2)["p50"]
    assert between.between(0.2 * math.sqrt(2)) > 0.95
    assert between.between(0.9 * math.sqrt(between.within)) == 0
    assert between.between(0.0) == 0
    assert between.high / between.low > 1.15 > drawn(0.0)["p50"].high / drawn(0.0)["p50"].low


def test_the_same_seed_draws_the_same() -> None:
    assert drawn.__wrapped__(0.1, rounds=2) == drawn.__wrapped__(0.1, rounds=2)


def test_the_same_requests_have_no_spread() -> None:
    found = drawn(0.1, rounds=6, same=True)
    assert {(each.low, each.high, each.within) for each in found.values()} == {(1, 1, 0)}


def test_timeouts_are_taken_for_what_they_are_greater_than() -> None:
    values = [Histogram.of(np.full(95, 10**7))] * 20
    late = [Histogram.of(np.full(5, 10**9))] * 20
    slow, fast = Seconds(values, late), Seconds(values)
    found = hierarchical([(fast, slow)] * 6, ["p50", "p99"], seed=1)
    assert found["p50"].high == pytest.approx(1, abs=1e-3)
    assert found["p99"].low == pytest.approx(100, rel=2e-3)
