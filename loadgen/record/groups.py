"""Response times by who is responsible for them: by worker. Their sum is what the recording has of all of them
together. So one sees whether one differs from the others. No folder keeps these counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadgen.exchange import Outcome
from loadgen.stats import OVERFLOW, Histogram, Integers

MOST = 64  # bins of time in a run, over four seconds of ticks; those of a longer one are wider
MANY = 1024  # groups: of more than so many, there are at the most `MOST_OF_MANY` bins
MOST_OF_MANY = 16
MOST_COUNTERS = 1 << 23  # of all groups: those of more are wider
PENDING = 1 << 16  # counters that are kept before they are added up: so many, or a quarter of those that there are
KEPT = (Outcome.OK, Outcome.TIMEOUT)  # what counts in a percentile

# a counter's place: the group's number 20 bits, the slot 20, whether they are timeouts 1, the bin 6, the counter 16
_COUNTER, _BIN, _LATE, _SLOT = 16, 6, 1, 20
_GROUP = _COUNTER + _BIN
_BINS = ((1 << _BIN) - 1) << _COUNTER
_COUNTERS = (1 << _COUNTER) - 1

Bins = Mapping[int, tuple[Histogram, Histogram]]  # of each bin with values: what was ok, and what timed out


class Group(NamedTuple):
    """Which exchanges: whose, of which row of the ledger, and whether they were ok or timeouts."""

    number: int
    slot: int
    outcome: int


class Cells(NamedTuple):
    """Values of groups in columns. `figures` has a row each of (number, slot, whether they are timeouts, tick,
    how many counters), and of (sum, least, most) in `sums`; `counters` are their (counter, count), in order."""

    figures: Integers
    sums: Integers
    counters: Integers


class Groups:
    """Histograms by group and bin of time; a bin is `width` ticks. `add` and `merge` are exact, commutative and
    associative; but of very many counters, 2 to the power of `coarse` are one. Memory does not grow with the length of
    the run."""

    def __init__(self) -> None:
        self.width, self.coarse = 1, 0
        self._most, self._last = MOST, 0
        self._counters, self._counts = _NONE, _NONE  # by place, ascending
        self._cells, self._sums = _NONE, np.empty((0, 3), np.int64)
        self._pending: list[tuple[Integers, Integers, Integers, Integers]] = []
        self._rows = 0

    def __getstate__(self) -> dict[str, Any]:
        self._settle()
        return self.__dict__

    def add(self, group: Group, tick: int, values: Histogram) -> None:
        """Add values that were due in a tick."""
        figures = [[group.number, group.slot, group.outcome == Outcome.TIMEOUT, tick, len(values.index)]]
        sums = [[values.total, values.least, values.most]]
        self.take(Cells(np.array(figures, np.int64), np.array(sums), np.stack((values.index, values.counts), axis=1)))

    def take(self, cells: Cells) -> None:
        """Add values of any groups."""
        number, slot, late, tick, size = cells.figures.T
        if not len(tick):
            return
        self._reach(int(tick.max()))
        place = ((number << _SLOT | slot) << _LATE | late) << _BIN | tick // self.width
        index, counts = cells.counters.T
        self._hold(np.repeat(place, size) << _COUNTER | _coarser(index, self.coarse), counts, place, cells.sums)

    def merge(self, other: Groups) -> None:
        """Add what another one has counted. The other one is of no use then."""
        self._settle()
        other._settle()
        self._reach(other._last)
        while self.width < other.width:
            self._widen()
        while other.width < self.width:
            other._widen()
        self._coarsen(other.coarse)
        other._coarsen(self.coarse)
        self._hold(other._counters, other._counts, other._cells, other._sums)

    @property
    def values(self) -> dict[Group, dict[int, Histogram]]:
        """The histograms of each group, by bin."""
        self._settle()
        found: dict[Group, dict[int, Histogram]] = {}
        ends = np.searchsorted(self._counters >> _COUNTER, self._cells, "right").tolist()
        index, start = self._counters & _COUNTERS, 0
        for place, end, sums in zip(self._cells.tolist(), ends, self._sums.tolist(), strict=True):
            counts = self._counts[start:end]
            group = Group(place >> _BIN + _LATE + _SLOT, place >> _BIN + _LATE & _SLOTS, KEPT[place >> _BIN & 1])
            values = Histogram(index[start:end], counts, int(counts.sum()), *sums)
            found.setdefault(group, {})[place & (1 << _BIN) - 1] = values
            start = end
        return found

    def of_owners(self, owners: Mapping[int, int]) -> Groups:
        """The same by owner, where each number has one; of a number without an owner nothing is left."""
        self._settle()
        every = Groups()
        every.width, every.coarse, every._most, every._last = self.width, self.coarse, self._most, self._last
        counters, own = _owned(self._counters, _GROUP, owners)
        cells, of = _owned(self._cells, _BIN, owners)
        every._hold(counters, self._counts[own], cells, self._sums[of])
        return every

    def by_slot(self) -> dict[int, dict[int, Bins]]:
        """For each slot, for each of its groups by number, its bins."""
        values, found = self.values, dict[int, dict[int, Bins]]()
        for number, slot in sorted({(group.number, group.slot) for group in values}):
            ok, late = (values.get(Group(number, slot, outcome), {}) for outcome in KEPT)
            bins = {at: (ok.get(at, Histogram()), late.get(at, Histogram())) for at in ok | late}
            found.setdefault(slot, {})[number] = bins
        return found

    def _reach(self, tick: int) -> None:
        """Let the bins reach so far."""
        self._last = max(self._last, tick)
        if self._last // self.width >= self._most:
            self._settle()
        while self._last // self.width >= self._most:
            self._widen()

    def _hold(self, counters: Integers, counts: Integers, cells: Integers, sums: Integers) -> None:
        self._pending.append((counters, counts, cells, sums))
        self._rows += len(counters)
        if self._rows > max(PENDING, len(self._counters) // 4):
            self._settle()

    def _settle(self) -> None:
        if not self._pending:
            return
        every = [(self._counters, self._counts, self._cells, self._sums), *self._pending]
        self._pending, self._rows = [], 0
        counters, counts, cells, sums = (np.concatenate(of) for of in zip(*every, strict=True))
        self._counters, self._counts = _counted(*_ordered(counters, counts))
        self._cells, self._sums = _summed(cells, sums)
        if self._most > MOST_OF_MANY and len(_starts(self._cells >> _BIN)) > MANY:
            self._most = MOST_OF_MANY
            self._reach(self._last)
        while len(self._counters) > MOST_COUNTERS:
            self._coarsen(self.coarse + 1)

    def _widen(self) -> None:
        """Make the bins twice as wide, with nothing pending."""
        self.width *= 2
        counters, cells = self._counters, self._cells
        bins = (counters & _BINS) >> 1 & _BINS
        self._counters, self._counts = _counted(*_ordered(counters & ~_BINS | bins, self._counts))
        bins = (cells & (1 << _BIN) - 1) >> 1
        self._cells, self._sums = _summed(cells >> _BIN << _BIN | bins, self._sums)

    def _coarsen(self, bits: int) -> None:
        """Make the counters as wide, if they are not, with nothing pending."""
        if bits > self.coarse:
            self.coarse = bits
            index = _coarser(self._counters & _COUNTERS, bits)
            self._counters, self._counts = _counted(self._counters & ~_COUNTERS | index, self._counts)  # in order


_NONE = np.empty(0, np.int64)
_SLOTS = (1 << _SLOT) - 1


def _coarser(index: Integers, bits: int) -> Integers:
    """The last of so many counters stands for all of them, so that a quantile is still at the top of its counter."""
    return np.minimum(index | (1 << bits) - 1, OVERFLOW) if bits else index


def _owned(places: Integers, below: int, owners: Mapping[int, int]) -> tuple[Integers, NDArray[np.bool_]]:
    """The places with the owner's number in place of each number, and which of them have one."""
    numbers = places >> below + _LATE + _SLOT
    names = sorted(set(numbers.tolist()))
    of = np.array([owners.get(name, -1) for name in names], np.int64)[np.searchsorted(names, numbers)]
    own = of >= 0
    rest = places[own] & (1 << below + _LATE + _SLOT) - 1
    return of[own] << below + _LATE + _SLOT | rest, own


def _ordered(places: Integers, counts: Integers) -> tuple[Integers, Integers]:
    order = np.argsort(places, kind="stable")
    return places[order], counts[order]


def _counted(ordered: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """The sum of the counts of each place."""
    starts = _starts(ordered)
    return ordered[starts], np.add.reduceat(counts, starts) if len(starts) else counts


def _summed(cells: Integers, sums: Integers) -> tuple[Integers, Integers]:
    """The sum, the least and the most of each cell, ascending."""
    if not len(cells):
        return cells, sums
    order = np.argsort(cells, kind="stable")
    cells, (total, least, most) = cells[order], sums[order].T
    starts = _starts(cells)
    together = [np.add.reduceat(total, starts), np.minimum.reduceat(least, starts), np.maximum.reduceat(most, starts)]
    return cells[starts], np.stack(together, axis=1)


def _starts(ordered: Integers) -> Integers:
    """Where a run of equal values begins in an ordered array."""
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(ordered) else ordered
