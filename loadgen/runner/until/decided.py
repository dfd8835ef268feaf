"""`--until decided`: each phase with thresholds goes on until all of them are decided, or its time is up.

The looks are planned, and share the error probability (`stats.looks`): who looks often and stops when the result looks
good is wrong more often than claimed. A look takes the whole seconds up to its time, once their answers should be
there, and ends the phase at the next second if nothing is left undecided. The thresholds of the result have the level
of the look that ended their phase, and of the last one if none did.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from loadgen.analysis import thresholds as limits
from loadgen.analysis.build import Measured, variant
from loadgen.analysis.counted import Counted
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.fleet.fleet import Fleet
from loadgen.profile.model import Threshold as Asked
from loadgen.record.ledger import Ledger
from loadgen.record.metrics import Metric
from loadgen.record.packed import Counts
from loadgen.record.recorder import Place
from loadgen.record.recording import Recording
from loadgen.result import run as result
from loadgen.result.reason import Reason
from loadgen.result.run import Look, Phase, Requests, Threshold
from loadgen.runner.until.goal import DECIDED, Decided
from loadgen.runner.until.until import NOTICE, patience
from loadgen.stats import Histogram
from loadgen.stats.looks import levels, times
from loadgen.stats.ticks import TICKS


@dataclass(slots=True)
class _Watched:
    """A phase with thresholds: its run in the plan, when it is looked at, and the looks that were made."""

    run: int
    name: str
    planned: tuple[int, ...]
    made: list[Look] = field(default_factory=list)
    ended: bool = False

    @property
    def level(self) -> float:
        """That of the look that ended it; otherwise of the last one, which is made of the result."""
        return levels(self.planned)[len(self.made) - 1 if self.ended else -1]


class UntilDecided:
    """The looks at a run's thresholds while its figures come in."""

    def __init__(self, goal: Decided, plan: Plan, asked: Mapping[str, tuple[Asked, ...]]) -> None:
        self._goal, self._plan, self._asked = goal, plan, asked
        self._watched = [
            _Watched(run.number, run.name, times(goal.first(run.name), max(1, goal.limit(run.name) // SECOND)))
            for run in plan.runs
            if run.name in goal.phases
        ]
        words = {of.metric for name in goal.phases for of in asked[name] if of.fraction is not None}
        self._metrics = {Metric.SIGN, Metric.RESPONSE, Metric.OPERATION, *(Metric[word.upper()] for word in words)}
        self._taken: dict[Place, Histogram] = {}

    @property
    def run(self) -> int:
        """The number of the first run of a phase that it is about."""
        return self._watched[0].run

    @property
    def runs(self) -> tuple[int, ...]:
        """The runs of the plan that go on until they are told to end."""
        return tuple(phase.run for phase in self._watched)

    @property
    def looks_made(self) -> int:
        return sum(len(phase.made) for phase in self._watched)

    @property
    def levels(self) -> limits.Levels:
        """The error probability that the thresholds of each phase have."""
        return {phase.name: phase.level for phase in self._watched}

    def count(self, taken: Mapping[Place, Histogram]) -> None:
        """Take the values that came in since the last call, by tick of due."""
        runs, steps = {phase.run for phase in self._watched}, len(self._plan.steps)
        for place, histogram in taken.items():
            if place[2] in self._metrics and place[1].slot // steps in runs:
                self._taken.setdefault(place, Histogram()).add(histogram)

    def each_second(self, fleet: Fleet, show: Callable[[Reason], None]) -> None:
        """Make the looks that are due, and end a phase of which everything is decided."""
        for phase in self._watched:
            began = fleet.begins(phase.run)
            while began is not None and not (phase.ended or fleet.stopping) and self._due(phase, began, fleet.counted):
                found = self._look(phase, began)
                open_ones = [of for of in found if of.status == "undecided" and of.counts]
                undecided = tuple(" ".join(filter(None, (of.step, of.text))) for of in open_ones)
                number = len(phase.made)
                level = levels(phase.planned)[number]
                phase.made.append(Look(phase.planned[number], round(1 - level, 4), (), phase.name, undecided))
                if not undecided:
                    self._end(phase, began, fleet)
                show(_notice(phase, open_ones))

    def _due(self, phase: _Watched, began: int, counted: int) -> bool:
        number = len(phase.made)
        if number >= len(phase.planned) - 1:
            return False
        end = _first(began) + phase.planned[number]
        before = (histogram for (tick, *_), histogram in self._taken.items() if tick < end * TICKS)
        return counted >= end + patience(before)

    def _end(self, phase: _Watched, began: int, fleet: Fleet) -> None:
        at = -(-(fleet.elapsed + NOTICE) // SECOND) * SECOND
        if at - began < self._goal.limit(phase.name):  # at its limit the phase ends by itself
            phase.ended = True
            fleet.leave(phase.run, at)

    def _look(self, phase: _Watched, began: int) -> list[Threshold]:
        """The phase's thresholds, as they are after the next planned look."""
        number = len(phase.made)
        end, steps = _first(began) + phase.planned[number], len(self._plan.steps)
        seen = {at: of for at, of in self._taken.items() if at[0] < end * TICKS and at[1].slot // steps == phase.run}
        phases = list(self._phases(phase, seen, phase.planned[number]))
        level = {phase.name: levels(phase.planned)[number]}
        counts = Counts.of_histograms({at: of for at, of in seen.items() if of.count})
        plan = self._plan.ending(phase.run, end * SECOND - began)  # so that its bins are those of such a phase
        read = partial(Counted.of, [counts], plan)
        return limits.check({phase.name: self._asked[phase.name]}, phases, read, levels=level)

    def _phases(self, watched: _Watched, seen: Mapping[Place, Histogram], lasted: int) -> Iterator[Phase]:
        """The run's phases as they would be if it had ended at the look. Its ledger has what is still open; what was
        counted has not."""
        recording = Recording()
        for place, histogram in seen.items():
            recording.add(*place, histogram)
        recording.flush()
        quantiles = tuple(of.quantile for of in self._asked[watched.name] if of.fraction is not None)
        measured = Measured(
            self._plan, Ledger.in_memory(len(self._plan.all_runs), self._plan.slots), recording, quantiles
        )
        for number, phase in enumerate(variant(measured).phases):
            if number == watched.run:
                sent = {at: of.count for at, of in seen.items() if at[2] == Metric.SIGN}
                ok, every = sum(sent[at] for at in sent if at[1].outcome == Outcome.OK), sum(sent.values())
                phase = replace(phase, requests=Requests(every, every, {"ok": ok}), ran=float(lasted))
            yield phase

    def result(self, began: int | None, complete: bool) -> result.Until:
        """The result of the goal. Whether it is reached, the run's thresholds tell (`analysis.conclusion`)."""
        return result.Until(
            text=DECIDED,
            reached=False,
            stopped_by_until=all(phase.ended for phase in self._watched),
            within=None,
            limit_s=max(self._goal.limit(phase.name) for phase in self._watched) / SECOND,
            planned_s=self._watched[0].planned,
            looks=tuple(look for phase in self._watched for look in phase.made),
        )


def _first(began: int) -> int:
    """The first whole second of a phase."""
    return -(-began // SECOND)


def _notice(phase: _Watched, undecided: list[Threshold]) -> Reason:
    """How many thresholds of the phase are undecided, the one that takes longest, and how long."""
    after = phase.made[-1].after_s
    if not undecided:
        return Reason.of("until_decided", after_s=after, phase=phase.name)
    times = [of.counts.more_s if of.counts and of.counts.more_s is not None else math.inf for of in undecided]
    longest = times.index(max(times))
    of, more = undecided[longest], times[longest]
    known = {} if more == math.inf else {"more_s": round(more)}
    return Reason.of(
        "until_undecided",
        after_s=after,
        phase=phase.name,
        step=of.step or None,
        text=of.text,
        count=len(undecided),
        **known,
    )
