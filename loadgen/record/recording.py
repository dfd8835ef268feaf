"""A run's counts: the deltas of all workers, added up exactly. Memory does not grow with the length of the run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from loadgen.record.groups import KEPT, Cells, Groups
from loadgen.record.packed import Piece, pack
from loadgen.record.recorder import OTHERS, Delta, Grouped, Place, SeriesKey
from loadgen.record.share import Shares, by_series
from loadgen.record.traffic import Traffic
from loadgen.stats import Histogram, Integers

Part = tuple[int, int, int, Histogram]  # tick, series number, metric


def parts(groups: Integers, bins: Integers) -> Iterator[Part]:
    """The parts that groups and bins of a delta consist of."""
    start = 0
    for tick, series, metric, count, total, least, most, size in groups.tolist():
        index, counts = bins[start : start + size].T.copy()  # a view would keep all of the delta
        start += size
        yield tick, series, metric, Histogram(index, counts, count, total, least, most)


def _cells(grouped: Grouped, series: Mapping[int, SeriesKey]) -> Cells:
    """What counts in a percentile."""
    number, tick, of, total, least, most, size = grouped.groups.T
    there = sorted(set(of.tolist()))
    slots = np.array([series[each].slot for each in there], np.int64)
    kept = np.array([KEPT.index(o) if (o := series[each].outcome) in KEPT else -1 for each in there], np.int64)
    place = np.searchsorted(there, of)
    late = kept[place]
    own = late >= 0
    figures = np.stack((number, slots[place], late, tick, size), axis=1)
    sums = np.stack((total, least, most), axis=1)
    return Cells(figures[own], sums[own], grouped.bins[np.repeat(own, size)])


@dataclass(slots=True)
class Recording:
    """The histograms of a run by (series, metric), and what came since `flush` by tick of due. By series it also has
    the parts of the exchanges' time. Of all of them it has when they were under way, and how long those of each worker,
    each address of the target and each key took. No folder keeps these. `pieces` are all that is pending, if whoever
    counted it has packed it (`packed.pack`)."""

    histograms: dict[tuple[SeriesKey, int], Histogram] = field(default_factory=dict)
    shares: dict[SeriesKey, Shares] = field(default_factory=dict)
    pending: dict[Place, Histogram] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    workers: Groups = field(default_factory=Groups)
    addresses: Groups = field(default_factory=Groups)
    keys: Groups = field(default_factory=Groups)
    pieces: Sequence[Piece] | None = None

    def take(self, delta: Delta, series: Mapping[int, SeriesKey]) -> None:
        """Add a batch, whose series are those, by number."""
        for tick, number, metric, histogram in parts(delta.groups, delta.bins):
            self.add(tick, series[number], metric, histogram)
        for to, grouped in (
            (self.workers, delta.workers), (self.addresses, delta.addresses), (self.keys, delta.keys),
        ):  # fmt: skip
            to.take(_cells(grouped, series))
        for number, shares in by_series(delta.shares):
            self.shares.setdefault(series[number], Shares()).add(shares)
        self.traffic.add(delta.traffic)

    def merge(self, other: Recording) -> None:
        """Add what another recording took and has not flushed. The other one is of no use then."""
        self.pieces = None if self.pending else other.pieces
        for place, histogram in other.pending.items():
            if place in self.pending:
                self.pending[place].add(histogram)
            else:
                self.pending[place] = histogram
        for key, shares in other.shares.items():
            self.shares.setdefault(key, Shares()).add(shares)
        self.traffic.merge(other.traffic)
        self.workers.merge(other.workers)
        self.addresses.merge(other.addresses)
        self.keys.merge(other.keys)

    def add(self, tick: int, key: SeriesKey, metric: int, histogram: Histogram) -> None:
        self.pieces = None
        self.pending.setdefault((tick, key, metric), Histogram()).add(histogram)

    def packed(self) -> Sequence[Piece]:
        """What came since the last flush, as a run's folder keeps it."""
        return pack(self.pending) if self.pieces is None else self.pieces

    def flush(self) -> dict[Place, Histogram]:
        """Add what came since the last flush to the totals, and return it to be stored and shown."""
        taken, self.pending, self.pieces = self.pending, {}, None
        of_series: dict[tuple[SeriesKey, int], list[Histogram]] = {}
        for (_, key, metric), histogram in taken.items():
            of_series.setdefault((key, metric), []).append(histogram)
        for series, histograms in of_series.items():
            self.histograms.setdefault(series, Histogram()).add(
                histograms[0] if len(histograms) == 1 else Histogram.together(histograms)
            )
        return taken

    def fold_strata(self, by_worker: Iterable[Collection[SeriesKey]]) -> None:
        """Merge into `other` every stratum for which one worker had no room, because part of it is in that worker's
        `other` already. `by_worker` has the series of each worker."""
        known = [{key.stratum for key in keys} for keys in by_worker]
        full = [strata for strata in known if OTHERS in strata]
        whole = set.intersection(*full) if full else set().union(*known)
        for place in [place for place in self.histograms if place[0].stratum not in whole | {""}]:
            key, metric = place
            moved = (key._replace(stratum=OTHERS), metric)
            self.histograms.setdefault(moved, Histogram()).add(self.histograms.pop(place))
        for key in [key for key in self.shares if key.stratum not in whole | {""}]:
            self.shares.setdefault(key._replace(stratum=OTHERS), Shares()).add(self.shares.pop(key))

    def total(self, metric: int, **wanted: int | str) -> Histogram:
        """The sum of all series with the given `slot`, `outcome`, `connection`, `stratum`."""
        total = Histogram()
        for (key, of), histogram in self.histograms.items():
            if of == metric and all(getattr(key, name) == value for name, value in wanted.items()):
                total.add(histogram)
        return total
