"""One worker's recorder. Instants go into preallocated rows, and full buffers of rows go to the fleet, which folds
them.

Recording an exchange costs one pack of integers; sending a buffer costs a copy of it. (Folding on the worker's loop was
tried: it took 0.5 ms every 384 exchanges, which at 20,000/s was lag in every fortieth of them.)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from loadgen.clock import SECOND
from loadgen.exchange import CONNECTION_LABELS, Exchange, Outcome
from loadgen.record.metrics import BITS, OF_EXCHANGE, WIDTH, measure
from loadgen.record.share import divide
from loadgen.stats import Integers, index_of

ROWS = 512  # handed in at once
LABELS = len(CONNECTION_LABELS)
PER_SLOT = len(Outcome) * LABELS

# a folded value's place, 62 bits: second within the batch 16, series 22, metric 8, counter 16
SPAN, SERIES_BITS, METRIC_BITS, INDEX_BITS = 1 << 16, 22, BITS, 16
_METRICS = np.array(OF_EXCHANGE, np.int64)


OTHERS = "other"  # the stratum of what a worker has no room for


class SeriesKey(NamedTuple):
    """What a series stands for: a row of the ledger, an outcome class, a connection label and a stratum
    (`cold=true`)."""

    slot: int
    outcome: int
    connection: int
    stratum: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Sparse counts of some values. `groups` has a row each of
    (second of due, series, metric, count, sum, least, most, how many bins); `bins` their (counter, count), in order.
    `shares` is `share.divide` of the exchanges."""

    groups: Integers
    bins: Integers
    shares: Integers


class Batch(NamedTuple):
    """What a recorder sends: rows of instants (`metrics.Instants`, 8 bytes each), and figures that do not belong to one
    exchange as (second, series, metric, ns)."""

    rows: bytes
    singles: tuple[tuple[int, int, int, int], ...]

    @classmethod
    def joined(cls, batches: Sequence[Batch]) -> Batch:
        """Several deltas of the same recorder as one."""
        return cls(b"".join([batch.rows for batch in batches]), tuple(chain(*(batch.singles for batch in batches))))


class Recorder:
    """Records the exchanges of one worker; `emit` is called with each batch. `origin` is the instant of second 0.

    `new_series(number, key)` is called before the first figure of a series.
    """

    def __init__(
        self, origin: int, emit: Callable[[Batch], None], new_series: Callable[[int, SeriesKey], None]
    ) -> None:
        self._origin, self._emit, self._new_series = origin, emit, new_series
        self._pack = struct.Struct(f"{WIDTH}q").pack_into
        self._size = WIDTH * 8
        self._buffer = bytearray(ROWS * self._size)
        self._end = len(self._buffer)
        self._position = 0
        self._singles: list[tuple[int, int, int, int]] = []
        self._plain: dict[int, int] = {}
        self._numbers: dict[SeriesKey, int] = {}

    def exchange(self, x: Exchange, due: int, stratum: str = "") -> None:
        """Record a finished exchange. `due` is 0 if the load has no schedule."""
        plain = x.slot * PER_SLOT + x.outcome * LABELS + x.connection
        series = self._plain.get(plain) if not stratum else None
        if series is None:
            series = self.series(x.slot, x.outcome, x.connection, stratum)
        position = self._position
        connected = 0 if x.connection == 1 else x.connected
        # fmt: off
        self._pack(
            self._buffer, position, series, due, x.released, x.signed, x.started, connected, x.sent, x.first,
            x.received, x.done, x.dns, x.tcp, x.tls, x.handshake_cpu, x.wait_delay, x.connect_delay, x.build,
        )
        # fmt: on
        self._position = position + self._size
        if self._position == self._end:
            self.flush()

    def value(self, series: int, metric: int, due: int, value: int) -> None:
        """Record one figure that does not belong to one exchange: an iteration, or a time that the server reported."""
        self._singles.append((max(0, due - self._origin) // SECOND, series, metric, max(value, 0)))
        if len(self._singles) >= ROWS:
            self.flush()

    def series(self, slot: int, outcome: int, connection: int, stratum: str) -> int:
        """The number of a series, which is announced the first time."""
        key = SeriesKey(slot, outcome, connection, stratum)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
            if not stratum:
                self._plain[slot * PER_SLOT + outcome * LABELS + connection] = number
            self._new_series(number, key)
        return number

    def flush(self) -> None:
        """Send what was recorded since the last call."""
        if self._position or self._singles:
            self._emit(Batch(bytes(memoryview(self._buffer)[: self._position]), tuple(self._singles)))
            self._position = 0
            self._singles.clear()


def fold(batch: Batch, origin: int, gaps: Sequence[int] = ()) -> Delta:
    """The sparse counts of a batch. `origin` as the recorder's, `gaps` as `share.divide` takes them."""
    rows = np.frombuffer(batch.rows, np.int64).reshape(-1, WIDTH)
    singles = np.array(batch.singles, np.int64).reshape(-1, 4)
    # a load without a schedule is put into the second of its release
    instants = np.where(rows[:, 1] > 0, rows[:, 1], rows[:, 2])
    seconds = np.concatenate((np.maximum(instants - origin, 0) // SECOND, singles[:, 0]))
    first = int(seconds.min())
    seconds = np.minimum(seconds - first, SPAN - 1)
    figures = measure(rows)
    places = _place(seconds[: len(rows), None], rows[:, 0, None], _METRICS[None, :])
    measured = figures >= 0
    more = _place(seconds[len(rows) :], singles[:, 1], singles[:, 2])
    groups, bins = _counts(np.concatenate((places[measured], more)), np.concatenate((figures[measured], singles[:, 3])))
    groups[:, 0] += first
    return Delta(groups, bins, divide(rows[:, 0], figures, gaps))


def _place(second: Integers, series: Integers, metric: Integers) -> Integers:
    return ((second << SERIES_BITS | series) << METRIC_BITS | metric) << INDEX_BITS


def _counts(places: Integers, values: Integers) -> tuple[Integers, Integers]:
    places = places | index_of(values)
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    bin_starts = _starts(places)
    bins = np.diff(bin_starts, append=len(places))
    group_of_bin = places[bin_starts] >> INDEX_BITS
    group_starts_in_bins = _starts(group_of_bin)
    starts = bin_starts[group_starts_in_bins]
    group = group_of_bin[group_starts_in_bins]
    groups = np.empty((len(group), 8), np.int64)
    groups[:, 0] = group >> (METRIC_BITS + SERIES_BITS)
    groups[:, 1] = group >> METRIC_BITS & ((1 << SERIES_BITS) - 1)
    groups[:, 2] = group & ((1 << METRIC_BITS) - 1)
    groups[:, 3] = np.diff(starts, append=len(places))
    groups[:, 4] = np.add.reduceat(values, starts)
    groups[:, 5] = np.minimum.reduceat(values, starts)
    groups[:, 6] = np.maximum.reduceat(values, starts)
    groups[:, 7] = np.diff(group_starts_in_bins, append=len(bin_starts))
    index = places[bin_starts] & ((1 << INDEX_BITS) - 1)
    return groups, np.stack((index, bins), axis=1)


def _starts(ordered: Integers) -> Integers:
    """Where a run of equal values begins in an ordered array."""
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
