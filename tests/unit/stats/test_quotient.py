"""The interval of a ratio."""

from __future__ import annotations

import numpy as np

from loadgen.stats.quotient import Estimate, quotient


def test_it_holds_every_ratio_that_the_intervals_allow() -> None:
    assert quotient(Estimate(80, 76, 84), Estimate(100, 95, 105)) == (0.8, 76 / 105, 84 / 95)


def test_it_holds_the_ratio_of_estimates_whose_intervals_are_too_narrow() -> None:
    """Each holds its value in 85 % of the cases: 1.44 standard deviations, which are 4 %."""
    dice, held = np.random.default_rng(1), 0
    for _ in range(2000):
        first, second = (float(value) for value in dice.normal((80.0, 100.0), (3.2, 4.0)))
        each = [Estimate(value, value - 1.44 * sd, value + 1.44 * sd) for value, sd in ((first, 3.2), (second, 4.0))]
        _, low, high = quotient(*each)
        held += low <= 0.8 <= high
    assert held / 2000 > 0.94
