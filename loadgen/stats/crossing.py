"""At which rate the share of requests beyond a limit crosses what is allowed, from steps at several rates.

The logit of the share, which is its logarithm where it is small, rises about evenly with the rate near the crossing: in
a queue, by the limit on the response time for each request a second (Erlang C). Far below, what is slow on an idle
target too makes it even. So a line is fitted to it near the crossing.

The steps of one rate differ by far more than chance makes them: the requests of a burst are beyond the limit together.
The number beyond it is the sum of a few bursts, whose number is a Poisson variable and whose sizes differ widely. The
variance of such a sum is taken as in proportion to its mean to the power of 1.5 (Tweedie 1984, "An index which
distinguishes between some important exponential families"; Jorgensen 1997, "The Theory of Dispersion Models"). The line
is the one with the least deviance of that family, which also says what a step tells that had no burst at all.

The interval has the rates through which a line may go: those whose deviance is not more than t^2 times the dispersion
above the least one. The dispersion is the least deviance, divided by its degrees of freedom (McCullagh & Nelder 1989,
"Generalized Linear Models", chapters 8, 9 and 12). In simulations, Pearson's estimate, from the squares of the
distances, varies half as much again: one long burst makes most of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.distributions import t_quantile, variance_bound

CONFIDENCE = 0.95
FEWEST = 8  # steps of a fit
NEAR = (0.1, 60.0)  # of the allowed share: the line is fitted where it lies between
BEGIN = 1.2  # times: the line is first fitted to the steps so far beyond the ends of the cliff
LOCAL = 1.12  # times a rate is the crossing, at most: below it, what is slow on an idle target too bends the line
CLOSE = 0.05  # of the crossing: steps this close to it are fitted in any case
INFORMATIVE = 4  # steps with a share near the allowed one: with fewer it is a cliff, and no slope
WHOLE = 0.6  # a share from here on tells little of the slope
WIDEST = 0.5  # of the rate: an interval that is wider comes of a slope that is hardly known
SURE = 0.85  # of the bound on the dispersion, which a few steps tell only roughly
LEAST = 1e-9  # a share that is smaller is not told from it
STEEP = (1.0, 2000.0)  # times the rate: the slopes of a grid
FLATTER = (0.05, 5.0)  # times the best one: the slopes of lines that go through other rates
FAR = (0.002, 0.45)  # of the rate: how near to it, and how far from it, an end is looked for
GRID, FINE, ENDS, REFINED = 33, 13, 32, 2
FINER = 3  # times, from one grid to the next
SAME = 1.001  # times: slopes that differ by less
MOST = 40  # grids
ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Point:
    """A step: `beyond` of `count` requests at that rate. `above`: something else shows that the rate is too high, as
    that the requests in flight grew, or that fewer were completed than started; its share is then a lower bound."""

    rate: float
    count: int
    beyond: int
    above: bool = False

    @property
    def share(self) -> float:
        return self.beyond / self.count if self.count else 1.0


@dataclass(frozen=True, slots=True)
class Crossing:
    """The rate of the crossing, and its interval. `slope` is that of the logit, per 1/s; 0 where it is a cliff. The
    ends are None where nothing bounds it. `points` is the number of steps that it rests on."""

    rate: float | None
    low: float | None
    high: float | None
    slope: float = 0.0
    allowed: float = 0.0
    points: int = 0

    def sharp(self, points: Sequence[Point]) -> bool:
        """Whether no step lies between the ends."""
        return not any((self.low or 0.0) < point.rate < (self.high or math.inf) for point in points)

    def at(self, times: float) -> float:
        """The rate at which the line has so many times the allowed share."""
        assert self.rate is not None
        return self.rate + (_logit(min(WHOLE, self.allowed * times)) - _logit(self.allowed)) / self.slope


def crossing(points: Sequence[Point], allowed: float, confidence: float = CONFIDENCE) -> Crossing:
    """Where the share crosses `allowed`: by a line, or where there is no slope between the highest rate that kept it
    and the lowest that broke it."""
    return _crossing(tuple(points), allowed, confidence)


@lru_cache(maxsize=16)
def _crossing(points: tuple[Point, ...], allowed: float, confidence: float) -> Crossing:
    """Asked for the same steps again and again while those of the next part are drawn."""
    return fit(points, allowed, confidence) or cliff(points, allowed)


def cliff(points: Sequence[Point], allowed: float) -> Crossing:
    """Between the highest rate below all that broke it, and the lowest above all that kept it."""
    broken = [point.rate for point in points if point.above or (point.share > allowed and point.beyond >= 3)]
    kept = [point.rate for point in points if not point.above and (point.share <= allowed or point.beyond < 3)]
    low = max((rate for rate in kept if not broken or rate < min(broken)), default=None)
    high = min((rate for rate in broken if not kept or rate > max(kept)), default=None)
    middle = math.sqrt(low * high) if low and high else None
    return Crossing(middle, low, high, allowed=allowed, points=len(points))


def fit(points: Sequence[Point], allowed: float, confidence: float = CONFIDENCE) -> Crossing | None:
    """By the line alone, fitted to the steps near the crossing; None if they tell no slope, or bound it on no side."""
    chosen, found = _about(points, allowed), None
    for _ in range(ROUNDS):
        if len(chosen) < FEWEST or _informative(chosen, allowed) < INFORMATIVE:
            return None
        found = _fitted(chosen, allowed, confidence)
        if found is None or found.rate is None or found.rate <= 0:
            return None
        low = max(found.rate / LOCAL, min(found.at(NEAR[0]), found.rate * (1 - CLOSE)))
        high = max(found.at(NEAR[1]), found.rate * (1 + CLOSE))
        near = [point for point in points if low <= point.rate <= high]
        if near == chosen or len(near) < FEWEST:
            break
        chosen = near
    return found


def _about(points: Sequence[Point], allowed: float) -> list[Point]:
    """The steps about the place where a cliff would be, to begin with: far below it, the share of a target that has
    some slow requests at any rate is even, and so would the line be."""
    at = cliff(points, allowed)
    low, high = at.low or at.high or 0.0, at.high or at.low or math.inf
    near = [point for point in points if low / BEGIN <= point.rate <= high * BEGIN]
    return near if len(near) >= FEWEST else list(points)


def _informative(points: Sequence[Point], allowed: float) -> int:
    return sum(NEAR[0] * allowed <= point.share <= WHOLE and point.beyond > 0 for point in points)


def _fitted(points: Sequence[Point], allowed: float, confidence: float) -> Crossing | None:
    steps = _Steps.of(points, allowed)
    at = steps.line()
    if at is None:
        return None
    rate, slope = at
    df = len(points) - 2
    reach = t_quantile((1 + confidence) / 2, df) ** 2 * variance_bound(df, SURE) * steps.dispersion(rate, slope)
    low, high = (steps.end(rate, slope, way, reach) for way in (-1, 1))
    if low is None or high is None or high - low > WIDEST * rate:
        return None
    return Crossing(rate, low, high, slope, allowed, len(points))


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps, as arrays, and the share that is allowed."""

    rates: Floats
    counts: Floats
    shares: Floats
    least: Floats  # what the share is at the least, where something else shows that the rate is too high; otherwise 0
    allowed: float

    @classmethod
    def of(cls, points: Sequence[Point], allowed: float) -> _Steps:
        shares = np.array([point.share for point in points])
        above = np.array([point.above for point in points])
        counts = np.array([point.count for point in points], np.float64)
        least = np.where(above, np.maximum(shares, allowed), 0.0)
        return cls(np.array([point.rate for point in points]), counts, shares, least, allowed)

    def expected(self, rate: Any, slope: Any) -> Floats:
        """The share of each step on the lines that cross at `rate` with that `slope`: an axis more than these have."""
        rate, slope = (np.asarray(of, np.float64)[..., None] for of in (rate, slope))
        logit = _logit(self.allowed) + slope * (self.rates - rate)
        return np.asarray(np.maximum(LEAST, 1 / (1 + np.exp(-logit.clip(-30, 30)))))

    def seen(self, expected: Floats) -> Floats:
        """What is above is no evidence against a line that is higher there."""
        return np.where(self.least > 0, np.maximum(self.least, expected), self.shares)

    def deviance(self, rate: Any, slope: Any) -> Floats:
        """Of the Tweedie family with the power 1.5."""
        root = np.sqrt(self.expected(rate, slope))
        away = np.sqrt(self.seen(root**2)) - root
        return np.asarray(4 * (away**2 / root) @ self.counts)

    def dispersion(self, rate: float, slope: float) -> float:
        """At least that of requests that are beyond the limit each by itself."""
        df = len(self.rates) - 2
        return max(1 / math.sqrt(self.allowed), float(self.deviance(rate, slope)) / df)

    def line(self) -> tuple[float, float] | None:
        """The crossing and the slope with the least deviance, from a grid that becomes finer about them; None if they
        lie at the grid's edge: then there is no slope, or no crossing."""
        first, last = float(self.rates.min()), float(self.rates.max())
        rates, slopes = np.linspace(first / BEGIN, last * BEGIN, GRID), np.geomspace(*STEEP, GRID) / last
        wide, steep = rates[1] - rates[0], slopes[1] / slopes[0]
        for tried in range(MOST):
            found = self.deviance(rates[:, None], slopes[None, :])
            i, j = (int(of) for of in np.unravel_index(int(found.argmin()), found.shape))
            inside = 0 < i < len(rates) - 1 and 0 < j < len(slopes) - 1
            if not tried and not inside:
                return None
            rate, slope = float(rates[i]), float(slopes[j])
            if inside:  # otherwise the least one is further on
                wide, steep = wide / FINER, steep ** (1 / FINER)
            if steep < SAME:
                break
            rates = rate + wide * np.linspace(-FINER, FINER, FINE)
            slopes = slope * steep ** np.linspace(-FINER, FINER, FINE)
        return rate, slope

    def end(self, rate: float, slope: float, way: int, reach: float) -> float | None:
        """Where the deviance of the best line through a rate is `reach` above the least one, on one side; None if it is
        so nowhere near. Its root rises about evenly, and is taken as straight between the rates of a grid."""
        rates = rate * (1 + way * np.concatenate(([0.0], np.geomspace(*FAR, ENDS))))[:, None]
        slopes, steep = slope * np.geomspace(*FLATTER, FINE)[None, :], (FLATTER[1] / FLATTER[0]) ** (1 / (FINE - 1))
        for _ in range(REFINED):
            found = self.deviance(rates, slopes)
            best = np.take_along_axis(np.broadcast_to(slopes, found.shape), found.argmin(1)[:, None], 1)
            slopes = best * steep ** np.linspace(-1, 1, FINE)
            steep = steep ** (2 / (FINE - 1))
        roots = np.sqrt(np.maximum(0, self.deviance(rates, slopes).min(1) - self.deviance(rate, slope)))
        rates = rates[:, 0]
        beyond = np.flatnonzero(roots > math.sqrt(reach))
        if not len(beyond) or not beyond[0]:
            return None
        at = int(beyond[0])
        part = (math.sqrt(reach) - roots[at - 1]) / (roots[at] - roots[at - 1])
        return float(rates[at - 1] + part * (rates[at] - rates[at - 1]))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
