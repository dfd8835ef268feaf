"""The bins of a phase, read back from a run's folder: the values of each bin, for the figures that are asked for.

A bin is about a fiftieth of the phase, from a sixteenth of a second up to a second, and lies completely in the phase.
Values of an incomplete bin, at the phase's beginning or end, are counted with its neighbour. So are a later step's
requests that were due after the end. Nothing is left out, so that the bins add up to the tables, and none is shorter
than the others. If the plan does not fix a phase's beginning or end, or if the run was stopped, the first and the last
bin with values count as incomplete. An earlier loadgen kept seconds: then these are the bins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.record.metrics import CENSORED, EVERY, Metric
from loadgen.record.recorder import SeriesKey
from loadgen.record.recording import Place
from loadgen.stats import Histogram, Integers, index_of
from loadgen.stats.ticks import TICK, TICKS, doublings
from loadgen.store import Wanted, read_counts

Source = Callable[[Wanted], Iterable[Mapping[Place, Histogram]]]  # gives the counts of the wanted series and metrics


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
    before the end of the phase, as far as the plan tells that."""

    count: Integers
    beyond: Integers
    width: float = 1.0
    total: Integers | None = None
    answered: int | None = None


def tails(path: Path, plan: Plan, limits: Mapping[Figure, Iterable[int]]) -> dict[Figure, Tails]:
    """How many values of each figure came bin by bin, and how many were beyond its limits (ns). Memory follows from the
    number of bins alone. Raises OSError and ValueError for what cannot be read."""
    return tails_of(partial(read_counts, path), plan, limits)


def tails_of(
    source: Source, plan: Plan, limits: Mapping[Figure, Iterable[int]], unanswered: Collection[Outcome] = ()
) -> dict[Figure, Tails]:
    """The same from any source. Exchanges with an `unanswered` outcome count as timeouts do."""
    counters = {figure: index_of(np.array(list(above), np.int64)) for figure, above in limits.items()}
    rows: dict[Figure, dict[int, Integers]] = {figure: {} for figure in limits}
    sums: dict[Figure, dict[int, Integers]] = {figure: {} for figure in limits}
    answered, ends = dict.fromkeys(limits, 0), {figure: _end(plan.runs[figure.run], plan) for figure in limits}
    for figure, tick, late, histogram in _counts(source, plan, rows.keys(), (Outcome.TIMEOUT, *unanswered)):
        more = np.full(len(counters[figure]) + 1, histogram.count)
        if not late:
            cumulated = np.concatenate((np.zeros(1, np.int64), np.cumsum(histogram.counts)))
            more[1:] -= cumulated[np.searchsorted(histogram.index, counters[figure], "right")]
        for into, number in ((rows[figure], more), (sums[figure], np.array([histogram.total]))):
            into[tick] = into[tick] + number if tick in into else number
        if not late:
            answered[figure] += _before(histogram, ends[figure] - tick * TICK)
    seen: dict[int, list[int]] = {}  # by run, of all its figures: a stratum may have come in a part of it alone
    for figure, ticks in rows.items():
        seen.setdefault(figure.run, []).extend(ticks)
    return {
        figure: replace(
            _tails(plan.runs[figure.run], plan, ticks, seen[figure.run]),
            total=_tails(plan.runs[figure.run], plan, sums[figure], seen[figure.run]).count,
            answered=answered[figure] if ends[figure] else None,
        )
        for figure, ticks in rows.items()
        if ticks
    }


def _end(run: PhaseRun, plan: Plan) -> int:
    """When the run ends, in ns from the start; 0 if the plan does not tell."""
    return span(run, plan)[1] or 0


def _before(histogram: Histogram, limit: int) -> int:
    """How many of the values are not greater than `limit` (ns)."""
    if limit <= 0:
        return 0
    return int(histogram.counts[: np.searchsorted(histogram.index, index_of(np.array([limit]))[0], "right")].sum())


def failures_of(source: Source, plan: Plan, runs: Collection[int]) -> dict[int, Tails]:
    """How many exchanges came bin by bin in each of these runs of a phase, and, as `beyond` the only limit, how many of
    them were not ok."""
    rows: dict[int, dict[int, Integers]] = {run: {} for run in runs}
    steps = len(plan.steps)
    for counts in source(lambda key, of: of == Metric.SIGN and key.slot // steps in rows):
        for (tick, key, _), histogram in counts.items():
            ticks, more = rows[key.slot // steps], histogram.count * np.array((1, key.outcome != Outcome.OK))
            ticks[tick] = ticks[tick] + more if tick in ticks else more
    return {run: _tails(plan.runs[run], plan, ticks) for run, ticks in rows.items() if ticks}


def _counts(
    source: Source, plan: Plan, figures: Iterable[Figure], late: Collection[Outcome]
) -> Iterator[tuple[Figure, int, bool, Histogram]]:
    """What the tables are made of: the figure, the tick, whether it is of exchanges that are late, the values."""
    wanted: dict[tuple[int, int], list[Figure]] = {}
    for figure in figures:
        wanted.setdefault((plan.slot(figure.run, figure.step), figure.metric), []).append(figure)

    def counted(key: SeriesKey, metric: int) -> bool:
        return key.outcome == Outcome.OK or metric in EVERY or (metric in CENSORED and key.outcome in late)

    for counts in source(lambda key, of: (key.slot, of) in wanted and counted(key, of)):
        for (tick, key, metric), histogram in counts.items():
            for figure in wanted[key.slot, metric]:
                if figure.stratum in ("", key.stratum):
                    yield figure, tick, key.outcome != Outcome.OK and metric not in EVERY, histogram


def _tails(run: PhaseRun, plan: Plan, rows: dict[int, Integers], seen: Collection[int] = ()) -> Tails:
    """`rows` by the first tick of their bins; `seen` are all such ticks of the run."""
    ticks = seen or rows
    width = _width(run, ticks)
    whole = whole_bins(run, plan, min(ticks) // width, max(ticks) // width, width)
    table = np.zeros((len(next(iter(rows.values()))), max(1, len(whole))), np.int64)
    for tick, row in rows.items():
        table[:, _place(tick // width, whole)] += row
    return Tails(table[0], table[1:], width / TICKS)


def _width(run: PhaseRun, ticks: Collection[int]) -> int:
    """How many ticks a bin has: as many as suit the run's length, but no fewer than the counts have."""
    lasts = run.duration or (max(ticks) - min(ticks)) * TICK
    kept = int(np.bitwise_or.reduce([TICKS, *ticks]))
    return max(1 << int(doublings(np.array(lasts))), kept & -kept)


def _place(number: int, whole: range) -> int:
    """Where what came in a bin is counted."""
    return min(max(number - whole.start, 0), max(0, len(whole) - 1))


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
