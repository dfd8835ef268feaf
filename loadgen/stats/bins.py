"""A run's values bin by bin, in memory: the input of the intervals."""

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
class Bins:
    """The values of each bin of `width` s, also of bins without any. `censored` are the values that are known only to
    be greater than given, also by bin. `ramp`: the load changed as planned."""

    values: Sequence[Histogram]
    censored: Sequence[Histogram] = ()
    width: float = 1.0
    ramp: bool = False

    @cached_property
    def measured(self) -> Histogram:
        return Histogram.together(self.values)

    @cached_property
    def late(self) -> Histogram:
        return Histogram.together(self.censored)

    @cached_property
    def counts(self) -> Integers:
        return np.array([value.count + late.count for value, late in self._pairs], np.int64)

    @cached_property
    def totals(self) -> Floats:
        """The sums in ns. A censored value counts with its bound."""
        return np.array([value.total + late.total for value, late in self._pairs], np.float64)

    @cached_property
    def _counters(self) -> tuple[Integers, Integers, Integers]:
        """The counters of all bins in a row, the count of each, and the bin that it belongs to."""
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
        """The number of values in each bin that are greater than the counter of `value` (ns), and of the censored
        ones."""
        index, counts, bins = self._counters
        within = index <= index_of(np.array([value]))[0]
        return self.counts - np.bincount(bins[within], counts[within], len(self.values)).astype(np.int64)

    def interval(self, p: Fraction, confidence: float = CONFIDENCE) -> Interval | NoInterval:
        """The interval of quantile `p`."""
        beyond = self.beyond(limit(p, self.measured, self.late.count)) if self.measured.count else self.counts
        return interval(p, self.measured, self.late, self.counts, beyond, confidence, self.width, self.ramp)

    def mean_interval(self, confidence: float = CONFIDENCE) -> Interval | NoInterval:
        """The interval of the mean. There is none if values are censored."""
        if self.late.count:
            return NoInterval(Reason.of("censored", timeouts=self.late.count))
        return mean_interval(self.counts, self.totals, confidence, self.width, self.ramp)
