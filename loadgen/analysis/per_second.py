"""The seconds of a phase, read back from a run's folder: the values of each second, for the figures that are asked for.

A second is one of the run's clock that lies completely in the phase. Values of an incomplete second, at the phase's
beginning or end, are counted with its neighbour. So are a later step's requests that were due after the end. Nothing is
left out, so that the seconds add up to the tables, and none is shorter than a second. If the plan does not fix a
phase's beginning or end, or if the run was stopped, the first and the last second with values count as incomplete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.record.metrics import CENSORED
from loadgen.stats import Histogram, Integers, index_of
from loadgen.store import read_counts


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
    counters = {figure: index_of(np.array(list(above), np.int64)) for figure, above in limits.items()}
    rows: dict[Figure, dict[int, Integers]] = {figure: {} for figure in limits}
    for figure, second, late, histogram in _counts(path, plan, rows.keys()):
        more = np.full(len(counters[figure]) + 1, histogram.count)
        if not late:
            cumulated = np.concatenate((np.zeros(1, np.int64), np.cumsum(histogram.counts)))
            more[1:] -= cumulated[np.searchsorted(histogram.index, counters[figure], "right")]
        seconds = rows[figure]
        seconds[second] = seconds[second] + more if second in seconds else more
    return {figure: _tails(plan.runs[figure.run], plan, seconds) for figure, seconds in rows.items() if seconds}


def _counts(path: Path, plan: Plan, figures: Iterable[Figure]) -> Iterator[tuple[Figure, int, bool, Histogram]]:
    """What the tables are made of: the figure, the second, whether it is of timeouts, the values."""
    wanted = {(plan.slot(figure.run, figure.step), figure.metric): figure for figure in figures}
    outcomes = (Outcome.OK, Outcome.TIMEOUT)
    for counts in read_counts(path, lambda key, of: key.outcome in outcomes and (key.slot, of) in wanted):
        for (second, key, metric), histogram in counts.items():
            if key.outcome == Outcome.OK or metric in CENSORED:
                yield wanted[key.slot, metric], second, key.outcome == Outcome.TIMEOUT, histogram


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
