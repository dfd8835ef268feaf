"""The parts of slow exchanges' time, together: for each histogram counter of exchange times, the sums of the parts.

The percentiles of parts do not add up: the slowest connects need not belong to the slowest exchanges. So the parts are
added up by the counter of the whole (the response; the service in a load without a schedule). From these sums the
slowest hundredth, or the exchanges around a quantile, can be divided up, exactly within a counter's width of 0.1 %.

    whole = lag + sign + wait + connect + client_delay + rest

An exchange is off schedule if it waited for a connection or left late, by more than a given time. `build` is inside
sign, `wait_delay` inside wait. `handshake_cpu` and `connect_delay` are inside connect, unless the connection failed:
connect is 0 then. Without a schedule lag, sign, wait and the parts inside them are not in the whole, and 0 here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from fractions import Fraction

import numpy as np

from loadgen.record.metrics import OF_EXCHANGE, WAITED, Metric
from loadgen.stats import COUNTERS, Integers, index_of


class Part(IntEnum):
    """The columns of `Shares.sums`: times in ns, but for those that count exchanges."""

    COUNT = 0
    WHOLE = 1
    LAG = 2
    SIGN = 3
    BUILD = 4
    WAIT = 5
    WAIT_DELAY = 6
    CONNECT = 7
    HANDSHAKE_CPU = 8
    CONNECT_DELAY = 9
    CLIENT_DELAY = 10
    STAMPED = 11  # of them, those of which it is known how late they were read
    OFF_SCHEDULE = 12  # of them, those that did not leave as planned
    WAITED = 13  # of these, those that waited for a connection


COUNTS = frozenset((Part.COUNT, Part.STAMPED, Part.OFF_SCHEDULE, Part.WAITED))
MOSTLY_STAMPED = 0.99  # of exchanges must have a kernel stamp, or this machine's part is known to be at least so much
PENDING = 1024  # rows that are kept before they are added up: so many, or as many as there are sums
INDEX_BITS = 16
_TIMES = (
    Metric.LAG, Metric.SIGN, Metric.BUILD, Metric.WAIT, Metric.WAIT_DELAY, Metric.CONNECT, Metric.HANDSHAKE_CPU,
    Metric.CONNECT_DELAY, Metric.CLIENT_DELAY,
)  # fmt: skip
_COLUMNS = [OF_EXCHANGE.index(metric) for metric in _TIMES]
_WAIT_DELAY = OF_EXCHANGE.index(Metric.WAIT_DELAY)
_CONNECT_DELAY = OF_EXCHANGE.index(Metric.CONNECT_DELAY)


def divide(series: Integers, figures: Integers, gaps: Sequence[int] = ()) -> Integers:
    """The sums of exchanges by series and counter: rows of (series, counter, *Part), ascending.

    `series` has a number and `figures` a row of `metrics.measure` for each exchange; `gaps` has for each series the
    time by which an exchange may be late, `WAITED` if there is none.
    """
    of = figures.T
    response, service = of[Metric.RESPONSE], of[Metric.SERVICE]
    scheduled = response >= 0
    whole = np.where(scheduled, response, service)
    values = np.empty((len(Part), len(figures)), np.int64)
    values[Part.COUNT], values[Part.WHOLE] = 1, whole
    values[Part.LAG : Part.STAMPED] = np.maximum(of[_COLUMNS], 0)
    behind = of[_WAIT_DELAY]
    values[Part.WAIT_DELAY] = np.where(behind == -1, 0, behind)  # the one that may be below 0
    values[Part.LAG : Part.CONNECT] *= scheduled
    measured = (of[Metric.CONNECT] < 0) | (of[_CONNECT_DELAY] >= 0)
    values[Part.STAMPED] = measured & (of[Metric.CLIENT_DELAY] >= 0)
    allowed = np.array(gaps, np.int64)[series] if gaps else np.full(len(figures), WAITED)
    waited = scheduled & (of[Metric.WAIT] > np.minimum(allowed, WAITED))
    values[Part.WAITED] = waited
    values[Part.OFF_SCHEDULE] = waited | (scheduled & (of[Metric.LAG] > allowed))
    known = whole >= 0
    if not known.all():
        series, whole, values = series[known], whole[known], values[:, known]
    return _summed(series << INDEX_BITS | index_of(whole), values)


def _summed(keys: Integers, values: Integers) -> Integers:
    """`values` has a row for each part."""
    order = np.argsort(keys)
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else keys
    out = np.empty((len(starts), 2 + len(Part)), np.int64)
    out[:, 0], out[:, 1] = keys[starts] >> INDEX_BITS, keys[starts] & ((1 << INDEX_BITS) - 1)
    for column, part in zip(out.T[2:], values, strict=True):
        column[:] = np.add.reduceat(part[order], starts) if part.any() else 0  # reduceat takes no empty array
    return out


def by_series(divided: Integers) -> Iterator[tuple[int, Shares]]:
    """The rows of `divide`, by the number of the series."""
    series = divided[:, 0]
    starts = np.flatnonzero(np.concatenate(([True], series[1:] != series[:-1]))) if len(series) else series
    for rows in np.split(divided, starts[1:]) if len(starts) else ():
        yield int(rows[0, 0]), Shares(rows[:, 1].copy(), rows[:, 2:].copy())  # a view would keep all of `divided`


class Shares:
    """The parts of some exchanges by the counter of their whole. `add` is exact, commutative and associative."""

    def __init__(self, index: Integers | None = None, sums: Integers | None = None) -> None:
        self._index = np.empty(0, np.int64) if index is None else index
        self._sums = np.empty((0, len(Part)), np.int64) if sums is None else sums
        self._pending: list[Shares] = []
        self._rows = 0

    def __reduce__(self) -> tuple[type[Shares], tuple[Integers, Integers]]:
        return Shares, (self.index, self.sums)

    @classmethod
    def together(cls, many: Iterable[Shares]) -> Shares:
        """The sum of several."""
        total = cls()
        for shares in many:
            total.add(shares)
        return total

    def add(self, other: Shares) -> None:
        """Add the sums of `other`."""
        self._pending.append(other)
        self._rows += len(other._index)
        if self._rows > max(PENDING, len(self._index)):
            self._settle()

    def _settle(self) -> None:
        if not self._pending:
            return
        every = [Shares(self._index, self._sums), *self._pending]
        self._pending, self._rows = [], 0
        there = np.zeros(COUNTERS, np.bool_)
        for shares in every:
            there[shares.index] = True
        row = np.cumsum(there) - 1
        self._index, self._sums = np.flatnonzero(there), np.zeros((row[-1] + 1, len(Part)), np.int64)
        for shares in every:
            self._sums[row[shares.index]] += shares.sums

    @property
    def index(self) -> Integers:
        """The counters, ascending."""
        self._settle()
        return self._index

    @property
    def sums(self) -> Integers:
        """The sums of each counter's exchanges, shape (counters, len(Part))."""
        self._settle()
        return self._sums

    def all_stamped(self) -> Shares:
        """The same, with every client delay taken as known."""
        sums = self.sums.copy()
        sums[:, Part.STAMPED] = sums[:, Part.COUNT]
        return Shares(self.index, sums)

    @property
    def count(self) -> int:
        return int(self.sums[:, Part.COUNT].sum())

    def slowest(self, share: Fraction) -> dict[Part, float]:
        """The sums of the slowest `share` of the exchanges: those above rank ceil((1 - share) n), at least one if there
        is one.

        A counter that is only partly among them gives that part of its sums.
        """
        return self.between(min(math.ceil((1 - share) * self.count) + 1, self.count), self.count)

    def between(self, first: int, last: int) -> dict[Part, float]:
        """The sums of the exchanges from rank `first` to rank `last` (from 1, both included), divided as in
        `slowest`."""
        counts = self.sums[:, Part.COUNT]
        above = np.cumsum(counts)
        inside = np.minimum(above, last) - np.maximum(above - counts, first - 1)
        weights = np.maximum(inside, 0) / np.maximum(counts, 1)
        return dict(zip(Part, (weights @ self.sums).tolist(), strict=True))
