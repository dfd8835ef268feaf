"""The bins of a phase, read back from a run's folder: the values of each bin, for the figures that are asked for.

A bin is about a fiftieth of the phase, from a sixteenth of a second up to a second, and lies completely in the phase.
Values of an incomplete bin, at the phase's beginning or end, are counted with its neighbour. So are a later step's
requests that were due after the end. Nothing is left out, so that the bins add up to the tables, and none is shorter
than the others. If the plan does not fix a phase's beginning or end, or if the run was stopped, the first and the last
bin with values count as incomplete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.record.metrics import CENSORED, EVERY, Metric
from loadgen.record.packed import Counts
from loadgen.record.recorder import SeriesKey
from loadgen.stats import OVERFLOW, Integers, index_of
from loadgen.stats.ticks import TICK, TICKS, doublings

_NONE = np.empty(0, np.int64)


class Figure(NamedTuple):
    """One metric of one step (its number in the plan) in one run of a phase (a cycle of it), of all requests or of a
    stratum."""

    run: int
    step: int
    metric: int
    stratum: str = ""


@dataclass(frozen=True, slots=True)
class Tails:
    """What came in each bin of `width` s: `count` values, shape (bins,), of which `beyond` were greater than each
    limit, shape (limits, bins). Timeouts are greater than any. `total` are the sums (ns); `answered` of all came in
    before the end of the phase, as far as the plan tells that. The first bin begins `begin` s after the load."""

    count: Integers
    beyond: Integers
    width: float = 1.0
    total: Integers | None = None
    answered: int | None = None
    begin: float = 0.0


class Table(Protocol):
    """What is made of a run's counts while they are read, once."""

    def take(self, counts: Counts) -> None:
        """Add counts, in which there may be others than the table is about."""


def gather(source: Iterable[Counts], *tables: Table) -> None:
    """Read the counts once, for all of these tables. Raises OSError and ValueError for what cannot be read."""
    for counts in source:
        for table in tables:
            table.take(counts)


class Beyond:
    """How many values of each figure came bin by bin, and how many were beyond its limits (ns). Exchanges with an
    `unanswered` outcome count as timeouts do. Memory follows from the number of bins alone."""

    def __init__(
        self, plan: Plan, limits: Mapping[Figure, Iterable[int]], unanswered: Collection[Outcome] = ()
    ) -> None:
        self._plan, self._figures = plan, list(limits)
        self._late = (Outcome.TIMEOUT, *unanswered)
        counters = [index_of(np.array(list(above), np.int64)) for above in limits.values()]
        self._limits = list(map(len, counters))
        most = max(self._limits, default=0)
        self._edges = np.array([np.append(row, [OVERFLOW] * (most - len(row))) for row in counters], np.int64)
        self._ends = np.array([_end(plan.runs[figure.run], plan) for figure in self._figures], np.int64)
        self._places: dict[tuple[int, int], list[int]] = {}
        for number, figure in enumerate(self._figures):
            self._places.setdefault((plan.slot(figure.run, figure.step), figure.metric), []).append(number)
        self._rows: list[Integers] = []  # figure, tick, count, total, answered, beyond each limit

    def _wanted(self, key: SeriesKey, metric: int) -> bool:
        counted = key.outcome == Outcome.OK or metric in EVERY or (metric in CENSORED and key.outcome in self._late)
        return counted and (key.slot, metric) in self._places

    def take(self, counts: Counts) -> None:
        figures, groups, late = self._assigned(counts)
        if not len(groups):
            return
        tick, count = counts.tick[groups], counts.count[groups]
        left = np.maximum(self._ends[figures] - tick * TICK, 0)
        edges = np.column_stack((index_of(left), self._edges[figures]))
        within = np.where(late[:, None], 0, counts.up_to(groups, edges))
        answered = np.where(left > 0, within[:, 0], 0)
        beyond = count[:, None] - within[:, 1:]
        self._rows.append(np.column_stack((figures, tick, count, counts.total[groups], answered, beyond)))

    def tails(self) -> dict[Figure, Tails]:
        """The table."""
        if not self._rows:
            return {}
        rows = np.concatenate(self._rows)
        figures, ticks = rows[:, 0], rows[:, 1]
        runs = np.array([figure.run for figure in self._figures])[figures]
        tails = {}
        for number in sorted(set(figures.tolist())):  # np.unique would import numpy.ma
            figure, own = self._figures[number], figures == number
            seen = ticks[runs == figure.run]  # of all its figures: a stratum may have come in a part of it alone
            columns = rows[own, 2 : 5 + self._limits[number]].T
            (count, total, _, *beyond), width, begin = _binned(
                self._plan.runs[figure.run], self._plan, ticks[own], columns, seen
            )
            answered = int(columns[2].sum()) if self._ends[number] else None
            limits = np.array(beyond, np.int64).reshape(-1, len(count))
            tails[figure] = Tails(count, limits, width, total, answered, begin)
        return {figure: tails[figure] for figure in self._figures if figure in tails}

    def _assigned(self, counts: Counts) -> tuple[Integers, Integers, NDArray[np.bool_]]:
        """The figures that groups belong to, by number, these groups, and whether they are of exchanges that are
        late."""
        known, places = counts.figures()
        figures, groups, late = [_NONE], [_NONE], [_NONE.astype(bool)]
        for place, (key, metric) in enumerate(known):
            if self._wanted(key, metric):
                own = np.flatnonzero(places == place)
                for number in self._places[key.slot, metric]:
                    if self._figures[number].stratum in ("", key.stratum):
                        figures.append(np.full(len(own), number))
                        groups.append(own)
                        late.append(np.full(len(own), key.outcome != Outcome.OK and metric not in EVERY))
        return np.concatenate(figures), np.concatenate(groups), np.concatenate(late)


