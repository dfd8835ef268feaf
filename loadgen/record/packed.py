"""Many histograms in columns, and the bytes that a run's folder keeps of them.

A histogram for each bin of each series takes many small arrays. In columns, a second of any load is ten arrays, which
numpy works through at once: `Counts`.

Packed they are a zlib stream of: the number of groups (4 bytes), and ten columns. A column is a byte that tells how
many bytes a number has, then the lowest byte of each number, then the next one of each, and so on. Numbers that are
alike lie beside each other then, and zlib makes most of the higher bytes vanish. The columns, with a number for each
group, or for each counter in it:

    tick, series, metric                      of the group; series is a place in a list that is kept beside it
    counters                                  how many counters the group has
    first                                     its first counter
    least, most                               less the lowest value of the first and of the last counter
    total                                     less the sum of all values, were they the lowest of their counters
    gaps                                      to each counter from the one before in its group, less 1; 0 for the first
    counts                                    of each counter, less 1
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from loadgen.record.recorder import Place, SeriesKey
from loadgen.stats import COUNTERS, HIGHEST, OVERFLOW, Histogram, Integers, bounds_of
from loadgen.stats.histogram import LIMIT

Wanted = Callable[[SeriesKey, int], bool]  # a series and a metric

MOST_COUNTERS = 1 << 18  # in a piece; a group that has more of them alone does not exist
MOST_BYTES = MOST_COUNTERS * 64  # of a piece that is unpacked: a counter and its group take fewer
LEVEL = 6  # of zlib: 9 makes 2 % less of it in twice the time

MOST_VALUES = 1 << 40  # in a counter

# of each counter the lowest value, and how far above that there may be others; above an hour there is one, for all
LOWEST, _HIGHEST = bounds_of(np.arange(COUNTERS))
LOWEST[OVERFLOW] = HIGHEST + 1
ABOVE = _HIGHEST - LOWEST
ABOVE[OVERFLOW] = LIMIT

_GROUPS = struct.Struct("<I")
_OF_GROUP = 8  # columns


@dataclass(frozen=True)
class Counts:
    """Groups of values: those of one series and metric that were due in the same bin. `series` are the keys that `of`
    counts in; `index` and `counts` are those of all groups in a row, of which each has `counters`."""

    series: Sequence[SeriesKey]
    tick: Integers
    of: Integers
    metric: Integers
    counters: Integers
    least: Integers
    most: Integers
    total: Integers
    index: Integers
    counts: Integers

    @classmethod
    def of_histograms(cls, histograms: Mapping[Place, Histogram]) -> Counts:
        """None of them may be empty."""
        numbers: dict[SeriesKey, int] = {}
        groups = [
            (tick, numbers.setdefault(key, len(numbers)), metric, len(h.index), h.least, h.most, h.total)
            for (tick, key, metric), h in histograms.items()
        ]
        tick, of, metric, counters, least, most, total = np.array(groups, np.int64).reshape(-1, 7).T
        none = np.empty(0, np.int64)
        index = np.concatenate([none, *(h.index for h in histograms.values())])
        counts = np.concatenate([none, *(h.counts for h in histograms.values())])
        return cls(tuple(numbers), tick, of, metric, counters, least, most, total, index, counts)

    @cached_property
    def starts(self) -> Integers:
        """Where the counters of each group begin, and behind them where all of them end."""
        return np.concatenate(([0], np.cumsum(self.counters)))

    @cached_property
    def cumulated(self) -> Integers:
        """How many values there are before each counter, and behind them how many there are."""
        return np.concatenate(([0], np.cumsum(self.counts)))

    @cached_property
    def count(self) -> Integers:
        """How many values each group has."""
        return np.add.reduceat(self.counts, self.starts[:-1]) if len(self.tick) else self.counts

    def up_to(self, groups: Integers, index: Integers) -> Integers:
        """How many values of these groups are in the counters up to each of `index`, which has a row for each group."""
        places = np.repeat(np.arange(len(self.tick)), self.counters) * COUNTERS + self.index
        found = np.searchsorted(places, (groups * COUNTERS)[:, None] + index, "right")
        return self.cumulated[found] - self.cumulated[self.starts[groups]][:, None]

    def figures(self) -> tuple[list[tuple[SeriesKey, int]], Integers]:
        """The series and metrics that there are, and the place in that list of each group's."""
        code, places = np.unique(self.of << 32 | self.metric, return_inverse=True)
        return [(self.series[each >> 32], each & 0xFFFFFFFF) for each in code.tolist()], places

    def histograms(self) -> Iterator[tuple[Place, Histogram]]:
        """Each group as a histogram."""
        starts = self.starts.tolist()
        columns = (self.tick, self.of, self.metric, self.count, self.total, self.least, self.most)
        for number, (tick, of, metric, *told) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            part = slice(starts[number], starts[number + 1])
            yield (tick, self.series[of], metric), Histogram(self.index[part], self.counts[part], *told)

    def only(self, wanted: Wanted) -> Counts:
        """The groups of the wanted series and metrics."""
        figures, places = self.figures()
        return self.where(np.array([wanted(*figure) for figure in figures], bool)[places])

    def narrowed(self, metrics: Collection[int]) -> Narrow:
        """The groups of these metrics, in as few bytes as they take."""
        ends = self.starts.tolist()
        own = [number for number, metric in enumerate(self.metric.tolist()) if metric in metrics]
        parts = [slice(ends[number], ends[number + 1]) for number in own]
        none = np.empty(0, np.int64)
        columns = (self.tick, self.of, self.metric, self.counters, self.least, self.most, self.total)
        return Narrow(
            self.series,
            np.array([column[own] for column in columns]),
            np.concatenate([none, *(self.index[part] for part in parts)]).astype(np.uint16),
            _narrowest(np.concatenate([none, *(self.counts[part] for part in parts)])),
        )

    def where(self, groups: Integers) -> Counts:
        """Those groups of which `groups` is true."""
        if groups.all():
            return self
        each = np.repeat(groups, self.counters)
        return Counts(
            self.series,
            self.tick[groups],
            self.of[groups],
            self.metric[groups],
            self.counters[groups],
            self.least[groups],
            self.most[groups],
            self.total[groups],
            self.index[each],
            self.counts[each],
        )


