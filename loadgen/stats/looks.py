"""Looks at results before all of them are there: how much of the error probability each planned look may spend.

Who looks often and stops when the result looks good is wrong more often than claimed: with a look after every few
rounds, a test of 5 % gave 12.9 % false alarms. Planned looks share the 5 % (Lan & DeMets 1983): however many there are,
together they are wrong in 5 % of cases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.distributions import NORMAL

ALPHA = 0.05
_WIDTH = 8.0  # in standard deviations: the probability beyond is taken as 0
_POINTS = 401
_erf = np.frompyfunc(math.erf, 1, 1)


def spent(share: float, alpha: float = ALPHA) -> float:
    """The error probability that may have been spent after that share of the information: alpha ln(1 + (e - 1) share),
    which spends it about evenly (Lan & DeMets's form of Pocock's test). So an early look can end a clear case early."""
    return alpha * math.log(1 + (math.e - 1) * share)


def levels(information: Sequence[float], alpha: float = ALPHA) -> tuple[float, ...]:
    """The level of each planned look: of a two-sided test, or 1 - confidence of an interval.

    `information` is the information of each look, ascending, in any unit: rounds, or seconds. A single look has all of
    alpha. The levels hold for estimates whose precision is 1/sqrt(information), and for Student's t at the same level
    (Jennison & Turnbull, Group Sequential Methods, 1999, 3.8 and 7.2).
    """
    scaled = np.array(information, np.float64) / information[-1]
    levels: list[float] = []
    grid = density = np.empty(0)
    for number, now in enumerate(scaled):
        step = float(now) - (float(scaled[number - 1]) if number else 0.0)
        budget = spent((number + 1) / len(scaled), alpha) - spent(number / len(scaled), alpha)
        bound = _bound(grid, density, float(now), step, budget)
        levels.append(2 * (1 - NORMAL.cdf(bound)))
        grid, density = _survivors(grid, density, bound * math.sqrt(now), step)
    return tuple(levels)


def level_at(looks: Sequence[int], now: int) -> float:
    """The level of the planned look `now`; all of alpha for one that is not planned, such as the last one of what was
    stopped."""
    return levels(looks)[looks.index(now)] if now in looks else ALPHA


def times(first: int, limit: int) -> tuple[int, ...]:
    """When to look, in whole seconds: after `first`, then each time after twice as long, and finally at the limit."""
    times = [first]
    while 2 * times[-1] < limit:
        times.append(2 * times[-1])
    return (*times, limit) if limit > first else (limit,)


def _bound(grid: Floats, density: Floats, now: float, step: float, budget: float) -> float:
    """The z beyond which so much probability lies, among the outcomes that have not crossed a bound before."""
    low, high = 0.0, _WIDTH
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (low, middle) if _crossing(grid, density, middle * math.sqrt(now), step) < budget else (middle, high)
        )
    return high


def _crossing(grid: Floats, density: Floats, edge: float, step: float) -> float:
    scale = math.sqrt(2 * step)
    if not len(grid):
        return 1 - math.erf(edge / scale)
    inside = np.asarray(_erf((edge - grid) / scale) - _erf((-edge - grid) / scale), np.float64) / 2
    return float(_area(density * (1 - inside), grid))


def _survivors(grid: Floats, density: Floats, edge: float, step: float) -> tuple[Floats, Floats]:
    """The density of the sum, among the outcomes that have not crossed a bound so far (Armitage, McPherson & Rowe
    1969)."""
    inside = np.linspace(-edge, edge, _POINTS)
    if not len(grid):
        return inside, _normal(inside, step)
    return inside, _area(density * _normal(inside[:, None] - grid, step), grid)


def _area(heights: Floats, grid: Floats) -> Floats:
    """The integral by trapezia over the last axis, on an even grid."""
    inner = heights.sum(axis=-1) - (heights[..., 0] + heights[..., -1]) / 2
    return np.asarray(inner * (grid[1] - grid[0]))


def _normal(x: Floats, variance: float) -> Floats:
    return np.exp(-(x**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
