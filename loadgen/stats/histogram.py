"""Histograms as plain counts, and the figures that follow from them.

The layout is HdrHistogram's, with 3 significant digits, from 1 ns to one hour: 2,048 counters for the first 2,048 ns,
then 1,024 for each doubling. The counter of a value is at most 0.1 % wide.

    k = max(0, bitlength(v) - 11)        index = 1024 k + (v >> k)

One more counter holds the values above an hour, so that none is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

HALF = 1024
HIGHEST = 3_600_000_000_000  # ns
LIMIT = 1 << 62
OVERFLOW = 33_792  # the counter above the last; its values are known only to be above HIGHEST
COUNTERS = OVERFLOW + 1
_BIAS = (1023 + 9) * HALF  # the exponent that a double has for 1, and those of the values below HALF

Integers: TypeAlias = NDArray[np.int64]


def index_of(values: Integers) -> Integers:
    """The counters of `values` (in ns, not negative)."""
    # from HALF on, a counter is the exponent of a double and the ten bits after it; a double is exact below 2^53
    counters = (values.astype(np.float64).view(np.int64) >> 42) - _BIAS
    return np.where(values > HIGHEST, OVERFLOW, np.where(values < HALF, values, counters))


def lowest_of(index: int) -> int:
    """The smallest value (in ns) that falls into the counter."""
    if index < 2 * HALF:
        return index
    shift = (index >> 10) - 1
    return ((index & (HALF - 1)) + HALF) << shift


def highest_of(index: int) -> int:
    """The greatest value (in ns) that falls into the counter."""
    return lowest_of(index + 1) - 1


def bounds_of(index: Integers) -> tuple[Integers, Integers]:
    """The smallest and the greatest values of all these counters."""
    shift = np.maximum((index >> 10) - 1, 0)
    low = np.where(index < 2 * HALF, index, ((index & (HALF - 1)) + HALF) << shift)
    return low, low + (1 << shift) - 1


def rank(p: Fraction, n: int) -> int:
    """The nearest rank of quantile `p` of `n` values: ceil(p n), from 1. Exact, as `p` is a fraction."""
    return max(1, -(-p.numerator * n // p.denominator))


@cache
def fewest(percentile: str) -> int:
    """How many values a percentile needs: one must lie beyond it."""
    return math.ceil(1 / (1 - fraction(percentile)))


@cache
def fraction(percentile: str) -> Fraction:
    """`p99.9` as 999/1000."""
    return Fraction(percentile.removeprefix("p")) / 100


_NOTHING = np.empty(0, np.int64)  # all empty histograms share it: nothing ever writes to a histogram's arrays


@dataclass(slots=True)
class Histogram:
    """Counts of values in ns, sparse: `index` (ascending) and `counts`, of the layout above.

    `count`, `total` (the sum), `least` and `most` are exact, whatever the width of the counters.
    """

    index: Integers = field(default_factory=lambda: _NOTHING)
    counts: Integers = field(default_factory=lambda: _NOTHING)
    count: int = 0
    total: int = 0
    least: int = 0
    most: int = 0

    @classmethod
    def of(cls, values: Integers) -> Histogram:
        """The histogram of `values` (ns, not negative)."""
        if not len(values):
            return cls()
        index, counts = np.unique(index_of(values), return_counts=True)
        return cls(index, counts, len(values), int(values.sum()), int(values.min()), int(values.max()))

    @classmethod
    def together(cls, many: Iterable[Histogram]) -> Histogram:
        """The sum of several. All at once is faster than one after the other."""
        some = [histogram for histogram in many if histogram.count]
        if not some:
            return cls()
        first, last = min(each.index[0] for each in some), max(each.index[-1] for each in some)
        counts = np.zeros(last - first + 1, np.int64)  # of every counter between: a tenth of the time of sorting them
        for each in some:
            counts[each.index - first] += each.counts
        index = np.flatnonzero(counts)
        return cls(
            index + first,
            counts[index],
            sum(each.count for each in some),
            sum(each.total for each in some),
            min(each.least for each in some),
            max(each.most for each in some),
        )

    def add(self, other: Histogram) -> None:
        """Add the counts of `other`: exact, commutative, associative."""
        if not other.count:
            return
        if not self.count:
            self.index, self.counts = other.index, other.counts
            self.count, self.total, self.least, self.most = other.count, other.total, other.least, other.most
            return
        first, last = min(self.index[0], other.index[0]), max(self.index[-1], other.index[-1])
        counts = np.zeros(last - first + 1, np.int64)  # of every counter between: a tenth of the time of sorting them
        counts[self.index - first] = self.counts
        counts[other.index - first] += other.counts
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        self.index = np.flatnonzero(counts)
        self.counts = counts[self.index]
        self.index += first
        self.count += other.count
        self.total += other.total

    def beyond(self, value: int) -> int:
        """How many values are in counters above that of `value` (ns)."""
        return int(self.counts[np.searchsorted(self.index, index_of(np.array([value]))[0], "right") :].sum())

    @property
    def mean(self) -> float | None:
        """The exact mean in ns."""
        return self.total / self.count if self.count else None

    def at_rank(self, position: int) -> int:
        """The value of that rank (from 1): the top of its counter, but never above the exact maximum."""
        index = int(self.index[np.searchsorted(np.cumsum(self.counts), position)])
        return self.most if index >= OVERFLOW else min(highest_of(index), self.most)

    def quantile(self, p: Fraction, censored: int = 0) -> int | None:
        """The nearest-rank quantile in ns, if `censored` more values are known only to be greater than all of these.

        None if there is no value, or if the quantile falls among the censored ones.
        """
        position = rank(p, self.count + censored)
        return self.at_rank(position) if 0 < position <= self.count else None
