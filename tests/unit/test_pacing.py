"""Schedules: closed forms to the nanosecond, one schedule whatever the number of workers, Poisson that is Poisson."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from examples import examples
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from loadgen.clock import SECOND
from loadgen.pacing import BLOCK, Schedule, share
from loadgen.profile.rate import LinearRate

WORKERS = (1, 2, 3, 8)


def constant(start: float, end: float, duration: int, count: int | None = None) -> Schedule:
    return Schedule(LinearRate(start, end), duration, False, (1,), count)


def poisson(start: float, end: float, duration: int, seed: int = 1, count: int | None = None) -> Schedule:
    return Schedule(LinearRate(start, end), duration, True, (seed,), count)


def dues(schedule: Schedule, index: int = 0, workers: int = 1) -> list[int]:
    return [due for block in schedule.blocks(index, workers) for due in block.tolist()]


def together(schedule: Schedule, workers: int) -> list[int]:
    return sorted(due for index in range(workers) for due in dues(schedule, index, workers))


@pytest.mark.parametrize("rate", [1, 3, 7, 100, 999, 1000, 12_345, 0.5, 0.1])
def test_constant_arrivals_stand_at_whole_multiples(rate: float) -> None:
    exact = Fraction(rate).limit_denominator(10)
    found = dues(constant(rate, rate, 20 * SECOND))
    assert len(found) == exact * 20
    assert found == [int(k * SECOND / exact) for k in range(len(found))]


def test_a_part_of_an_interval_at_the_end_has_an_arrival_at_its_beginning() -> None:
    assert dues(constant(10, 10, SECOND + 1)) == [k * SECOND // 10 for k in range(11)]
    assert dues(constant(10, 10, SECOND)) == [k * SECOND // 10 for k in range(10)]
    assert dues(constant(10, 10, SECOND - 1)) == [k * SECOND // 10 for k in range(10)]
    assert dues(constant(1, 1, 1)) == [0]


def area(start: float, end: float, duration: int, due: int) -> float:
    """How many arrivals there are before `due`: the integral of the rate."""
    t, whole = due / SECOND, duration / SECOND
    return start * t + (end - start) * t * t / (2 * whole)


@pytest.mark.parametrize(("start", "end"), [(0, 100), (100, 0), (10, 200), (200, 10), (99.999, 100), (1, 0)])
def test_a_ramp_has_its_kth_arrival_where_the_area_under_the_rate_is_k(start: float, end: float) -> None:
    duration = 20 * SECOND
    found = dues(constant(start, end, duration))
    assert len(found) == math.ceil((start + end) / 2 * 20)
    for k, due in enumerate(found):
        # truncated to a whole ns: the area is k within what a nanosecond of the highest rate holds
        assert area(start, end, duration, due) <= k + 1e-6
        assert area(start, end, duration, due + 2) >= k - 1e-6


def test_a_ramp_from_nothing_is_a_square_root() -> None:
    """C(t) = 5 t^2 arrivals after t seconds."""
    found = dues(constant(0, 100, 10 * SECOND))
    assert found == pytest.approx([math.sqrt(k / 5) * SECOND for k in range(500)], abs=1.5)


def test_a_ramp_down_is_the_ramp_up_run_backwards() -> None:
    up, down = dues(constant(0, 100, 10 * SECOND)), dues(constant(100, 0, 10 * SECOND))
    assert [10 * SECOND - due for due in reversed(up[1:])] == pytest.approx(down[1:], abs=200)


rates = st.one_of(st.integers(0, 5000).map(float), st.floats(0, 5000, allow_nan=False).map(lambda rate: round(rate, 6)))
durations = st.one_of(st.integers(1, 10 * SECOND), st.integers(1, 10_000).map(lambda ms: ms * 1_000_000))


@given(rates, rates, durations, st.booleans(), st.sampled_from(WORKERS), st.one_of(st.none(), st.integers(1, 30_000)))
@example(100.0, 100.0, SECOND, True, 3, BLOCK)
@example(100.0, 100.0, SECOND, False, 3, BLOCK + 1)
@example(0.0, 1e-6, 1, True, 1, None)
@settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
def test_any_schedule_is_whole_ascending_inside_its_phase_and_shared_exactly(
    start: float, end: float, duration: int, random: bool, workers: int, count: int | None
) -> None:
    assume(start + end > 0)
    if count is not None:
        end = start = max(start, 1e-3)  # an exact count has one rate, and the time that it takes
        duration = round(count / start * SECOND)
    schedule = Schedule(LinearRate(start, end), duration, random, (7,), count)
    alone = dues(schedule)
    assert all(type(due) is int for due in alone)
    assert alone == sorted(alone)
    assert not alone or (alone[0] >= 0 and alone[-1] < duration)
    assert count is None or len(alone) == count
    assert together(schedule, workers) == alone
    for index in range(workers):
        mine = dues(schedule, index, workers)
        assert mine == alone[index::workers]
        assert schedule.planned(index, workers) == len(mine)


@given(st.integers(0, 10**6), st.integers(1, 64))
@settings(max_examples=examples(120), deadline=None, derandomize=True, database=None)
def test_shares_add_up_and_differ_by_one_at_the_most(total: int, workers: int) -> None:
    shares = [share(total, index, workers) for index in range(workers)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("workers", WORKERS)
def test_workers_together_are_the_single_worker_over_many_blocks(workers: int) -> None:
    for schedule in (poisson(10_000, 10_000, 5 * SECOND), poisson(0, 9000, 9 * SECOND), constant(9000, 1, 5 * SECOND)):
        assert together(schedule, workers) == dues(schedule)


def test_a_schedule_is_made_in_blocks_and_never_held_whole() -> None:
    blocks = poisson(10**6, 10**6, 3600 * SECOND).blocks()
    assert [len(next(blocks)) for _ in range(3)] == [BLOCK] * 3


# Poisson: thresholds are quantiles of the statistic under the hypothesis; the seeds are fixed, so that nothing flickers

SEEDS = range(100)
EXPECTED = 2000.0


def kolmogorov(sample: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """sqrt(n) times the greatest distance of the sample's distribution from the even one on [0, 1]."""
    n, ordered = len(sample), np.sort(sample)
    above, below = np.arange(1, n + 1) / n - ordered, ordered - np.arange(n) / n
    return float(math.sqrt(n) * max(above.max(), below.max()))


