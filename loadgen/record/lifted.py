"""By how much this machine lifted a figure: a percentile, the mean or the maximum. The one estimate of it; a run's
verdict and the table of whose time a percentile is have the same.

Let w be the times in order, and l the times without this machine's part, put in order by themselves. The share of the
quantile at rank k is 1 - exp(mean of ln(l/w)), over the ranks within half of those beyond k at either side, and `LEAST`
at the least. Both are put in order, since the slowest exchanges without this machine's part need not be the same ones.
The logarithm makes a single far value weigh little: where 0.9 % of the answers take 10 s and others were lifted to
200 ms, the share of p99 is that of the lifted ones. `tests/simulations/test_figures.py` has how often it is right.

An exchange without this machine's part is taken as the mean over those that lasted as long (within 0.1 %). A timeout is
as slow as any exchange: it may have left late, and that may be the whole reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadgen.record.attribution import COUNTED, NONE, counted, net
from loadgen.record.share import MOSTLY_STAMPED, Part, Shares
from loadgen.stats import fewest, fraction, rank

LEAST = 10  # ranks at either side: a single late exchange makes no percentile

Floats = NDArray[Any]


class Lifted(NamedTuple):
    """A figure, and what it is without this machine's part of each exchange, in ns; this machine's share of it, from 0
    to 1; and what that is made of, in ns."""

    value: float
    without: float
    share: float
    parts: dict[str, float]


class Lift:
    """What this machine made of the figures of some exchanges, at least one. `asked` are parts that are not this
    machine's."""

    def __init__(self, shares: Shares, asked: Mapping[Part, str] = NONE) -> None:
        sums = shares.sums
        self.count = shares.count
        self.at_least = int(sums[:, Part.STAMPED].sum()) < MOSTLY_STAMPED * self.count
        self._counts = sums[:, Part.COUNT]
        self._parts = counted(net(sums, asked))
        whole = np.maximum(sums[:, Part.WHOLE] / self._counts, 1)
        left = np.maximum(whole - self._parts.sum(axis=1) / self._counts, 1)
        self._measured, self._left = _Ordered(whole, self._counts), _Ordered(left, self._counts)

    def of(self, name: str) -> Lifted | None:
        """A percentile, `mean`, `min` or `max`; None if there are too few exchanges for it."""
        measured, left, count = self._measured, self._left, self.count
        if name == "mean":
            value, without = measured.mean(), left.mean()
            share, first, last = 1 - without / value, 1, count
        elif name.startswith("p") and count < fewest(name):
            return None
        else:
            position, reach = _position(name, count)
            value, without = measured.at(position), left.at(position)
            first, last = max(1, position - reach), min(count, position + reach)
            share = 1 - math.exp(left.log_mean(first, last) - measured.log_mean(first, last))
        share = max(0.0, share)
        return Lifted(value, without, share, self._divided((first, last), share * value))

    def _divided(self, ranks: tuple[int, int], part: float) -> dict[str, float]:
        """`part` by what it is made of: as it is in the exchanges at these ranks, or at these and all above, if these
        have none."""
        counts, above = self._counts, np.cumsum(self._counts)
        for first, last in (ranks, (ranks[0], int(above[-1]))):
            inside = np.maximum(np.minimum(above, last) - np.maximum(above - counts, first - 1), 0) / counts
            sums = np.maximum(inside @ self._parts, 0)
            if total := float(sums.sum()):
                named = zip(COUNTED, sums, strict=True)
                return {of.name.lower(): float(ns) / total * part for of, ns in named if ns}
        return {}


class _Ordered:
    """Times in ascending order, each of so many exchanges; to be read by rank, from 1."""

    def __init__(self, times: Floats, counts: Floats) -> None:
        order = np.argsort(times, kind="stable")
        self.times, self.counts = times[order], counts[order]
        self.above = np.cumsum(self.counts)

    def at(self, position: int) -> float:
        return float(self.times[np.searchsorted(self.above, position)])

    def mean(self) -> float:
        return float(self.times @ self.counts) / float(self.above[-1])

    def log_mean(self, first: int, last: int) -> float:
        """The mean logarithm of the times from rank `first` to `last`."""
        inside = np.minimum(self.above, last) - np.maximum(self.above - self.counts, first - 1)
        return float(np.maximum(inside, 0) @ np.log(self.times)) / (last - first + 1)


def _position(name: str, count: int) -> tuple[int, int]:
    """The rank of a quantile, and how far the ranks about it reach."""
    if name in ("min", "max"):
        return (1 if name == "min" else count), 0
    position = rank(fraction(name), count)
    return position, max(LEAST, min(position, count - position) // 2)
