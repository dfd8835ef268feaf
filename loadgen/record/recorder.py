"""One worker's recorder. Instants go into preallocated rows, and full buffers of rows go to the fleet, which folds
them.

Recording an exchange costs one pack of integers; sending a buffer costs a copy of it. (Folding on the worker's loop was
tried: it took 0.5 ms every 384 exchanges, which at 20,000/s was lag in every fortieth of them.)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from loadgen.exchange import REUSED, Exchange
from loadgen.form import FORM
from loadgen.native import BytesWriter, i64, write_i64_le
from loadgen.record.environments import Met
from loadgen.record.ledger import OUTCOMES
from loadgen.record.metrics import BITS, CENSORED, HEADLINES, OF_EXCHANGE, WAITED, WIDTH, Instants, measure
from loadgen.record.share import divide
from loadgen.record.traffic import traffic_of
from loadgen.stats import COUNTERS, Integers, index_of
from loadgen.stats.ticks import bin_of, second_of

COMPILED: Final = FORM == "compiled"

ROWS: Final = 512  # handed in at once
LABELS: Final = 3  # of connections

# a folded value's place: series 22 bits, metric 8, and before them the tick
SERIES_BITS, METRIC_BITS = 22, BITS
CROWDED = 16  # so many counters for each value are still counted one by one

# columns of `measure`: figures that can have an interval are counted by bin, all others by second
BY_BIN = [column for column, metric in enumerate(OF_EXCHANGE) if metric in CENSORED]
BY_SECOND = [column for column, metric in enumerate(OF_EXCHANGE) if metric not in CENSORED]

HEADLINE_COLUMNS = [OF_EXCHANGE.index(metric) for metric in HEADLINES]

OTHERS = "other"  # the stratum of what a worker has no room for


class SeriesKey(NamedTuple):
    """What a series stands for: a row of the ledger, an outcome class, a connection label and a stratum
    (`cold=true`)."""

    slot: int
    outcome: int
    connection: int
    stratum: str


Place = tuple[int, SeriesKey, int]  # of values: the tick in which they were due (`ticks`), series, metric


class Timing(NamedTuple):
    """What is known of the phase of a series, in ns: the mean gap between its arrivals, when the series began after the
    load did, and how long the phase lasts, 0 if that is not known beforehand."""

    gap: int = WAITED
    began: int = 0
    lasts: int = 0


class Grouped(NamedTuple):
    """What counts in a percentile, by the number of whoever is responsible: the response, or of a load without a
    schedule the service. `groups` has a row each of (number, tick of due, series, sum, least, most, how many bins);
    `bins` their (counter, count), in order."""

    groups: Integers
    bins: Integers


@dataclass(frozen=True, slots=True)
class Delta:
    """Sparse counts of some values. `groups` has a row each of
    (tick of due, series, metric, count, sum, least, most, how many bins); `bins` their (counter, count), in order.
    `shares` is `share.divide` of the exchanges, `traffic` is `traffic.traffic_of` of them. `workers`, `addresses` and
    `keys` have their times by the worker that sent them, the address that they went to and the key that they were
    about."""

    groups: Integers
    bins: Integers
    shares: Integers
    traffic: Integers
    workers: Grouped
    addresses: Grouped
    keys: Grouped


class Batch(NamedTuple):
    """What a recorder sends: rows of instants (`metrics.Instants`, 8 bytes each), and figures that do not belong to one
    exchange as (ns from the origin to due, series, metric, ns)."""

    rows: bytes
    singles: tuple[tuple[int, int, int, int], ...]


class Recorder:
    """Records the exchanges of one worker; `emit` is called with each batch. `origin` is the instant at which the load
    began.

    `new_series(number, key)` is called before the first figure of a series.
    """

    def __init__(
        self, origin: int, emit: Callable[[Batch], None], new_series: Callable[[int, SeriesKey], None]
    ) -> None:
        self._origin, self._emit, self._new_series = origin, emit, new_series
        self.met = Met(origin)
        self._pack = struct.Struct(f"{WIDTH}q").pack_into
        self._size = WIDTH * 8
        self._buffer = bytearray(ROWS * self._size)
        if COMPILED:
            self._writer = BytesWriter()
        self._rows: i64 = 0
        self._singles: list[tuple[int, int, int, int]] = []
        self._known: i64 = 0  # series
        self._numbers: dict[str, dict[int, int]] = {"": {}}  # of series, by stratum and then by the rest of their keys

    def exchange(self, x: Exchange, due: i64, stratum: str = "") -> None:
        """Record a finished exchange. `due` is 0 if the load has no schedule."""
        series = self.series(x.slot, x.outcome, x.connection, stratum)
        connected: i64 = 0 if x.connection == REUSED else x.connected
        if COMPILED:
            self._write(x, series, due, connected)
        else:
            # fmt: off
            self._pack(
                self._buffer, self._rows * self._size, series, due, x.released, x.signed, x.started, connected, x.sent,
                x.first, x.received, x.done, x.dns, x.tcp, x.tls, x.handshake_cpu, x.wait_delay, x.connect_delay,
                x.build, x.address, x.request.key,
            )
            # fmt: on
        self._rows += 1
        if self._rows == ROWS:
            self.flush()

    def _write(self, x: Exchange, series: i64, due: i64, connected: i64) -> None:
        """The same row, as numbers of C: to pack it would make an object of each of them."""
        row = self._writer
        write_i64_le(row, series)
        write_i64_le(row, due)
        write_i64_le(row, x.released)
        write_i64_le(row, x.signed)
        write_i64_le(row, x.started)
        write_i64_le(row, connected)
        write_i64_le(row, x.sent)
        write_i64_le(row, x.first)
        write_i64_le(row, x.received)
        write_i64_le(row, x.done)
        write_i64_le(row, x.dns)
        write_i64_le(row, x.tcp)
        write_i64_le(row, x.tls)
        write_i64_le(row, x.handshake_cpu)
        write_i64_le(row, x.wait_delay)
        write_i64_le(row, x.connect_delay)
        write_i64_le(row, x.build)
        write_i64_le(row, x.address)
        write_i64_le(row, x.request.key)

    def value(self, series: int, metric: int, due: int, value: int) -> None:
        """Record one figure that does not belong to one exchange: an iteration, or a time that the server reported."""
        self._singles.append((max(0, due - self._origin), series, metric, max(value, 0)))
        if len(self._singles) >= ROWS:
            self.flush()

    def series(self, slot: i64, outcome: i64, connection: i64, stratum: str) -> i64:
        """The number of a series, which is announced the first time."""
        numbers = self._numbers.get(stratum)
        if numbers is None:
            numbers = self._numbers[stratum] = {}
        place = (slot * OUTCOMES + outcome) * LABELS + connection
        number = numbers.get(place)
        if number is None:
            number = numbers[place] = self._known
            self._known += 1
            self._new_series(number, SeriesKey(slot, outcome, connection, stratum))
        return number

    def flush(self) -> None:
        """Send what was recorded since the last call."""
        if self._rows or self._singles:
            self._emit(Batch(self._taken(), tuple(self._singles)))
            self._rows = 0
            self._singles.clear()

    def _taken(self) -> bytes:
        if not COMPILED:
            return bytes(memoryview(self._buffer)[: self._rows * self._size])
        rows = self._writer.getvalue()
        self._writer.truncate(0)
        return rows


def fold(batch: Batch, origin: int | Integers, timings: Sequence[Timing] = (), worker: int | Integers = 0) -> Delta:
    """The sparse counts of a batch. `origin` as the recorder's, `timings` by series. Of rows of several workers
    `origin` and `worker` have one for each row, and the series are those of all of them together."""
    rows = np.frombuffer(batch.rows, np.int64).reshape(-1, WIDTH)
    singles = np.array(batch.singles, np.int64).reshape(-1, 4)
    # a load without a schedule is counted where it was released
    since = np.maximum(np.where(rows[:, 1] > 0, rows[:, 1], rows[:, 2]) - origin, 0)
    series, figures = rows[:, 0], measure(rows)
    bins = _bins(since, series, timings)
    counted = [
        *_of_exchanges(_place(bins, series), BY_BIN, figures.T),
        *_of_exchanges(_place(second_of(since), series), BY_SECOND, figures.T),
    ]
    if len(singles):
        at, of, metrics, values = singles.T
        ticks = np.where(np.isin(metrics, [*CENSORED]), _bins(at, of, timings), second_of(at))
        places = _place(ticks, of) | metrics
        order = np.argsort(places)
        counted.append(_counts(places[order], values[order]))
    shares = divide(series, figures, [timing.gap for timing in timings])
    instants = Instants(*rows.T)
    response, service = (figures[:, column] for column in HEADLINE_COLUMNS)
    times = np.where(response >= 0, response, service)
    workers = _grouped(np.broadcast_to(np.asarray(worker, np.int64), len(rows)), 0, bins, series, times)
    addresses, keys = (_grouped(of, 1, bins, series, times) for of in (instants.address, instants.key))
    groups, counters = (np.concatenate(of) for of in zip(*counted, strict=True))
    traffic = traffic_of(instants, origin)
    return Delta(groups, counters, shares, traffic, workers, addresses, keys)


def _grouped(numbers: Integers, first: int, bins: Integers, series: Integers, times: Integers) -> Grouped:
    """The times that are known, of numbers from `first` on."""
    known = (numbers >= first) & (times >= 0)
    order = np.lexsort((numbers[known], series[known], bins[known]))
    numbers, bins, series, times = (of[known][order] for of in (numbers, bins, series, times))
    if not len(times):
        return Grouped(np.empty((0, 7), np.int64), np.empty((0, 2), np.int64))
    changes = (numbers[1:] != numbers[:-1]) | (series[1:] != series[:-1]) | (bins[1:] != bins[:-1])
    starts = np.flatnonzero(np.concatenate(([True], changes)))
    sizes = np.diff(starts, append=len(times))
    places = np.repeat(np.arange(len(starts)), sizes) * COUNTERS + index_of(times)
    found, counts = np.unique(places, return_counts=True)
    groups = (
        numbers[starts], bins[starts], series[starts], np.add.reduceat(times, starts),
        np.minimum.reduceat(times, starts), np.maximum.reduceat(times, starts), np.bincount(found // COUNTERS),
    )  # fmt: skip
    return Grouped(np.stack(groups, axis=1), np.stack((found % COUNTERS, counts), axis=1))


def _bins(since: Integers, series: Integers, timings: Sequence[Timing]) -> Integers:
    if not timings:
        return bin_of(since, since)
    _, began, lasts = np.array(timings, np.int64)[series].T
    return bin_of(since, np.where(lasts > 0, lasts, since - began))


def _of_exchanges(places: Integers, columns: Sequence[int], figures: Integers) -> Iterator[tuple[Integers, Integers]]:
    """The counts of those metrics of `OF_EXCHANGE` that were measured. `figures` has a row for each."""
    order = np.argsort(places) if (places[1:] < places[:-1]).any() else None
    places = places if order is None else places[order]
    for column in columns:
        values = figures[column] if order is None else figures[column, order]
        measured = values >= 0
        if not measured.any():
            continue
        of = places
        if not measured.all():  # a copy of all would be half the work
            of, values = places[measured], values[measured]
        yield _counts(of | int(OF_EXCHANGE[column]), values)


def _place(tick: Integers, series: Integers) -> Integers:
    """Where a value belongs, but for its metric."""
    return (tick << SERIES_BITS | series) << METRIC_BITS


def _counts(places: Integers, values: Integers) -> tuple[Integers, Integers]:
    """The groups and the bins of some values at ascending places."""
    starts = _starts(places)
    sizes = np.diff(starts, append=len(places))
    index = index_of(values)
    least = index.min()
    span = int(index.max() - least) + 1
    found, counts = _distinct(np.repeat(np.arange(len(starts)), sizes) * span + (index - least), len(starts) * span)
    group = places[starts]
    groups = np.empty((len(group), 8), np.int64)
    groups[:, 0] = group >> (METRIC_BITS + SERIES_BITS)
    groups[:, 1] = group >> METRIC_BITS & ((1 << SERIES_BITS) - 1)
    groups[:, 2] = group & ((1 << METRIC_BITS) - 1)
    groups[:, 3] = sizes
    groups[:, 4] = np.add.reduceat(values, starts)
    groups[:, 5] = np.minimum.reduceat(values, starts)
    groups[:, 6] = np.maximum.reduceat(values, starts)
    groups[:, 7] = np.bincount(found // span)
    return groups, np.stack((found % span + least, counts), axis=1)


def _distinct(numbers: Integers, below: int) -> tuple[Integers, Integers]:
    """The distinct ones of some numbers from 0 on, ascending, and how many there are of each."""
    if below > CROWDED * len(numbers):
        return np.unique(numbers, return_counts=True)
    counts = np.bincount(numbers)  # to count takes a twentieth of the time of sorting
    found = np.flatnonzero(counts)
    return found, counts[found]


def _starts(ordered: Integers) -> Integers:
    """Where a run of equal values begins in an ordered array."""
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