def in_counts(schedule: Schedule) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The arrivals as shares of the area under the rate, which turns any rate into an even one."""
    found = np.array(dues(schedule), np.float64)
    rate, t, whole = schedule.rate, found / SECOND, schedule.duration / SECOND
    assert isinstance(rate, LinearRate)
    return (rate.start * t + (rate.end - rate.start) * t * t / (2 * whole)) / schedule.expected


@pytest.mark.parametrize(
    ("start", "end", "count"), [(200, 200, None), (0, 400, None), (390, 10, None), (200, 200, 2000)]
)
def test_poisson_arrivals_are_spread_evenly_over_the_area(start: float, end: float, count: int | None) -> None:
    distances = [kolmogorov(in_counts(poisson(start, end, 10 * SECOND, seed, count))) for seed in SEEDS]
    assert max(distances) < 2.2  # P(> 2.2) = 0.0001 for each
    assert 0.7 < float(np.median(distances)) < 0.95  # the median is 0.828
    assert sum(distance > 1.358 for distance in distances) <= 14  # 5 % of 100, and 4 standard deviations
    spread = kolmogorov(np.array([1 - significance(distance) for distance in distances]))
    assert spread < 1.95  # P(> 1.95) = 0.001: the distances themselves are as they should be


def significance(distance: float) -> float:
    """P(K > distance) of Kolmogorov's distribution."""
    return 2 * sum((1 if k % 2 else -1) * math.exp(-2 * (k * distance) ** 2) for k in range(1, 20))


@pytest.mark.parametrize(("start", "end"), [(200, 200), (0, 400), (390, 10)])
def test_poisson_counts_have_the_mean_of_the_area_and_as_large_a_variance(start: float, end: float) -> None:
    counts = np.array([len(dues(poisson(start, end, 10 * SECOND, seed))) for seed in SEEDS])
    assert abs(counts.mean() - EXPECTED) < 4 * math.sqrt(EXPECTED / len(SEEDS))
    # (n - 1) variance/mean is chi-squared with n - 1 degrees of freedom: 99 +- 14
    assert abs((len(SEEDS) - 1) * counts.var(ddof=1) / EXPECTED - 99) < 4 * math.sqrt(2 * 99)


def test_poisson_seconds_are_independent_and_as_uneven_as_they_should_be() -> None:
    counts = np.bincount(np.array(dues(poisson(500, 500, 400 * SECOND))) // SECOND)
    assert len(counts) == 400
    dispersion = counts.var(ddof=1) / counts.mean()
    assert abs(dispersion - 1) < 4 * math.sqrt(2 / 399)
    centred = counts - counts.mean()
    correlation = float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())
    assert abs(correlation) < 4 / math.sqrt(400)


def test_poisson_gaps_are_exponential() -> None:
    gaps = np.diff(np.array(dues(poisson(1000, 1000, 20 * SECOND)), np.float64)) / SECOND * 1000
    assert kolmogorov(1 - np.exp(-gaps)) < 2.2


@pytest.mark.parametrize("count", [1, 2, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_an_exact_count_is_exact_and_fills_its_time(count: int) -> None:
    found = dues(poisson(100, 100, count * SECOND // 100, 3, count))
    assert len(found) == count
    if count > 1000:
        assert found[-1] > 0.99 * count * SECOND // 100


def test_the_same_seed_is_the_same_schedule_and_another_is_another() -> None:
    schedule = poisson(300, 300, 10 * SECOND, 5)
    assert dues(schedule) == dues(poisson(300, 300, 10 * SECOND, 5))
    seen = set(dues(schedule))
    for seed in ((6,), (5, 0), (5, 1), (5, 1, 0), (5, 0, 1), (5, 0, 0)):
        other = set(dues(Schedule(LinearRate(300, 300), 10 * SECOND, True, seed)))
        assert not other & seen
        seen |= other


def test_longer_phases_begin_as_shorter_ones_do() -> None:
    """What is added to a phase's time changes nothing of what was there."""
    short, long = dues(poisson(300, 300, 10 * SECOND)), dues(poisson(300, 300, 100 * SECOND))
    assert long[: len(short)] == short


def test_the_schedule_of_a_seed_is_what_it_always_was() -> None:
    """A change here changes what every profile sends: runs of before and after can then not be compared."""
    kinds = (
        poisson(1000, 1000, 20 * SECOND, 42),
        poisson(0, 2000, 20 * SECOND, 42),
        poisson(50, 50, 400 * SECOND, 42, 20_000),
        constant(7, 900, 30 * SECOND),
    )
    arrivals = np.concatenate([np.array(dues(kind)) for kind in kinds]).astype("<i8")
    digest = hashlib.sha256(arrivals.tobytes()).hexdigest()
    assert dues(kinds[0])[:4] == [2404208, 4740398, 7125159, 7404953]
    assert digest == "3173b21f40f7700aeb51453fae9b070e42242d4951a946d1057dc8b0afc4ecf4"
