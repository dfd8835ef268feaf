"""Where two variants differ, from buckets, against the raw samples; and rounds drawn again."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from loadgen.stats import Histogram, Integers, bounds_of, fraction, highest_of, lowest_of
from loadgen.stats.blocks import Floats
from loadgen.stats.bootstrap import Drawn, band, hierarchical
from loadgen.stats.distributions import t_quantile
from loadgen.stats.seconds import Seconds
from loadgen.stats.shift import GRID, moved, shift, superiority


def sample(seed: int, factor: float = 1.0, size: int = 20_000) -> Integers:
    stream = np.random.Generator(np.random.PCG64(seed))
    return (factor * 20e6 * np.exp(0.5 * stream.standard_normal(size))).astype(np.int64)


def quantiles(runs: list[Integers]) -> Floats:
    return np.array([[Histogram.of(run).quantile(fraction(name)) for name in GRID] for run in runs], np.float64)


# as a whole


def test_who_takes_longer_is_what_all_pairs_say() -> None:
    base, variant = sample(1, size=500), sample(2, 1.1, 700)
    pairs = (variant[:, None] > base).mean() + (variant[:, None] == base).mean() / 2
    found = superiority(Histogram.of(base), Histogram.of(variant))
    assert found == pytest.approx(pairs, abs=1e-4)
    assert superiority(Histogram.of(variant), Histogram.of(base)) == pytest.approx(1 - found)
    assert superiority(Histogram.of(base), Histogram.of(base)) == pytest.approx(0.5)
    assert superiority(Histogram.of(base), Histogram.of(base + base.max())) == pytest.approx(1)


def test_how_far_requests_have_moved_is_what_sorted_samples_say() -> None:
    base, variant = sample(3), sample(4, 1.05)
    exact = np.abs(np.sort(base) - np.sort(variant)).mean()
    found = moved(Histogram.of(base), Histogram.of(variant))
    assert found == pytest.approx(exact, rel=1e-3)
    assert moved(Histogram.of(variant), Histogram.of(base)) == found
    assert moved(Histogram.of(base), Histogram.of(base)) == 0
    one = Histogram.of(np.array([1000]))
    assert moved(one, Histogram.of(np.array([2000]))) == 1000


def test_bounds_of_counters_are_those_of_each() -> None:
    index = np.arange(0, 33_792, 7)
    low, high = bounds_of(index)
    assert low.tolist() == [lowest_of(i) for i in index.tolist()]
    assert high.tolist() == [highest_of(i) for i in index.tolist()]


# quantile by quantile


def test_a_change_in_the_tail_is_seen_there_alone() -> None:
    base = [sample(10 + number, 1 + number / 10) for number in range(8)]
    variant = []
    for number in range(8):
        values = np.sort(sample(30 + number, 1 + number / 10))
        values[-200:] = (values[-200:] * 1.5).astype(np.int64)
        variant.append(values)
    found = shift(GRID, quantiles(base), quantiles(variant), seed=1)
    assert found.quantiles == GRID
    beyond = [name for name, ratio in zip(GRID, found.ratios, strict=True) if ratio.low > 1 or ratio.high < 1]
    assert beyond == ["p99.9", "p99.99"]
    tail = found.ratios[GRID.index("p99.9")]
    assert tail.low < 1.5 < tail.high
    assert all(ratio.low < 1 < ratio.high for ratio in found.ratios[:19])
    assert found.differences[-2].low > 0


def test_quantiles_that_are_not_known_in_every_round_are_left_out() -> None:
    base, variant = quantiles([sample(n) for n in range(6)]), quantiles([sample(n) for n in range(6, 12)])
    base[2, -1], variant[0, 0], base[3, 1] = math.nan, math.inf, 0
    assert shift(GRID, base, variant, seed=1).quantiles == GRID[2:-1]


def test_a_band_is_wider_than_one_interval_and_narrower_than_bonferroni_s() -> None:
    stream = np.random.Generator(np.random.PCG64(7))
    for rounds in (6, 10, 12, 20):
        common = stream.standard_normal((rounds, 1))
        related = common + 0.5 * stream.standard_normal((rounds, 20))
        assert t_quantile(0.975, rounds - 1) < band(related, seed=1) < 1.2 * t_quantile(1 - 0.025 / 20, rounds - 1)
        alone = band(common, seed=1)
        assert alone == pytest.approx(t_quantile(0.975, rounds - 1), rel=0.25)
        assert band(np.repeat(common, 20, axis=1), seed=1) == pytest.approx(alone)
    assert band(np.ones((8, 3)), seed=1) == 0


# rounds drawn again


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
