"""The seconds of a phase, read back from a run's folder: the values of each second, for the figures that are asked for.

A second is one of the run's clock that lies completely in the phase. Values of an incomplete second, at the phase's
beginning or end, are counted with its neighbour. So are a later step's requests that were due after the end. Nothing is
left out, so that the seconds add up to the tables, and none is shorter than a second. If the plan does not fix a
phase's beginning or end, or if the run was stopped, the first and the last second with values count as incomplete.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.record.metrics import CENSORED, EVERY, Metric
from loadgen.record.recorder import SeriesKey
from loadgen.record.recording import Place
from loadgen.stats import Histogram, Integers, index_of
from loadgen.store import Wanted, read_counts

Source = Callable[[Wanted], Iterable[Mapping[Place, Histogram]]]  # gives the counts of the wanted series and metrics


class Figure(NamedTuple):
    """One metric of one step (its number in the plan) in one run of a phase (a cycle of it)."""

    run: int
    step: int
    metric: int


@dataclass(frozen=True, slots=True)
class Tails:
    """What came in each second: `count` values, shape (seconds,), of which `beyond` were greater than each limit, shape
    (limits, seconds). Timeouts are greater than any."""

    count: Integers
    beyond: Integers


def tails(path: Path, plan: Plan, limits: Mapping[Figure, Iterable[int]]) -> dict[Figure, Tails]:
    """How many values of each figure came second by second, and how many were beyond its limits (ns). Memory follows
    from the number of seconds alone. Raises OSError and ValueError for what cannot be read."""
    return tails_of(partial(read_counts, path), plan, limits)


def tails_of(
    source: Source, plan: Plan, limits: Mapping[Figure, Iterable[int]], unanswered: Collection[Outcome] = ()
) -> dict[Figure, Tails]:
    """The same from any source. Exchanges with an `unanswered` outcome count as timeouts do."""
    counters = {figure: index_of(np.array(list(above), np.int64)) for figure, above in limits.items()}
    rows: dict[Figure, dict[int, Integers]] = {figure: {} for figure in limits}
    for figure, second, late, histogram in _counts(source, plan, rows.keys(), (Outcome.TIMEOUT, *unanswered)):
        more = np.full(len(counters[figure]) + 1, histogram.count)
        if not late:
            cumulated = np.concatenate((np.zeros(1, np.int64), np.cumsum(histogram.counts)))
            more[1:] -= cumulated[np.searchsorted(histogram.index, counters[figure], "right")]
        seconds = rows[figure]
        seconds[second] = seconds[second] + more if second in seconds else more
    return {figure: _tails(plan.runs[figure.run], plan, seconds) for figure, seconds in rows.items() if seconds}


def failures_of(source: Source, plan: Plan, runs: Collection[int]) -> dict[int, Tails]:
    """How many exchanges came second by second in each of these runs of a phase, and, as `beyond` the only limit, how
    many of them were not ok."""
    rows: dict[int, dict[int, Integers]] = {run: {} for run in runs}
    steps = len(plan.steps)
    for counts in source(lambda key, of: of == Metric.SIGN and key.slot // steps in rows):
        for (second, key, _), histogram in counts.items():
            seconds, more = rows[key.slot // steps], histogram.count * np.array((1, key.outcome != Outcome.OK))
            seconds[second] = seconds[second] + more if second in seconds else more
    return {run: _tails(plan.runs[run], plan, seconds) for run, seconds in rows.items() if seconds}


def _counts(
    source: Source, plan: Plan, figures: Iterable[Figure], late: Collection[Outcome]
) -> Iterator[tuple[Figure, int, bool, Histogram]]:
    """What the tables are made of: the figure, the second, whether it is of exchanges that are late, the values."""
    wanted = {(plan.slot(figure.run, figure.step), figure.metric): figure for figure in figures}

    def counted(key: SeriesKey, metric: int) -> bool:
        return key.outcome == Outcome.OK or metric in EVERY or (metric in CENSORED and key.outcome in late)

    for counts in source(lambda key, of: (key.slot, of) in wanted and counted(key, of)):
        for (second, key, metric), histogram in counts.items():
            yield wanted[key.slot, metric], second, key.outcome != Outcome.OK and metric not in EVERY, histogram


def _tails(run: PhaseRun, plan: Plan, rows: dict[int, Integers]) -> Tails:
    whole = whole_seconds(run, plan, min(rows), max(rows))
    table = np.zeros((len(next(iter(rows.values()))), max(1, len(whole))), np.int64)
    for second, row in rows.items():
        table[:, _place(second, whole)] += row
    return Tails(table[0], table[1:])


def _place(second: int, whole: range) -> int:
    """Where what came in a second is counted."""
    return min(max(second - whole.start, 0), max(0, len(whole) - 1))


def whole_seconds(run: PhaseRun, plan: Plan, first: int, last: int) -> range:
    """The seconds that lie in the run as a whole, where there is something from second `first` to second `last`."""
    start, end = _span(run, plan)
    begin = first + 1 if start is None else -(-start // SECOND)
    finish = last if end is None else end // SECOND
    return range(begin, finish if last >= finish - 1 else last)


def _span(run: PhaseRun, plan: Plan) -> tuple[int | None, int | None]:
    """When the run begins and ends, in ns from the start, as far as the plan tells."""
    start = 0
    for before in plan.runs[: run.number]:
        if before.duration is None:
            return None, None
        start += before.duration
    return start, None if run.duration is None else start + run.duration
