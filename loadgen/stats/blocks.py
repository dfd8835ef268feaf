"""How far a sum over a run may be from what it would be over another: from its parts second by second, which hang
together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadgen.stats.distributions import t_quantile

LENGTHS = (1, 2, 5, 10, 20)  # of a block, in seconds
BLOCKS = 10  # at the least: fewer tell too little of how they differ
TREND = 2  # the degree of what a ramp is taken to be

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of a sum, from `blocks` blocks of `length` seconds each, and how skewed the sum is."""

    variance: float
    df: int
    length: int
    skewness: float

    def at_least(self, variance: float) -> Spread:
        """With that variance if there is less of it; what is added is not skewed."""
        if self.variance >= variance:
            return self
        return replace(self, variance=variance, skewness=self.skewness * (self.variance / variance) ** 1.5)

    def reach(self, confidence: float) -> tuple[float, float]:
        """How far the sum may lie (below, above) what is expected, in its own standard deviations.

        Student's t, transformed for skewness as Hall (1992, "On the removal of skewness by transformation") does it:
        what comes in a few bursts is more often too little than too much. Only outwards: so few blocks do not tell
        enough of their skewness for an end to be nearer.
        """
        t = t_quantile((1 + confidence) / 2, self.df)
        return max(t, -_untransformed(-t, self.skewness)), max(t, _untransformed(t, self.skewness))


def spread(parts: NDArray[Any]) -> Spread:
    """The spread of the sum of `parts`, one for each second, whose expectation is about 0.

    Neighbouring seconds go into blocks until longer ones show no more variance: blocks that are long enough are
    independent. A trend over the blocks is what the load did and would do again: a parabola is taken out first.
    """
    best = _blocked(parts, 1)
    for length in LENGTHS[1:]:
        if len(parts) // length < BLOCKS:
            break
        longer = _blocked(parts, length)
        if longer.variance <= best.variance:
            break
        best = longer
    return best


def _blocked(parts: NDArray[Any], length: int) -> Spread:
    number = len(parts) // length
    starts = np.linspace(0, len(parts), number + 1).round().astype(np.int64)[:-1]
    blocks = np.add.reduceat(parts.astype(np.float64), starts)
    shape = _trends(number)
    rest = blocks - shape @ (shape.T @ blocks)
    df, square = number - TREND - 1, float(rest @ rest)
    skewness = float((rest**3).sum()) / square**1.5 if square > 0 else 0.0
    return Spread(number * square / df, df, length, skewness)


@lru_cache(maxsize=64)
def _trends(number: int) -> Floats:
    """What so many blocks are of a trend: orthonormal columns."""
    return np.asarray(np.linalg.qr(np.vander(np.linspace(-1, 1, number), TREND + 1))[0])


def _untransformed(x: float, skewness: float) -> float:
    """The t whose transformed value is x; `skewness` is that of the sum."""
    if abs(skewness) < 1e-9:
        return x
    return 3 / skewness * (math.cbrt(1 + skewness * (x - skewness / 6)) - 1)