class Failures:
    """How many exchanges came bin by bin in each of these runs of a phase, and, as `beyond` the only limit, how many of
    them were not ok."""

    def __init__(self, plan: Plan, runs: Collection[int]) -> None:
        self._plan, self._runs = plan, runs
        self._rows = [np.empty((0, 4), np.int64)]  # run, tick, count, failed

    def _wanted(self, key: SeriesKey, metric: int) -> bool:
        """Each exchange has one `sign`, which is counted by second; on a ramp, the `response` tells more of when."""
        run = key.slot // len(self._plan.steps)
        if run not in self._runs:
            return False
        rate = self._plan.runs[run].phase.rate
        return metric == (Metric.RESPONSE if rate and not rate.steady else Metric.SIGN)

    def take(self, counts: Counts) -> None:
        mine = counts.only(self._wanted)
        runs = np.array([key.slot // len(self._plan.steps) for key in mine.series], np.int64)[mine.of]
        failed = np.array([key.outcome != Outcome.OK for key in mine.series], bool)[mine.of]
        self._rows.append(np.column_stack((runs, mine.tick, mine.count, mine.count * failed)))

    def tails(self) -> dict[int, Tails]:
        """The table."""
        rows, tails = np.concatenate(self._rows), {}
        for run in self._runs:
            own = rows[rows[:, 0] == run]
            if len(own):
                of = self._plan.runs[run]
                (count, *failed), width, begin = _binned(of, self._plan, own[:, 1], own[:, 2:].T, own[:, 1])
                tails[run] = Tails(count, np.array(failed), width, begin=begin)
        return tails


def _end(run: PhaseRun, plan: Plan) -> int:
    """When the run ends, in ns from the start; 0 if the plan does not tell."""
    return span(run, plan)[1] or 0


def _binned(
    run: PhaseRun, plan: Plan, ticks: Integers, columns: Integers, seen: Integers
) -> tuple[Integers, float, float]:
    """The sums of each column in the bins of a run, how long these are in s, and when the first one begins. `columns`
    has a row for each, with a number for each of `ticks`, the first of their bins; `seen` are all such ticks of the
    run."""
    width = _width(run, seen)
    whole = whole_bins(run, plan, int(seen.min()) // width, int(seen.max()) // width, width)
    table = np.zeros((max(1, len(whole)), len(columns)), np.int64)
    np.add.at(table, np.clip(ticks // width - whole.start, 0, len(table) - 1), columns.T)
    return np.ascontiguousarray(table.T), width / TICKS, whole.start * width / TICKS


def _width(run: PhaseRun, ticks: Integers) -> int:
    """How many ticks a bin has: as many as suit the run's length, but no fewer than the counts have."""
    lasts = run.duration or int(ticks.max() - ticks.min()) * TICK
    kept = TICKS | int(np.bitwise_or.reduce(ticks))
    return max(1 << int(doublings(np.array(lasts))), kept & -kept)


def whole_bins(run: PhaseRun, plan: Plan, first: int, last: int, width: int = TICKS) -> range:
    """The bins of so many ticks that lie in the run as a whole, where there is something from bin `first` to bin
    `last`."""
    start, end = span(run, plan)
    begin = first + 1 if start is None else -(-start // (width * TICK))
    finish = last if end is None else end // (width * TICK)
    return range(begin, finish if last >= finish - 1 else last)


def span(run: PhaseRun, plan: Plan) -> tuple[int | None, int | None]:
    """When a run of a phase begins and ends, in ns from the start of the load, as far as the plan tells."""
    start = 0
    for before in plan.runs[: run.number]:
        if before.duration is None:
            return None, None
        start += before.duration
    return start, None if run.duration is None else start + run.duration
