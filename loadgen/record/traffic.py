"""When requests were released and answers came, of all series together: counts by tick since the load began. From them
one sees when nothing came back. No folder keeps them."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from loadgen.exchange import NOT_YET
from loadgen.record.metrics import Instants
from loadgen.stats import Integers
from loadgen.stats.ticks import TICK

MOST = 1 << 16  # columns, over an hour of ticks; those of a longer load are wider


class Count(IntEnum):
    """The rows of `Traffic.counts`."""

    RELEASED = 0
    BACK = 1  # the kernel had an answer; where nobody knows when, a request that was sent was over


def traffic_of(of: Instants, origin: int | Integers) -> Integers:
    """The counts of some exchanges: rows of (tick, *Count), ascending. `origin` is when the load began, for all or for
    each."""
    if not len(of.released):
        return np.empty((0, 1 + len(Count)), np.int64)
    back = (of.sent > 0) & (of.received != NOT_YET)
    came = np.where(of.received > 0, of.received, of.done)
    ticks = [(of.released - origin) // TICK, ((came - origin) // TICK)[back]]
    first = min(int(at.min()) for at in ticks if len(at))
    size = max(int(at.max()) for at in ticks if len(at)) - first + 1
    counts = np.stack([np.bincount(at - first, minlength=size) for at in ticks], axis=1)
    there = np.flatnonzero(counts.any(axis=1))
    return np.column_stack((there + first, counts[there]))


class Traffic:
    """The sum of such counts: `counts` has a row for each `Count` and a column for each `width` ticks. `add` and
    `merge` are exact, commutative and associative."""

    def __init__(self) -> None:
        self.width = 1
        self.counts: Integers = np.zeros((len(Count), 0), np.int64)

    def add(self, rows: Integers) -> None:
        """Add rows of `traffic_of`. What was before the load began counts with its beginning."""
        self._place(np.maximum(rows[:, 0], 0), rows[:, 1:].T)

    def merge(self, other: Traffic) -> None:
        """Add what another one has counted."""
        while self.width < other.width:
            self._widen()
        self._place(np.arange(other.counts.shape[1]) * other.width, other.counts)

    def _place(self, ticks: Integers, counts: Integers) -> None:
        if not len(ticks):
            return
        last = int(ticks.max())
        while last // self.width >= MOST:
            self._widen()
        missing = last // self.width + 1 - self.counts.shape[1]
        if missing > 0:  # twice as many, so that growing costs little
            self.counts = np.pad(self.counts, ((0, 0), (0, max(missing, self.counts.shape[1]))))
        for row, more in zip(self.counts, counts, strict=True):
            np.add.at(row, ticks // self.width, more)

    def _widen(self) -> None:
        self.width *= 2
        even = np.pad(self.counts, ((0, 0), (0, self.counts.shape[1] % 2)))
        self.counts = even.reshape(len(Count), -1, 2).sum(axis=2)
