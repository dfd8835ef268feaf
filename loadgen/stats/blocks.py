"""How much a sum over a run would differ from run to run, estimated from its parts bin by bin, which depend on each
other.

Parts that depend on each other vary slowly, and slow changes are what runs differ by. Of all waves that the bins
consist of, they are those with only a few periods in a run. Fast waves even out within a run: a stall every few seconds
makes the bins, or blocks of bins, differ, but every run has as many of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loadgen.stats.distributions import NORMAL, t_quantile

WAVES = 5  # more would not see what lasts a twentieth of a run, fewer leave the strength too uncertain
BLOCKS = 20  # for the skewness
TREND = 2  # the degree of the polynomial that stands for a ramp

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of a sum, estimated from `df` waves, and the skewness of the sum."""

    variance: float
    df: int
    skewness: float

    def reach(self, confidence: float, least: float = 0.0) -> tuple[float, float]:
        """How far the sum may lie below and above its expectation.

        This is Student's t, transformed for skewness as in Hall (1992, "On the removal of skewness by transformation"):
        the sum of a few bursts is more often too small than too large. The transformation may only move an end
        outwards, because one run does not show enough of the skewness to move an end inwards.

        An end is never nearer than with the variance `least`, which is that of chance alone. It is known and not
        estimated, so it takes no t.
        """
        p, sd = (1 + confidence) / 2, math.sqrt(self.variance)
        t, normal = t_quantile(p, self.df), NORMAL.inv_cdf(p) * math.sqrt(least)
        ends = -_untransformed(-t, self.skewness), _untransformed(t, self.skewness)
        below, above = (max(normal, sd * max(t, end)) for end in ends)
        return below, above


def spread(parts: NDArray[Any], ramp: bool = False) -> Spread:
    """The spread of the sum of `parts`, one for each bin, whose expectation is about 0.

    It is the mean strength of the slowest waves, cosines of 1, 2, ... half turns over the run (Lazarus, Lewis, Stock &
    Watson 2018, "HAR inference: recommendations for practice"). Each gives one degree of freedom. A `ramp` comes from
    the load, which would do the same again: so a parabola is taken out first, which counts for two of the waves.
    """
    number, trend = len(parts), TREND if ramp else 0
    basis = _trends(number, trend)
    rest = parts - basis @ (basis.T @ parts)
    # the run followed by its mirror image consists of cosines only
    waves = np.abs(np.fft.rfft(np.concatenate([rest, rest[::-1]]))[1 : WAVES + trend + 1])
    variance = float(waves @ waves) / (2 * WAVES)
    third = _third_moment(rest) * (BLOCKS / (BLOCKS - trend - 1)) ** 3
    return Spread(variance, WAVES, third / variance**1.5 if variance > 0 else 0.0)


def _third_moment(rest: Floats) -> float:
    """The third moment of the sum, from blocks, because bins that depend on each other are skewed together."""
    starts = np.linspace(0, len(rest), BLOCKS + 1).round().astype(np.int64)[:-1]
    return float((np.add.reduceat(rest, starts) ** 3).sum())


@lru_cache(maxsize=16)
def _trends(number: int, degree: int) -> Floats:
    """The trend over so many bins, as orthonormal columns."""
    return np.asarray(np.linalg.qr(np.vander(np.linspace(-1, 1, number), degree + 1))[0])


def _untransformed(x: float, skewness: float) -> float:
    """The t whose transformed value is x; `skewness` is that of the sum."""
    if abs(skewness) < 1e-9:
        return x
    return 3 / skewness * (math.cbrt(1 + skewness * (x - skewness / 6)) - 1)
