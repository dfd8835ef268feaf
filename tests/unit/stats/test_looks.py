"""Planned looks: their levels against published bounds, and against walks in which there is nothing to find."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.stats.distributions import NORMAL
from loadgen.stats.looks import levels, spent, times


def bounds(information: list[float]) -> list[float]:
    return [NORMAL.inv_cdf(1 - level / 2) for level in levels(information)]


def test_bounds_are_those_published() -> None:
    """Five even looks, Pocock-like spending of two-sided 5 % (Lan & DeMets's program; R's ldbounds, gsDesign)."""
    assert bounds([1, 2, 3, 4, 5]) == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=2e-3)
    assert bounds([10, 20]) == pytest.approx([2.157, 2.201], abs=2e-3)


def test_a_single_look_has_it_all() -> None:
    assert levels([10]) == pytest.approx((0.05,))
    assert levels([7], alpha=0.01) == pytest.approx((0.01,))


def test_the_unit_does_not_matter() -> None:
    assert levels([1, 2, 4]) == pytest.approx(levels([20, 40, 80]))


def test_all_is_spent_at_last() -> None:
    assert spent(0) == 0
    assert spent(1) == pytest.approx(0.05)
    assert spent(0.5) == pytest.approx(0.0310, abs=5e-5)


@pytest.mark.parametrize("information", [[10, 20], [10, 14], [10, 100], [6, 8, 10, 12, 14, 16], [20, 40, 80, 160, 300]])
def test_looks_together_are_wrong_as_often_as_one_may_be(information: list[float]) -> None:
    stream = np.random.Generator(np.random.PCG64(5))
    walks = stream.standard_normal((100_000, len(information))) * np.sqrt(np.diff([0, *information]))
    z = np.abs(np.cumsum(walks, axis=1)) / np.sqrt(information)
    assert (z > bounds(information)).any(axis=1).mean() == pytest.approx(0.05, abs=0.0025)
    assert (z > NORMAL.inv_cdf(0.975)).any(axis=1).mean() > 0.06, "which unplanned looks are not"


def test_times_double_up_to_the_limit() -> None:
    assert times(20, 600) == (20, 40, 80, 160, 320, 600)
    assert times(20, 40) == (20, 40)
    assert times(20, 20) == times(60, 20) == (20,)
