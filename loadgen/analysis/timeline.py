"""A run moment by moment, from its folder: at most 180 moments of a picture, or every second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadgen.analysis.documents import document
from loadgen.analysis.latency import milliseconds
from loadgen.analysis.shape import bins_of
from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.record.metrics import Metric
from loadgen.record.recorder import Place, SeriesKey
from loadgen.record.seconds import read_seconds
from loadgen.result.cold import cold_of
from loadgen.result.timeline import Moment, Stretch, Timeline
from loadgen.stats import Histogram, fraction
from loadgen.stats.ticks import TICKS

MOST = 180  # moments of a picture
P50, P99 = fraction("p50"), fraction("p99")

Worker = tuple[int, int]  # the number of its run, and its own


def timeline(*folders: Path, most: int | None = MOST) -> Timeline | None:
    """The moments of the run in that folder, of one second, or of as many as makes them at most `most`; None if it
    holds none. Of several runs of one plan they are sums, as if all had been at the same time. Raises ProfileError,
    OSError, ValueError, KeyError or TypeError for what loadgen did not write."""
    plan = Plan.from_description(document(folders[0] / "run.json")["plan"])
    columns = _Columns(most)
    headlines = {run.number: _headline(run) for run in _of_phases(plan)}
    steps = len(plan.steps)

    def wanted(key: SeriesKey, metric: int) -> bool:
        run = key.slot // steps
        return run in headlines and metric in (Metric.SIGN, headlines[run])

    for number, folder in enumerate(folders):
        for second in read_seconds(folder):
            for place, histogram in second.counts.only(wanted).histograms():
                columns.add(place, histogram, headlines[place[1].slot // steps])
            columns.watch(second.health, number)
    moments = tuple(columns.moments())
    stretches = tuple(_stretches(plan, columns.seen))
    return Timeline(columns.width, stretches, moments, len(folders)) if moments else None


def _of_phases(plan: Plan) -> tuple[PhaseRun, ...]:
    return (*plan.runs, plan.drain)


def _headline(run: PhaseRun) -> Metric:
    return Metric.SERVICE if run.phase.users else Metric.RESPONSE


@dataclass(slots=True)
class _Column:
    sent: int = 0
    failed: int = 0
    values: Histogram = field(default_factory=Histogram)
    timeouts: int = 0
    completed: int | None = None
    in_flight: dict[int, dict[Worker, int]] = field(default_factory=dict)  # by second
    cold: int | None = None
    throttled: Counter[str] = field(default_factory=Counter)

    def take(self, other: _Column) -> None:
        self.sent, self.failed = self.sent + other.sent, self.failed + other.failed
        self.values.add(other.values)
        self.timeouts += other.timeouts
        self.in_flight |= other.in_flight
        self.completed = _sum(self.completed, other.completed)
        self.cold = _sum(self.cold, other.cold)
        self.throttled.update(other.throttled)

    def moment(self, start: float) -> Moment:
        late = self.timeouts > 0
        return Moment(
            start,
            self.sent,
            self.failed,
            milliseconds(self.values.quantile(P50, self.timeouts)),
            milliseconds(self.values.quantile(P99, self.timeouts)),
            milliseconds(self.values.most) if self.values.count and not late else None,
            tuple(bins_of(self.values)),
            max((sum(open_.values()) for open_ in self.in_flight.values()), default=None),
            self.completed,
            self.cold,
            dict(self.throttled.most_common()),
        )


class _Columns:
    """Moments that grow twice as long where they are too many, so that memory does not follow from the time."""

    def __init__(self, most: int | None) -> None:
        self.width, self._most = 1, most
        self.seen: dict[int, tuple[int, int]] = {}  # by slot, the first and the last second with requests
        self._columns: dict[int, _Column] = {}

    def add(self, place: Place, histogram: Histogram, headline: Metric) -> None:
        tick, key, metric = place
        column, second = self._at(tick // TICKS), tick // TICKS
        first, last = self.seen.get(key.slot, (second, second))
        self.seen[key.slot] = min(first, second), max(last, second)
        if metric == Metric.SIGN:  # of every exchange
            column.sent += histogram.count
            column.failed += histogram.count * (key.outcome != Outcome.OK)
            if key.outcome == Outcome.THROTTLED:
                column.throttled[key.stratum] += histogram.count
            elif key.outcome == Outcome.OK and (cold := cold_of(key.stratum)) is not None:
                column.cold = _sum(column.cold, histogram.count * cold)
        elif metric == headline and key.outcome == Outcome.OK:
            column.values.add(histogram)
        elif metric == headline and key.outcome == Outcome.TIMEOUT:
            column.timeouts += histogram.count

    def watch(self, health: Iterable[dict[str, Any]], run: int) -> None:
        """Take the samples of the workers of run number `run`."""
        for sample in health:
            second = _second_of(sample)
            column = self._at(second)
            column.in_flight.setdefault(second, {})[run, int(sample["worker"])] = int(sample["in_flight"])
            if (completed := sample.get("completed")) is not None:
                column.completed = _sum(column.completed, int(completed))

    def moments(self) -> Iterator[Moment]:
        for number, column in sorted(self._columns.items()):
            if column.sent or column.completed:
                yield column.moment(number * self.width)

    def _at(self, second: int) -> _Column:
        while self._most is not None and second // self.width >= self._most:
            self._widen()
        return self._columns.setdefault(second // self.width, _Column())

    def _widen(self) -> None:
        narrow, self._columns, self.width = self._columns, {}, 2 * self.width
        for number, column in narrow.items():
            self._columns.setdefault(number // 2, _Column()).take(column)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


def _second_of(sample: dict[str, Any]) -> int:
    """The second that a sample is of: the one that was over when it came. A short one, as the last is, is of the second
    in which it came."""
    return max(0, int(sample["second"]) - (int(sample["elapsed"]) > SECOND // 2))


def _stretches(plan: Plan, seen: dict[int, tuple[int, int]]) -> Iterator[Stretch]:
    """By the plan as far as it tells; from the first phase on that has no fixed end, by what was seen."""
    start: float | None = 0.0
    for run in _of_phases(plan):
        own = [seen[slot] for step in range(len(plan.steps)) if (slot := plan.slot(run.number, step)) in seen]
        if start is None and own:
            start = float(min(first for first, _ in own))
        if start is None or not own:
            start = start + run.duration / SECOND if start is not None and run.duration is not None else None
            continue
        last = max(last for _, last in own) + 1.0
        end = start + run.duration / SECOND if run.duration is not None else last
        yield Stretch(run.number, start, min(end, max(last, start)))
        start = end if run.duration is not None else None
