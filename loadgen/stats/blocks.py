"""How much a sum over a run would differ from run to run, estimated from its parts second by second, which depend on
each other.

Parts that depend on each other vary slowly, and slow changes are what runs differ by. Of all waves that the seconds
consist of, they are those with only a few periods in a run. Fast waves even out within a run: a stall every few seconds
makes the seconds, or blocks of seconds, differ, but every run has as many of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from loadgen.stats.distributions import NORMAL, t_quantile

WAVES = 12  # at least: the strength of fewer is too uncertain
BLOCKS = 20  # at least, for the skewness
TREND = 2  # the degree of the polynomial that stands for a ramp

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of a sum, estimated from `df` waves, and the skewness of the sum."""

    variance: float
    df: int
    skewness: float

    def reach(self, confidence: float, least: float = 0.0, sure: float = 1.0) -> tuple[float, float]:
        """How far the sum may lie below and above its expectation.

        This is Student's t, transformed for skewness as in Hall (1992, "On the removal of skewness by transformation"):
        the sum of a few bursts is more often too small than too large. The transformation may only move an end
        outwards, because one run does not show enough of the skewness to move an end inwards.

        An end is never nearer than with the variance `least`, which is that of chance alone. It is known and not
        estimated, so it takes no t. A few waves are often stronger than that, also by chance: they count in full if
        they are `sure` times as strong, and in proportion below that. To take the wider of the two each time would be
        right too often.
        """
        p = (1 + confidence) / 2
        t, normal = t_quantile(p, self.df), NORMAL.inv_cdf(p) * math.sqrt(least)
        beyond, full = self.variance - least, (sure - 1) * least
        weight = 1.0 if beyond >= full else beyond / full if beyond > 0 else 0.0
        ends = -_untransformed(-t, self.skewness), _untransformed(t, self.skewness)
        below, above = (self.variance * max(t, end) ** 2 - normal**2 for end in ends)
        return math.sqrt(normal**2 + weight * max(0.0, below)), math.sqrt(normal**2 + weight * max(0.0, above))


def spread(parts: NDArray[Any]) -> Spread:
    """The spread of the sum of `parts`, one for each second, whose expectation is about 0.

    It is the mean strength of the slowest waves, cosines of 1, 2, ... half turns over the run. Each gives one degree of
    freedom. Their number is 0.4 length^(2/3), as Lazarus, Lewis, Stock & Watson (2018, "HAR inference: recommendations
    for practice") advise, but at least `WAVES`. A trend over the run comes from the load, which would do the same
    again: so a parabola is taken out first, which counts for two of the waves.
    """
    number = len(parts)
    rest = parts - _trends(number) @ (_trends(number).T @ parts)
    df = min(number - TREND - 1, max(WAVES, round(0.4 * number ** (2 / 3))))
    # the run followed by its mirror image consists of cosines only
    waves = np.abs(np.fft.rfft(np.concatenate([rest, rest[::-1]]))[1 : df + TREND + 1])
    variance = float(waves @ waves) / (2 * df)
    return Spread(variance, df, _third_moment(rest, max(BLOCKS, df)) / variance**1.5 if variance > 0 else 0.0)


def _third_moment(rest: Floats, number: int) -> float:
    """The third moment of the sum, from blocks, because seconds that depend on each other are skewed together. The
    factor puts back what the trend took out, as n / df does for a variance."""
    starts = np.linspace(0, len(rest), number + 1).round().astype(np.int64)[:-1]
    blocks = np.add.reduceat(rest, starts)
    return float((blocks**3).sum()) * (number / (number - TREND - 1)) ** 3


@lru_cache(maxsize=16)
def _trends(number: int) -> Floats:
    """The trend over so many seconds, as orthonormal columns."""
    return np.asarray(np.linalg.qr(np.vander(np.linspace(-1, 1, number), TREND + 1))[0])


def _untransformed(x: float, skewness: float) -> float:
    """The t whose transformed value is x; `skewness` is that of the sum."""
    if abs(skewness) < 1e-9:
        return x
    return 3 / skewness * (math.cbrt(1 + skewness * (x - skewness / 6)) - 1)
