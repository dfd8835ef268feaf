"""The interval of the centre of the differences of pairs of runs: by Student's t, also if values are known within
bounds alone, or by signs if values are censored."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.distributions import NORMAL, heads, t_cdf, t_quantile

EXACT = 40  # the trend's probability is counted exactly up to so many differences


class Evidence(Protocol):
    """The evidence about where the centre lies. `above` and `below` are the probabilities of what was seen, or of more,
    if the centre were at `edge`: small if it is above, or below."""

    centre: float

    def interval(self, level: float) -> tuple[float, float]: ...

    def above(self, edge: float) -> float: ...

    def below(self, edge: float) -> float: ...


class Student:
    """The mean of differences of equal spread: Student's t. A single one has no interval."""

    def __init__(self, differences: Floats) -> None:
        self.df = len(differences) - 1
        self.centre = float(differences.mean())
        self.sd = float(differences.std(ddof=1)) if self.df else math.nan
        self._error = self.sd / math.sqrt(len(differences))

    def interval(self, level: float) -> tuple[float, float]:
        reach = t_quantile(1 - level / 2, self.df) * self._error
        return self.centre - reach, self.centre + reach

    def above(self, edge: float) -> float:
        return t_cdf(self._t(edge), self.df)

    def below(self, edge: float) -> float:
        return t_cdf(-self._t(edge), self.df)

    def _t(self, edge: float) -> float:
        away = edge - self.centre
        return away / self._error if self._error else math.copysign(math.inf, away) if away else 0.0


class Bounded:
    """The mean of differences that are known within the finite bounds `low` to `high`: Student's t of those bounds that
    speak against what is claimed."""

    def __init__(self, low: Floats, high: Floats) -> None:
        self._low, self._high = Student(low), Student(high)
        self.centre = (self._low.centre + self._high.centre) / 2

    def interval(self, level: float) -> tuple[float, float]:
        return self._low.interval(level)[0], self._high.interval(level)[1]

    def above(self, edge: float) -> float:
        return self._low.above(edge)

    def below(self, edge: float) -> float:
        return self._high.below(edge)


class Signs:
    """The median of differences that are known within the bounds `low` to `high`, which may be infinite. It counts the
    differences on either side, and assumes nothing about their distribution. The centre is nan unless it is known."""

    def __init__(self, low: Floats, high: Floats) -> None:
        self._low, self._high = np.sort(low), np.sort(high)
        finite = [float(bound) for bound in (np.median(self._low), np.median(self._high)) if np.isfinite(bound)]
        self.centre = finite[0] if finite else math.nan

    def interval(self, level: float) -> tuple[float, float]:
        n = len(self._low)
        outside = max((k for k in range(n // 2) if 2 * heads(n - k, n) <= level), default=-1)
        if outside < 0:
            return -math.inf, math.inf
        return float(self._low[outside]), float(self._high[-1 - outside])

    def above(self, edge: float) -> float:
        return heads(int((self._low > edge).sum()), len(self._low))

    def below(self, edge: float) -> float:
        return heads(int((self._high < edge).sum()), len(self._high))


def trend(values: Floats) -> float:
    """The probability of so strong a trend over the rounds, or a stronger one, if there is none: Kendall's tau,
    two-sided; exact up to 40 rounds without ties."""
    n = len(values)
    score = abs(int(np.sign(np.triu(values[None, :] - values[:, None], 1)).sum()))
    pairs = n * (n - 1) // 2
    if n > EXACT:
        deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        return min(1.0, 2 * (1 - NORMAL.cdf((score - 1) / deviation)))
    inversions = np.ones(1)
    for k in range(2, n + 1):
        inversions = np.convolve(inversions, np.full(k, 1 / k))
    return min(1.0, 2 * float(inversions[: (pairs - score) // 2 + 1].sum()))
