"""Histograms: HdrHistogram's layout, nearest ranks, and additions that lose nothing."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import permutations

import numpy as np
from examples import examples
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.stats import HIGHEST, OVERFLOW, Histogram, fraction, highest_of, index_of, lowest_of, rank

values = st.one_of(
    st.integers(0, 5000),
    st.integers(0, HIGHEST),
    st.integers(1, 41).flatmap(lambda bits: st.integers(2**bits - 1, 2**bits + 1)),
)
lists = st.lists(values, min_size=1, max_size=200)
quantiles = st.one_of(
    st.sampled_from(["p50", "p90", "p99", "p99.9"]).map(fraction), st.fractions(Fraction(1, 1000), Fraction(1))
)
thorough = settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)


def of(numbers: list[int]) -> Histogram:
    return Histogram.of(np.array(numbers, np.int64))


def index(value: int) -> int:
    return int(index_of(np.array([value]))[0])


def spread() -> list[int]:
    """Values of every magnitude, and those next to each power of two."""
    dice = random.Random(1)
    found = {0, 1, HIGHEST - 1, HIGHEST}
    for bits in range(1, 42):
        found |= {2**bits - 1, 2**bits, 2**bits + 1}
        found |= {dice.randrange(2**bits) for _ in range(250)}
    return sorted(found)


def test_counters_are_those_of_the_formula() -> None:
    numbers = spread()
    assert len(numbers) > 5000
    for value, found in zip(numbers, index_of(np.array(numbers)).tolist(), strict=True):
        shift = max(0, value.bit_length() - 11)
        assert found == 1024 * shift + (value >> shift)


def test_counters_are_those_of_the_library() -> None:
    library = HdrHistogram(1, HIGHEST, 3)
    assert library.counts_len == OVERFLOW
    numbers = spread()
    for value, found in zip(numbers, index_of(np.array(numbers)).tolist(), strict=True):
        assert found == library._counts_index_for(value)
        assert lowest_of(found) == library.get_value_from_index(found) == library.get_lowest_equivalent_value(value)
        assert highest_of(found) == library.get_highest_equivalent_value(value)


def test_counters_are_next_to_each_other_and_a_thousandth_wide() -> None:
    assert lowest_of(0) == 0
    for number in range(OVERFLOW):
        low, high = lowest_of(number), highest_of(number)
        assert low <= high == lowest_of(number + 1) - 1
        assert high - low <= low / 1024
        assert index(low) == number if low <= HIGHEST else True


def test_values_below_two_thousand_and_forty_eight_have_counters_of_their_own() -> None:
    assert all(lowest_of(index(value)) == highest_of(index(value)) == value for value in range(2048))


@given(lists, quantiles)
@thorough
def test_a_quantile_is_the_nearest_rank_of_the_sorted_list_within_its_counter(numbers: list[int], p: Fraction) -> None:
    exact = sorted(numbers)[rank(p, len(numbers)) - 1]
    found = of(numbers).quantile(p)
    assert found is not None
    assert exact <= found <= max(numbers)
    assert index(found) == index(exact)


@given(lists)
@thorough
def test_count_sum_and_extremes_are_exact(numbers: list[int]) -> None:
    h = of(numbers)
    assert (h.count, h.total, h.least, h.most) == (len(numbers), sum(numbers), min(numbers), max(numbers))
    assert h.mean == sum(numbers) / len(numbers)
    assert h.counts.sum() == h.count
    assert h.index.tolist() == sorted(set(map(index, numbers)))
    assert h.quantile(Fraction(1)) == max(numbers)


@given(st.lists(st.lists(values, max_size=30), min_size=2, max_size=4))
@thorough
def test_adding_in_any_order_is_the_histogram_of_all(parts: list[list[int]]) -> None:
    whole = of([value for part in parts for value in part])
    for order in permutations(parts):
        total = Histogram()
        for part in order:
            total.add(of(part))
        assert same(total, whole)
    left, right = of(parts[0]), of(parts[1])
    for part in parts[2:]:
        right.add(of(part))
    left.add(right)
    assert same(left, whole)


def same(one: Histogram, other: Histogram) -> bool:
    plain = [(h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most) for h in (one, other)]
    return plain[0] == plain[1]


def test_adding_changes_only_what_is_added_to() -> None:
    first, second, total = of([1, 5, 5]), of([5, 7]), Histogram()
    for h in (first, second, first):
        total.add(h)
    assert same(first, of([1, 5, 5]))
    assert same(second, of([5, 7]))
    assert same(total, of([1, 5, 5, 5, 7, 1, 5, 5]))


def test_nothing_has_no_figures() -> None:
    nothing = Histogram()
    nothing.add(Histogram())
    assert nothing.count == 0
    assert nothing.mean is None
    assert nothing.quantile(fraction("p50")) is None
    assert same(Histogram.of(np.empty(0, np.int64)), nothing)


def test_what_lasts_over_an_hour_is_counted_and_its_greatest_is_exact() -> None:
    h = of([5, HIGHEST, HIGHEST + 1, 3 * HIGHEST])
    assert h.count == 4
    assert h.counts.tolist()[-1] == 2
    assert h.index.tolist()[-1] == OVERFLOW
    assert h.quantile(fraction("p99")) == h.most == 3 * HIGHEST
    assert h.quantile(fraction("p50")) == highest_of(index(HIGHEST))
    h.add(of([4 * HIGHEST]))
    assert (h.count, h.most, h.total) == (5, 4 * HIGHEST, 5 + 9 * HIGHEST + 1)


@given(lists, st.integers(0, 200), quantiles)
@thorough
def test_a_quantile_among_values_known_only_to_be_greater_is_not_known(
    numbers: list[int], censored: int, p: Fraction
) -> None:
    exact = [*sorted(numbers), *[None] * censored][rank(p, len(numbers) + censored) - 1]
    found = of(numbers).quantile(p, censored)
    if exact is None:
        assert found is None
    else:
        assert found is not None
        assert index(found) == index(exact)


def test_percentiles_are_fractions_and_ranks_are_exact() -> None:
    assert fraction("p99.9") == Fraction(999, 1000)
    assert fraction("p50") == Fraction(1, 2)
    assert rank(fraction("p99"), 160) == 159, "where some tools say 158"
    assert rank(fraction("p99.9"), 1000) == 999, "which in floating point is 1000"
    assert rank(fraction("p50"), 1) == rank(Fraction(0), 7) == 1
    assert [rank(fraction("p90"), n) for n in (9, 10, 11)] == [9, 9, 10]


def test_injected_latencies_come_back_as_their_own_percentiles() -> None:
    """Log-normal, bimodal and Pareto: to a thousandth, and never below."""
    stream = np.random.Generator(np.random.PCG64(5))
    bimodal = np.where(stream.random(50_000) < 0.02, 2e8, 5e6)
    for sample in (stream.lognormal(16, 1.5, 50_000), bimodal, 5e6 * (1 + stream.pareto(2.5, 50_000))):
        numbers = np.sort(np.minimum(sample, HIGHEST).astype(np.int64))
        h = Histogram.of(numbers)
        for name in ("p50", "p90", "p95", "p99", "p99.9", "p99.99"):
            exact, found = int(numbers[rank(fraction(name), len(numbers)) - 1]), h.quantile(fraction(name))
            assert found is not None
            assert exact <= found <= exact * 1.001
