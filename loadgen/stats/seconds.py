"""A run's values second by second, in memory: the input of the intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from loadgen.result.reason import Reason
from loadgen.stats.blocks import Floats
from loadgen.stats.histogram import Histogram, Integers, index_of
from loadgen.stats.intervals import CONFIDENCE, Interval, NoInterval, interval, limit, mean_interval


@dataclass(frozen=True)
class Seconds:
    """The values of each second, also of seconds without any. `censored` are the values that are known only to be
    greater than given, also by second."""

    values: Sequence[Histogram]
    censored: Sequence[Histogram] = ()

    @cached_property
    def measured(self) -> Histogram:
        return _sum(self.values)

    @cached_property
    def late(self) -> Histogram:
        return _sum(self.censored)

    @cached_property
    def counts(self) -> Integers:
        return np.array([value.count + late.count for value, late in self._pairs], np.int64)

    @cached_property
    def totals(self) -> Floats:
        """The sums in ns. A censored value counts with its bound."""
        return np.array([value.total + late.total for value, late in self._pairs], np.float64)

    @cached_property
    def _counters(self) -> tuple[Integers, Integers, Integers]:
        """The counters of all seconds in a row, the count of each, and the second that it belongs to."""
        none = np.empty(0, np.int64)
        return (
            np.concatenate([none, *(each.index for each in self.values)]),
            np.concatenate([none, *(each.counts for each in self.values)]),
            np.repeat(np.arange(len(self.values)), [len(each.index) for each in self.values]),
        )

    @property
    def _pairs(self) -> list[tuple[Histogram, Histogram]]:
        return list(zip(self.values, self.censored or [Histogram()] * len(self.values), strict=True))

    def beyond(self, value: int) -> Integers:
        """The number of values in each second that are greater than the counter of `value` (ns), and of the censored
        ones."""
        index, counts, seconds = self._counters
        within = index <= index_of(np.array([value]))[0]
        return self.counts - np.bincount(seconds[within], counts[within], len(self.values)).astype(np.int64)

    def interval(self, p: Fraction, confidence: float = CONFIDENCE) -> Interval | NoInterval:
        """The interval of quantile `p`."""
        beyond = self.beyond(limit(p, self.measured, self.late.count)) if self.measured.count else self.counts
        return interval(p, self.measured, self.late, self.counts, beyond, confidence)

    def mean_interval(self, confidence: float = CONFIDENCE) -> Interval | NoInterval:
        """The interval of the mean. There is none if values are censored."""
        if self.late.count:
            return NoInterval(Reason.of("censored", timeouts=self.late.count))
        return mean_interval(self.counts, self.totals, confidence)


def _sum(histograms: Sequence[Histogram]) -> Histogram:
    """The sum of all histograms. To add them all at once takes a fraction of the time of one after the other."""
    some = [each for each in histograms if each.count]
    if not some:
        return Histogram()
    index, inverse = np.unique(np.concatenate([each.index for each in some]), return_inverse=True)
    counts = np.zeros(len(index), np.int64)
    np.add.at(counts, inverse, np.concatenate([each.counts for each in some]))
    return Histogram(
        index,
        counts,
        sum(each.count for each in some),
        sum(each.total for each in some),
        min(each.least for each in some),
        max(each.most for each in some),
    )
