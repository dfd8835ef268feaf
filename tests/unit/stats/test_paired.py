"""Differences of rounds: where their centre lies, by Student and by signs; and whether they have a trend."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from loadgen.stats.paired import Bounded, Signs, Student, trend


def test_student_s_own_example() -> None:
    """Hours of sleep gained by ten patients, by one drug over the other (Student 1908, Biometrika 6): t = 4.06."""
    found = Student(np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]))
    assert found.centre == pytest.approx(1.58)
    assert found.sd == pytest.approx(1.23, abs=0.005)
    assert found.interval(0.05) == pytest.approx((0.70, 2.46), abs=0.005)
    assert 2 * found.above(0) == pytest.approx(0.00283, abs=5e-6)
    assert found.above(0) + found.below(0) == pytest.approx(1)


@pytest.mark.parametrize(("n", "outside"), [(6, 0), (8, 0), (9, 1), (10, 1), (20, 5), (30, 9)])
def test_the_interval_of_signs_is_between_the_ranks_of_the_binomial_table(n: int, outside: int) -> None:
    values = np.arange(n, dtype=np.float64)
    assert Signs(values, values).interval(0.05) == (outside, n - 1 - outside)


def test_a_single_difference_has_no_spread() -> None:
    found = Student(np.array([1.5]))
    assert found.centre == 1.5 and math.isnan(found.sd)


def test_five_signs_tell_nothing() -> None:
    assert Signs(np.ones(5), np.ones(5)).interval(0.05) == (-math.inf, math.inf)


def test_intervals_and_probabilities_agree() -> None:
    stream = np.random.Generator(np.random.PCG64(1))
    for number in range(50):
        values = stream.standard_normal(6 + number % 10)
        for found in (Student(values), Signs(values, values)):
            low, high = found.interval(0.05)
            for edge, inside in ((low - 1e-9, False), (low + 1e-9, True), (high - 1e-9, True), (high + 1e-9, False)):
                assert (2 * min(found.above(edge), found.below(edge)) > 0.05) == inside


def test_bounds_are_judged_by_the_end_that_speaks_against_a_claim() -> None:
    low, high = np.array([1.0, 2, 3, 2, 1, 3]), np.array([5.0, 6, 7, 6, 5, 7])
    found = Bounded(low, high)
    assert found.interval(0.05) == (Student(low).interval(0.05)[0], Student(high).interval(0.05)[1])
    assert found.centre == 4
    assert found.above(1) == Student(low).above(1) < 0.05 < found.above(3), "the low ends are about 2"
    assert found.below(7) == Student(high).below(7) < 0.05 < found.below(5), "the high ends are about 6"


def test_bounds_count_on_the_side_where_they_are_sure() -> None:
    low, high = np.array([1.0, 2, 3, -math.inf, 5, 6, 7]), np.array([1.0, 2, 3, 4, math.inf, math.inf, 7])
    found = Signs(low, high)
    assert found.interval(0.2) == (1, math.inf)
    assert found.centre == 3
    assert found.above(0) == 8 / 128, "six of seven"
    assert found.below(10) == 29 / 128, "five of seven"


def test_trends_are_counted_out_exactly() -> None:
    for n in (3, 5, 6):
        scores = [
            sum(np.sign(b - a) for i, a in enumerate(order) for b in order[i + 1 :]) for order in permutations(range(n))
        ]
        for order in ([*range(n)], [*range(n - 2), n - 1, n - 2], [*range(n - 1, -1, -1)], [1, 0, *range(2, n)]):
            own = abs(sum(np.sign(b - a) for i, a in enumerate(order) for b in order[i + 1 :]))
            exact = sum(abs(score) >= own for score in scores) / len(scores)
            assert trend(np.array(order, np.float64)) == pytest.approx(exact)


@pytest.mark.parametrize(("swaps", "p"), [(12, 0.036), (11, 0.023), (10, 0.014)])
def test_trends_of_ten_are_those_of_kendall_s_table(swaps: int, p: float) -> None:
    """Kendall, Rank Correlation Methods, table 1: P(S >= 21, 23, 25) for n = 10."""
    order = list(range(10))
    for _ in range(swaps):
        at = next(i for i in range(9) if order[i] < order[i + 1])
        order[at], order[at + 1] = order[at + 1], order[at]
    assert trend(np.array(order, np.float64)) / 2 == pytest.approx(p, abs=5e-4)


def test_many_rounds_are_counted_about() -> None:
    stream = np.random.Generator(np.random.PCG64(2))
    values = stream.standard_normal((400, 45))
    assert 0.02 < np.mean([trend(row) < 0.05 for row in values]) < 0.09
    assert trend(np.arange(60.0)) < 1e-9
    assert trend(np.zeros(8)) == trend(np.zeros(50)) == 1
