"""What a quantile may be by the ranks of independent values: exact, by the binomial law, and of any distribution.

The number of n independent values below the true quantile p is binomial (n, p); so the values of two ranks hold it
between them with a probability that follows from n and p alone (David & Nagaraja, Order Statistics, 7.1).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.histogram import Histogram, lowest_of

BEYOND = 40  # standard deviations around the mean, and values, in which all of a binomial is but 1e-300 of it


class Ranks(NamedTuple):
    """The ranks, from 1, of the values at both ends; None where so few values bound it on one side not at all."""

    low: int | None
    high: int | None


class Between(NamedTuple):
    """What a quantile may be, in ns, both ends included; None where nothing bounds it."""

    low: int | None
    high: int | None


def ranks(p: Fraction, count: int, confidence: float) -> Ranks:
    """The narrowest pair of ranks that each leave at most half of 1 - `confidence` beyond them."""
    allowed = (1 - confidence) / 2
    first, chances = _binomial(count, p)
    below = np.cumsum(chances)  # of at most first + i values below the quantile
    above = np.cumsum(chances[::-1])[::-1]  # of at least so many
    # the value of rank r is above the quantile if fewer than r lie below it, and below it if at least r do
    low = first + int(np.searchsorted(below, allowed, "right"))
    high = first + int(np.searchsorted(-above, -allowed, "left"))
    return Ranks(low if low >= 1 else None, high if high <= count else None)


def between(p: Fraction, seen: Histogram, late: int, confidence: float) -> Between:
    """The interval of quantile `p` of the values `seen`, and of `late` more that are known to be greater only; of their
    counters the outer bounds."""
    low, high = ranks(p, seen.count + late, confidence)
    return Between(
        _least_at(seen, low) if low is not None and low <= seen.count else None,
        seen.at_rank(high) if high is not None and high <= seen.count else None,
    )


def fewest(p: Fraction, confidence: float) -> int:
    """How many values there must be for both ends: one more than may all lie on the same side of it by chance."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(max(p, 1 - p)))


def _least_at(seen: Histogram, position: int) -> int:
    found = int(seen.index[np.searchsorted(np.cumsum(seen.counts), position)])
    return max(lowest_of(found), seen.least)


def _binomial(count: int, p: Fraction) -> tuple[int, Floats]:
    """The chances of first, first + 1, … of `count` trials: all that are not nothing. By the ratios of neighbours."""
    mean, deviation = float(count * p), math.sqrt(float(count * p * (1 - p)))
    first = max(0, math.floor(mean - BEYOND * deviation - BEYOND))
    last = min(count, math.ceil(mean + BEYOND * deviation + BEYOND))
    k = np.arange(first, last, dtype=np.float64)
    logarithms = np.concatenate((np.zeros(1), np.cumsum(np.log((count - k) / (k + 1)) + math.log(p / (1 - p)))))
    chances = np.exp(logarithms - logarithms.max())
    return first, chances / chances.sum()
