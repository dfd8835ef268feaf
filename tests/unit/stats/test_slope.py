"""The slope of a ratio along an axis: exact where there is no noise, and one figure for each round."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loadgen.stats.slope import slope

AXIS = np.array([10.0, 20.0, 80.0])


def test_a_power_of_the_axis_is_found_exactly() -> None:
    ratios = np.array([[drift * value**0.5 for value in AXIS] for drift in (1.0, 1.3, 0.8)])
    found = slope(AXIS, ratios)
    assert math.exp(found.centre) == pytest.approx(math.sqrt(2)), "with each doubling"
    assert found.sd == pytest.approx(0, abs=1e-12), "what a round has in common is in no slope"


def test_a_constant_ratio_has_none() -> None:
    assert slope(AXIS, np.full((6, 3), 1.7)).centre == pytest.approx(0)


def test_the_order_of_the_axis_does_not_matter() -> None:
    ratios = np.exp(np.random.default_rng(1).normal(size=(6, 3)))
    back = slope(AXIS[::-1], ratios[:, ::-1])
    assert slope(AXIS, ratios).interval(0.05) == pytest.approx(back.interval(0.05))
