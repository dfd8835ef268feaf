"""How far a sum over a run may be from what it would be over another: from its parts second by second, which hang
together.

What hangs together varies slowly, and runs differ by what is slow: of all waves that the seconds are made of, those of
which only a few are in a run. Fast ones even out within it: every run has as many stalls on the dot, however much its
seconds, or blocks of seconds, differ for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadgen.stats.distributions import NORMAL, t_quantile

WAVES = 12  # at the least: fewer tell too little of how strong they are
BLOCKS = 20  # at the least, for the skewness
TREND = 2  # the degree of what a ramp is taken to be

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of a sum, from `df` waves, and how skewed the sum is."""

    variance: float
    df: int
    skewness: float

    def reach(self, confidence: float, least: float = 0.0, sure: float = 1.0) -> tuple[float, float]:
        """How far the sum may lie (below, above) what is expected.

        Student's t, transformed for skewness as Hall (1992, "On the removal of skewness by transformation") does it:
        what comes in a few bursts is more often too little than too much. Only outwards: one run does not tell enough
        of its skewness for an end to be nearer.

        Never nearer than with the variance `least`, that of chance alone, which is known and not an estimate, so that
        it takes no t. A few waves are often stronger than that by chance as well: they count in full from `sure` times
        as strong on, below in proportion. The wider of the two each time would hold too often.
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

    The mean strength of its slowest waves, cosines of 1, 2, ... half turns over the run, each of which gives one degree
    of freedom. How many: 0.4 length^(2/3), as Lazarus, Lewis, Stock & Watson (2018, "HAR inference: recommendations for
    practice") advise, and `WAVES` at the least. A trend over the run is what the load did and would do again: a
    parabola is taken out first, and counts for two of the waves.
    """
    number = len(parts)
    rest = parts - _trends(number) @ (_trends(number).T @ parts)
    df = min(number - TREND - 1, max(WAVES, round(0.4 * number ** (2 / 3))))
    # with its mirror image after it, cosines are all that the run consists of
    waves = np.abs(np.fft.rfft(np.concatenate([rest, rest[::-1]]))[1 : df + TREND + 1])
    variance = float(waves @ waves) / (2 * df)
    return Spread(variance, df, _third_moment(rest, max(BLOCKS, df)) / variance**1.5 if variance > 0 else 0.0)


def _third_moment(rest: Floats, number: int) -> float:
    """That of the sum, from blocks: seconds that hang together are skewed together. What the trend has taken from it is
    put back, as n / df puts it back for a variance."""
    starts = np.linspace(0, len(rest), number + 1).round().astype(np.int64)[:-1]
    blocks = np.add.reduceat(rest, starts)
    return float((blocks**3).sum()) * (number / (number - TREND - 1)) ** 3


@lru_cache(maxsize=16)
def _trends(number: int) -> Floats:
    """What so many seconds are of a trend: orthonormal columns."""
    return np.asarray(np.linalg.qr(np.vander(np.linspace(-1, 1, number), TREND + 1))[0])


def _untransformed(x: float, skewness: float) -> float:
    """The t whose transformed value is x; `skewness` is that of the sum."""
    if abs(skewness) < 1e-9:
        return x
    return 3 / skewness * (math.cbrt(1 + skewness * (x - skewness / 6)) - 1)