@dataclass(frozen=True, slots=True)
class Narrow:
    """`Counts` in as few bytes as they take: `groups` has their columns of the groups, as rows."""

    series: Sequence[SeriesKey]
    groups: Integers
    index: NDArray[np.uint16]
    counts: NDArray[Any]

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.groups.nbytes + self.index.nbytes + self.counts.nbytes

    @classmethod
    def widened(cls, many: Sequence[Narrow]) -> Counts:
        """Several, of the same series, as counts."""
        tick, of, metric, counters, least, most, total = np.concatenate([each.groups for each in many], axis=1)
        index = np.concatenate([each.index for each in many]).astype(np.int64)
        counts = np.concatenate([each.counts for each in many]).astype(np.int64)
        return Counts(many[0].series, tick, of, metric, counters, least, most, total, index, counts)


def _narrowest(counts: Integers) -> NDArray[Any]:
    most = int(counts.max(initial=0))
    return counts.astype(next(kind for kind in (np.uint8, np.uint16, np.int64) if most <= np.iinfo(kind).max))


class Inflating(Protocol):
    """What `zlib.decompressobj` makes."""

    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Packed counts, and the series that they count in."""

    series: tuple[SeriesKey, ...]
    packed: bytes


def pack(histograms: Mapping[Place, Histogram]) -> tuple[Piece, ...]:
    """The histograms in as few pieces as may be. This takes most of the time of writing them, so that whoever counts
    does it."""
    pieces, taken, size = [], dict[Place, Histogram](), 0
    for place, histogram in histograms.items():
        if size and size + len(histogram.index) > MOST_COUNTERS - COUNTERS:
            pieces.append(_packed(Counts.of_histograms(taken)))
            taken, size = {}, 0
        if histogram.count:
            taken[place] = histogram
            size += len(histogram.index)
    return (*pieces, _packed(Counts.of_histograms(taken))) if taken else tuple(pieces)


def _packed(of: Counts) -> Piece:
    starts = of.starts[:-1]
    first, last = of.index[starts], of.index[of.starts[1:] - 1]
    gaps = np.diff(of.index, prepend=0) - 1
    gaps[starts] = 0
    total = of.total - np.add.reduceat(LOWEST[of.index] * of.counts, starts)
    columns = (
        of.tick, of.of, of.metric, of.counters, first, of.least - LOWEST[first], of.most - LOWEST[last], total,
        gaps, of.counts - 1,
    )  # fmt: skip
    return Piece(
        tuple(of.series),
        zlib.compress(_GROUPS.pack(len(starts)) + b"".join(_planes(column) for column in columns), LEVEL),
    )


def unpack(piece: Piece) -> Counts:
    """The counts of a piece. Raises ValueError for what `pack` did not make."""
    unpacked = inflate(zlib.decompressobj(), piece.packed, MOST_BYTES)
    (groups,) = _GROUPS.unpack_from(unpacked) if len(unpacked) >= _GROUPS.size else (0,)
    at, columns = _GROUPS.size, list[Integers]()
    for _ in range(_OF_GROUP):
        column, at = _column(unpacked, at, groups)
        columns.append(column)
    tick, of, metric, counters, first, least, most, total = columns
    _check(groups > 0 and (counters > 0).all() and float(counters.sum(dtype=np.float64)) <= MOST_COUNTERS)
    size = int(counters.sum())
    gaps, at = _column(unpacked, at, size)
    counts, at = _column(unpacked, at, size)
    _check(at == len(unpacked))
    _check(max(tick.max(), metric.max()) < 1 << 32 and of.max() < len(piece.series))
    _check(max(first.max(), gaps.max()) < COUNTERS and counts.max() < MOST_VALUES)
    starts = np.cumsum(counters) - counters
    counts += 1
    index = np.cumsum(gaps + 1)
    index += np.repeat(first - index[starts], counters)
    _check(index.max() <= OVERFLOW)
    top, count = index[starts + counters - 1], np.add.reduceat(counts, starts)
    _check((least <= ABOVE[first]).all() and (most <= ABOVE[top]).all())
    # as floats, which cannot overflow: then the integers do not
    _check((count * LOWEST[top].astype(np.float64) < LIMIT).all())
    _check((total <= count * ABOVE[top].astype(np.float64)).all() and total.max() < LIMIT)
    least, most = least + LOWEST[first], most + LOWEST[top]
    _check((least <= most).all())
    total = total + np.add.reduceat(LOWEST[index] * counts, starts)
    return Counts(piece.series, tick, of, metric, counters, least, most, total, index, counts)


def inflate(stream: Inflating, packed: bytes, most: int) -> bytes:
    """What that comes to, up to where the stream was flushed. Raises ValueError if it is more than `most` bytes, or no
    zlib stream."""
    try:
        unpacked = stream.decompress(packed, most)
    except zlib.error:
        raise ValueError("not a zlib stream") from None
    _check(not stream.unconsumed_tail and not stream.unused_data)
    return unpacked


def _planes(column: Integers) -> bytes:
    width = max(1, (int(column.max(initial=0)).bit_length() + 7) // 8)
    planes = np.ascontiguousarray(column, "<i8").view(np.uint8).reshape(-1, 8)[:, :width].T
    return bytes((width,)) + planes.tobytes()


def _column(unpacked: bytes, at: int, numbers: int) -> tuple[Integers, int]:
    """So many numbers, and where the next column begins."""
    width = unpacked[at] if at < len(unpacked) else 0
    end = at + 1 + width * numbers
    _check(1 <= width <= 8 and end <= len(unpacked))
    planes = np.frombuffer(unpacked, np.uint8, width * numbers, at + 1).reshape(width, numbers)
    column = planes[0].astype(np.int64)
    for number, plane in enumerate(planes[1:], 1):
        column |= plane.astype(np.int64) << 8 * number
    _check(width < 8 or (column >= 0).all())
    return column, end


def _check(holds: object) -> None:
    if not holds:
        raise ValueError("not as counts are packed")
