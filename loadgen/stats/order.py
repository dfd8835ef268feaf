"""Two samples of the same distribution: between which values of one a quantile of the other lies. Exact, whatever the
distribution is.

If n values and N others are drawn from the same distribution, the number of the n values that are no greater than the
r-th of the N is beta-binomial (n; r, N - r + 1): Gumbel & von Schelling 1950, "The distribution of the number of
exceedances".
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.histogram import Histogram, lowest_of, rank

BEYOND = 40  # standard deviations from the mean, or values: the probability beyond is taken as 0
MOST = 1 << 20  # the search for `fewest` ends at so many values


class Between(NamedTuple):
    """The two values in ns, both included; None for an end that is only known to be greater than all values seen."""

    low: int | None
    high: int | None


def ranks(p: Fraction, count: int, others: int, confidence: float) -> tuple[int, int] | None:
    """The ranks, from 1, of the two of `count` values between which quantile `p` of `others` lies: the closest pair for
    which the quantile is beyond either with a probability of at most half of 1 - `confidence`. None if so few values
    have no such pair."""
    if not count or not others:
        return None
    allowed = (1 - confidence) / 2
    first, chances = _exceedances(count, others, rank(p, others))
    # the probabilities that at most, and at least, first + i of them are no greater
    at_most, at_least = np.cumsum(chances), np.cumsum(chances[::-1])[::-1]
    # a value of rank k is greater than the quantile if fewer than k values are no greater, and smaller if at least k
    # are
    low = first + int(np.searchsorted(at_most, allowed, "right"))
    high = first + int(np.searchsorted(-at_least, -allowed, "left"))
    return (low, high) if low >= 1 and high <= count else None


def between(p: Fraction, histogram: Histogram, late: int, others: int, confidence: float) -> Between | None:
    """Where quantile `p` of `others` lies, by the values in `histogram` and by `late` values, of which only a lower
    bound is known. The ends are the outer bounds of their counters."""
    ranked = ranks(p, histogram.count + late, others, confidence)
    if ranked is None:
        return None
    low, high = ranked
    return Between(
        _least_at(histogram, low) if low <= histogram.count else None,
        histogram.at_rank(high) if high <= histogram.count else None,
    )


def fewest(p: Fraction, ratio: float, confidence: float) -> int:
    """How many values it takes for `ranks` to have a pair, if there are `ratio` times as many others."""

    def enough(count: int) -> bool:
        others = max(1, round(count * ratio))
        r = rank(p, others)
        i = np.arange(count, dtype=np.float64)
        all_below, all_above = (float(np.log((first + i) / (others + 1 + i)).sum()) for first in (r, others - r + 1))
        return max(all_below, all_above) <= math.log((1 - confidence) / 2)

    high = 1
    while not enough(high) and high < MOST:
        high *= 2
    low = high // 2  # a number that is not enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _least_at(histogram: Histogram, position: int) -> int:
    index = int(histogram.index[np.searchsorted(np.cumsum(histogram.counts), position)])
    return max(lowest_of(index), histogram.least)


def _exceedances(count: int, others: int, r: int) -> tuple[int, Floats]:
    """The probabilities that first, first + 1, ... of `count` values are no greater than the `r`-th of `others`. Those
    that are practically 0 are left out; the rest follow from the ratios of neighbours."""
    share = r / (others + 1)
    mean = count * share
    deviation = math.sqrt(mean * (1 - share) * (count + others + 1) / (others + 2))
    first = max(0, math.floor(mean - BEYOND * deviation - BEYOND))
    last = min(count, math.ceil(mean + BEYOND * deviation + BEYOND))
    k = np.arange(first, last, dtype=np.float64)
    steps = np.log((count - k) * (k + r)) - np.log((k + 1) * (count + others - r - k))
    logarithms = np.concatenate((np.zeros(1), np.cumsum(steps)))
    chances = np.exp(logarithms - logarithms.max())
    return first, chances / chances.sum()
