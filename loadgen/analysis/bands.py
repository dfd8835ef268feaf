"""A phase whose rate changes, in ten bands of the offered rate.

A band is made of the bins that the run's folder keeps, each of which belongs to the band of the rate at its middle.
There are fifty bins or more in a phase of three seconds or more, so that a band is up to a tenth longer or shorter than
another. A band has no intervals: five to ten bins do not show how requests come together (`stats.intervals`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from loadgen.analysis.build import Measured
from loadgen.analysis.latency import latency
from loadgen.analysis.per_second import span
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.profile.model import Rate
from loadgen.record.metrics import Metric
from loadgen.record.packed import Counts
from loadgen.result.band import Band
from loadgen.stats import Histogram, Integers, index_of
from loadgen.stats.ticks import TICK, doublings

BANDS = 10

Bands = Mapping[tuple[int, int], tuple[Band, ...]]  # by the numbers of a run of a phase and of a step


@dataclass(frozen=True, slots=True)
class Ramp:
    """A run of a phase whose rate changes. Times are ns from the start of the load; `ends` is when it ended, or was
    stopped; `lasts` is the planned length."""

    rate: Rate
    starts: int
    ends: int
    lasts: int

    def at(self, time: float) -> float:
        """The rate that was offered at that time, per second."""
        return float(self.rate.at(min(max(time - self.starts, 0.0), float(self.lasts)), self.lasts))

    @property
    def edges(self) -> Integers:
        """Where its bins begin, and the last one ends. The outer ones may be shorter."""
        width = width_of(self.lasts)
        inner = np.arange(self.starts // width + 1, -(-self.ends // width)) * width
        return np.concatenate(([self.starts], inner, [self.ends])).astype(np.int64)


def width_of(lasts: int) -> int:
    """The length of the bins in which the requests of a phase of that length are counted; both in ns."""
    return TICK << int(doublings(np.array(lasts)))


def ramps(plan: Plan, stopped: int | None = None) -> dict[int, Ramp]:
    """The measured runs of phases whose rate changes, by number, as far as the plan tells when they begin. `stopped` is
    when the run was stopped early, in ns after its start."""
    found = {}
    for run in plan.runs:
        (starts, ends), rate = span(run, plan), run.phase.rate
        if run.measured and rate and not rate.steady and starts is not None and ends is not None:
            ended = ends if stopped is None else min(ends, stopped)
            if ended > starts:
                found[run.number] = Ramp(rate, starts, ended, ends - starts)
    return found


def read(measured: Measured, seconds: Iterable[Counts] | None) -> Bands:
    """The bands of each step in each such run, from the counts in the run's folder. Empty without a folder that can be
    read, and for a step of which it lacks requests."""
    every = ramps(measured.plan, measured.stopped)
    if not every or seconds is None:
        return {}
    table = _Table(measured.plan, every)
    try:
        for counts in seconds:
            table.take(counts)
    except (OSError, ValueError):
        return {}
    return {
        place: tuple(of_step.bands(measured.quantiles))
        for place, of_step in table.steps.items()
        if of_step.requests == measured.recording.total(Metric.RESPONSE, slot=measured.plan.slot(*place)).count
    }


@dataclass(slots=True)
class _Step:
    """What came of a step in a run of a phase: the times of its requests and how many failed by band, and how many ok
    answers came in each bin, those to requests of earlier phases among them."""

    ramp: Ramp
    edges: Integers
    of_bin: Integers  # the band of each
    completed: Integers
    values: dict[int, Histogram] = field(default_factory=dict)
    late: dict[int, Histogram] = field(default_factory=dict)
    sent: Counter[int] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, ramp: Ramp) -> _Step:
        edges = ramp.edges
        rates = ramp.rate.at((edges[:-1] + edges[1:]) / 2 - ramp.starts, ramp.lasts)
        ends = ramp.rate.at((edges - ramp.starts).astype(np.float64), ramp.lasts)
        low, high = float(ends.min()), float(ends.max())
        place = np.minimum((rates - low) / (high - low) * BANDS, BANDS - 1).astype(np.int64)
        return cls(ramp, edges, place, np.zeros(len(place), np.int64))

    @property
    def requests(self) -> int:
        return self.sent.total()

    def band(self, tick: int) -> int:
        """The band of requests that were due from that tick on. Later steps of an iteration may be due after the end,
        and belong to the last bin then."""
        number = int(np.searchsorted(self.edges, tick * TICK, "right")) - 1
        return int(self.of_bin[min(max(number, 0), len(self.of_bin) - 1)])

    def add(self, tick: int, outcome: int, histogram: Histogram) -> None:
        band = self.band(tick)
        self.sent[band] += histogram.count
        if outcome != Outcome.OK:
            self.failed[band] += histogram.count
        kept = {Outcome.OK: self.values, Outcome.TIMEOUT: self.late}.get(Outcome(outcome))
        if kept is not None:
            kept.setdefault(band, Histogram()).add(histogram)

    def complete(self, counts: Counts, widths: Integers) -> None:
        """Count ok answers where they came: each as long after the middle of the bin in which it was due as it took.
        `widths` are those of the bins."""
        due = counts.tick * TICK + widths // 2
        left = self.edges[None, :] - due[:, None]
        there = counts.up_to(np.arange(len(due)), index_of(np.maximum(left, 0)))
        self.completed += np.diff(np.where(left > 0, there, 0)).sum(axis=0)

    def bands(self, quantiles: tuple[str, ...]) -> Iterator[Band]:
        """In the order in which the rate came into them."""
        rates = self.ramp.rate.at((self.edges - self.ramp.starts).astype(np.float64), self.ramp.lasts)
        for band in dict.fromkeys(self.of_bin.tolist()):
            mine = np.flatnonzero(self.of_bin == band)
            ends = np.concatenate((rates[mine], rates[mine + 1]))
            yield Band(
                low_per_s=round(float(ends.min()), 3),
                high_per_s=round(float(ends.max()), 3),
                start_s=round(int(self.edges[mine[0]] - self.ramp.starts) / SECOND, 6),
                lasted_s=round(int((self.edges[mine + 1] - self.edges[mine]).sum()) / SECOND, 6),
                requests=self.sent[band],
                failed=self.failed[band],
                completed=int(self.completed[mine].sum()),
                latency_ms=latency(self.values.get(band, Histogram()), self.late.get(band), quantiles),
            )


class _Table:
    """The steps of these runs, filled while the counts are read."""

    def __init__(self, plan: Plan, every: Mapping[int, Ramp]) -> None:
        self._steps = len(plan.steps)
        self._widths = np.array([width_of(run.duration or 0) for run in plan.all_runs], np.int64)
        self.steps = {(run, step): _Step.of(ramp) for run, ramp in every.items() for step in range(self._steps)}

    def take(self, counts: Counts) -> None:
        mine = counts.only(lambda key, metric: metric == Metric.RESPONSE)
        for (tick, key, _), histogram in mine.histograms():
            if of_step := self.steps.get(divmod(key.slot, self._steps)):
                of_step.add(tick, key.outcome, histogram)
        slots = np.array([key.slot for key in mine.series], np.int64)[mine.of]
        answered = np.array([key.outcome == Outcome.OK for key in mine.series], bool)[mine.of]
        for (run, step), of_step in self.steps.items():
            # what an earlier phase left open is answered in this one
            groups = answered & (slots % self._steps == step) & (slots // self._steps <= run)
            if groups.any():
                of_step.complete(mine.where(groups), self._widths[slots[groups] // self._steps])
