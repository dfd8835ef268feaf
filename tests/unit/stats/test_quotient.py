"""The interval of a ratio."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.stats.quotient import Estimate, quotient


def test_it_is_a_little_wider_than_either() -> None:
    ratio, low, high = quotient(Estimate(80, 76, 84), Estimate(100, 95, 105))
    assert ratio == pytest.approx(0.8)
    assert low == pytest.approx(0.8 * np.exp(-np.hypot(np.log(80 / 76), np.log(1.05))))
    assert 0.74 < low < 0.76 and 0.84 < high < 0.865


def test_bounds_are_added_as_they_are() -> None:
    assert quotient(Estimate(80, 76, 84, bounds=True), Estimate(100, 95, 105)) == (0.8, 76 / 105, 84 / 95)


def test_it_holds_the_ratio_of_two_normal_estimates() -> None:
    """Each with a standard deviation of 4 %."""
    dice, held = np.random.default_rng(1), 0
    for _ in range(2000):
        first, second = (float(value) for value in dice.normal((80.0, 100.0), (3.2, 4.0)))
        each = [Estimate(value, value - 1.96 * sd, value + 1.96 * sd) for value, sd in ((first, 3.2), (second, 4.0))]
        _, low, high = quotient(*each)
        held += low <= 0.8 <= high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)
