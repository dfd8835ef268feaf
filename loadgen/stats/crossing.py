"""At which rate the share of requests beyond a limit crosses what is allowed, from steps at several rates.

The logit of the share, which is its logarithm where it is small, rises about evenly with the rate near the crossing: in
a queue, by the limit on the response time for each request a second (Erlang C). Far below, what is slow on an idle
target too makes it even. So a line is fitted to it near the crossing, by quasi-likelihood, and the interval of the rate
at which it crosses the allowed share is that of a ratio of two normal estimates (Fieller 1954, "Some problems in
interval estimation", Journal of the Royal Statistical Society B 16).

The steps of one rate differ by far more than chance makes them: the requests of a burst are beyond the limit together.
How much steps differ is estimated from their distance to the line, as the heterogeneity factor is in Finney (1971),
"Probit Analysis". It is itself known from a few steps only, so that its upper bound is used. In simulations of queues
the plain interval holds the truth in 85 to 90 % of cases, and this one in about 93 % (tests/simulations).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
SPREAD = (0.05, 4.0)  # the variance of a step's logarithm, besides chance
SURE = 0.95  # of the bound on the spread
REPEATS, ROUNDS, STEP = 60, 6, 2.0


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
    fitted = fit(points, allowed, confidence)
    return fitted or cliff(points, allowed)


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
    rates = np.array([point.rate for point in points])
    centre = float(rates.mean())
    line = _line(rates / centre - 1, points, allowed)
    if line is None:
        return None
    (height, slope), covariance = line
    df = len(points) - 2
    reach = t_quantile((1 + confidence) / 2, df) ** 2 * variance_bound(df, SURE)
    ends = fieller(height - _logit(allowed), slope, covariance * reach)
    if slope <= 0 or ends is None or ends[1] - ends[0] > WIDEST:
        return None
    rate = centre * (1 - (height - _logit(allowed)) / slope)
    low, high = (centre * (1 + end) for end in ends)
    return Crossing(rate, low, high, slope / centre, allowed, len(points))


def fieller(height: float, slope: float, reach: Floats) -> tuple[float, float] | None:
    """The x at which a line of that height at 0 and that slope may be 0: where (height + slope x)^2 is at most the
    `reach` times the variance of height + slope x, whose matrix `reach` is already multiplied with. None if the slope
    may be 0."""
    a = slope**2 - reach[1, 1]
    b = height * slope - reach[0, 1]
    c = height**2 - reach[0, 0]
    inner = b * b - a * c
    if a <= 0 or inner < 0:
        return None
    root = math.sqrt(inner)
    return float((-b - root) / a), float((-b + root) / a)


def _line(x: Floats, points: Sequence[Point], allowed: float) -> tuple[tuple[float, float], Floats] | None:
    """The height at 0 and the slope of the logit over x, and their covariance. A step's variance is that of chance,
    and a part in proportion to the square of its share, which is estimated."""
    counts = np.array([point.count for point in points], np.float64)
    seen = np.array([point.beyond for point in points]) / counts
    above = np.array([point.above for point in points])
    start = (seen * counts + 0.5) / (counts + 1)
    slope, height = np.polyfit(x, np.log(start / (1 - start)), 1).tolist()
    spread, inverse = 1.0, np.eye(2)
    for _ in range(4):
        for _ in range(REPEATS):
            share = 1 / (1 + np.exp(-(height + slope * x).clip(-30, 30)))
            # what is above is at least the allowed share, and no evidence against a line that is higher there
            values = np.where(above, np.maximum(np.maximum(seen, allowed), share), seen)
            steepness = share * (1 - share)
            away = (values - share) / steepness
            weights = 1 / (1 / (counts * steepness) + spread)
            found = _inverse(float(weights.sum()), float(weights @ x), float(weights @ x**2))
            if found is None:
                return None
            inverse = found
            change = inverse @ np.array((weights @ away, (weights * x) @ away))
            height, slope = height + _step(change[0]), slope + _step(change[1])
            if np.abs(change).max() < 1e-6:
                break
        spread = _spread(away, 1 / (counts * steepness), len(points) - 2)
    return (height, slope), inverse


def _inverse(a: float, b: float, c: float) -> Floats | None:
    """The inverse of a symmetric matrix; None if it has none that can be relied on."""
    determinant = a * c - b * b
    if not determinant > 1e-12 * a * c:
        return None
    return np.array(((c, -b), (-b, a))) / determinant


def _step(change: float) -> float:
    return max(-STEP, min(STEP, float(change)))


def _spread(away: Floats, chance: Floats, df: int) -> float:
    """The variance besides chance with which the distances of `away` are what is expected of them."""
    low, high = SPREAD
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if float((away**2 / (chance + middle)).sum()) > df else (low, middle)
    return high


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
