"""`--until 'burst response p99 within 5%'`: a phase that goes on until a figure is as precise as the user asked.

It is checked at planned times. Each looks at how wide the interval is, and not at where it lies, so that all of them
are 95 % intervals: nothing is decided by them (tests/simulations/test_coverage.py). A look takes the whole seconds up
to its time, once their answers should be there. If it is precise enough, the phase ends at the next second. The last
look is made at the phase's end, which is at the limit at the latest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.fleet.fleet import Fleet
from loadgen.record.metrics import Metric
from loadgen.record.recorder import Place
from loadgen.result import run as result
from loadgen.result.reason import Reason
from loadgen.result.run import Look, UntilFigure
from loadgen.runner.until.goal import Goal
from loadgen.stats import Histogram, fraction, rank
from loadgen.stats.bins import Bins
from loadgen.stats.intervals import CONFIDENCE, EVENTS, NoInterval
from loadgen.stats.looks import times
from loadgen.stats.settling import settled
from loadgen.stats.ticks import TICKS, doublings

NOTICE = SECOND // 4  # the time in which the message reaches every worker before the phase ends
PATIENCE = 30  # seconds that a look waits for answers at most
FIRST = 20  # seconds: with looks from 5 s on, up to 10 % of runs end at an interval that is narrow by chance and wrong

ByTick = dict[int, tuple[Histogram, Histogram]]  # by tick of due: the values that were ok, and the timeouts


class Until:
    """The looks at one run's figures while they come in. `run` is the number of the phase's run in the plan.

    `began` returns when that run began, in ns after the start; None if it has not begun.
    """

    def __init__(self, goal: Goal, plan: Plan) -> None:
        self.goal, self._steps = goal, plan.steps
        phase = next(run for run in plan.runs if run.name == goal.figure.phase)
        self.run, self.looks = phase.number, _times(goal, phase.phase.rate.highest if phase.phase.rate else None)
        self._looked: list[Look] = []
        self._ended = False
        self._values: dict[tuple[int, int], ByTick] = {}

    @property
    def runs(self) -> tuple[int, ...]:
        """The runs of the plan that go on until they are told to end."""
        return (self.run,)

    @property
    def looks_made(self) -> int:
        return len(self._looked)

    @property
    def levels(self) -> dict[str, float]:
        """No look judges a threshold."""
        return {}

    def count(self, taken: Mapping[Place, Histogram]) -> None:
        """Take the values that came in since the last call, by tick of due."""
        steps, metrics = len(self._steps), _metrics(self.goal.figure.metric)
        for (tick, key, metric), histogram in taken.items():
            if key.slot // steps == self.run and metric in metrics and key.outcome in (Outcome.OK, Outcome.TIMEOUT):
                ticks = self._values.setdefault((key.slot % steps, metric), {})
                both = ticks.setdefault(tick, (Histogram(), Histogram()))
                both[key.outcome == Outcome.TIMEOUT].add(histogram)

    def each_second(self, fleet: Fleet, show: Callable[[Reason], None]) -> None:
        """Make the looks that are due, and end the phase if one of them decides."""
        began = fleet.begins(self.run)
        while began is not None and not (self._ended or fleet.stopping) and self._due(began, fleet.counted):
            look = self._look(began, len(self._looked))
            self._looked.append(look)
            if _decides(look, self.goal.within):
                self._end(began, fleet)
            show(_notice(look, self._ended))

    def _due(self, began: int, counted: int) -> bool:
        """Whether it is time for the next look, when so many seconds are counted. The last look is made only when the
        run is over."""
        number = len(self._looked)
        if number >= len(self.looks) - 1:
            return False
        end = _first(began) + self.looks[number]
        before = (both for ticks in self._values.values() for tick, both in ticks.items() if tick < end * TICKS)
        return counted >= end + patience(values for both in before for values in both)

    def _end(self, began: int, fleet: Fleet) -> None:
        at = -(-(fleet.elapsed + NOTICE) // SECOND) * SECOND
        if at - began < self.goal.limit:  # at its limit the phase ends by itself
            self._ended = True
            fleet.leave(self.run, at)

    def _look(self, began: int, number: int) -> Look:
        figures = tuple(
            self._figure(scenario, step, self._bins(ticks, began, number)) for scenario, step, ticks in self._groups()
        )
        return Look(self.looks[number], CONFIDENCE, figures)

    def _groups(self) -> Iterable[tuple[str, str, ByTick]]:
        """The values of each step, or of each scenario's iterations, that the goal is about."""
        scenarios = [scenario for scenario, _ in self._steps]
        figure = self.goal.figure
        for number, (scenario, step) in enumerate(self._steps):
            first = scenarios.index(scenario) == number
            several = scenarios.count(scenario) > 1
            if (figure.metric == "iteration" and not first) or figure.step not in ("", step):
                continue
            named = "iteration" if figure.metric == "iteration" and several else ""
            metrics = (Metric.ITERATION,) if named else _metrics(figure.metric)
            values = (self._values[number, metric] for metric in metrics if (number, metric) in self._values)
            yield scenario, named or step, next(values, {})

    def _figure(self, scenario: str, step: str, whole: Bins) -> UntilFigure:
        quantile = self.goal.figure.quantile
        value = _value(whole, quantile)
        if settled(whole.counts, whole.totals, whole.width) is False:
            return UntilFigure(scenario, step, _ms(value), why=Reason.of("not_settled"))
        estimate = whole.mean_interval() if quantile == "mean" else whole.interval(fraction(quantile))
        if isinstance(estimate, NoInterval):
            return UntilFigure(scenario, step, _ms(value), why=estimate.reason)
        if estimate.kind != "full":
            return UntilFigure(scenario, step, _ms(value), why=estimate.warning)
        if value is None:
            why = Reason.of("among_timeouts", bound_ms=_ms(whole.late.least), timeouts=whole.late.count)
            return UntilFigure(scenario, step, why=why)
        off = estimate.precision(value)
        bounded = math.isfinite(off)
        return UntilFigure(
            scenario, step, _ms(value), _ms(estimate.low), _ms(estimate.high), round(off, 6) if bounded else None,
            None if bounded else Reason.of("no_upper_bound"),
        )  # fmt: skip

    def _bins(self, ticks: ByTick, began: int, number: int) -> Bins:
        """The bins of a look, which are those of a phase of its length. What is due before or after its whole seconds
        counts with the neighbour, as in the phase's own figures."""
        last = number == len(self.looks) - 1
        first, length = _first(began), self.looks[number]
        if last:  # the phase may end within a second
            length = max(1, (began + self.goal.limit) // SECOND - first)
        width = 1 << int(doublings(np.array(length * SECOND)))
        count = length * TICKS // width
        ok, late = ([Histogram() for _ in range(count)] for _ in range(2))
        for tick, both in ticks.items():
            at = (tick - first * TICKS) // width
            if at < count or last:
                for into, values in zip((ok, late), both, strict=True):
                    into[min(max(at, 0), count - 1)].add(values)
        return Bins(ok, late, width / TICKS)

    def result(self, began: int | None, complete: bool) -> result.Until:
        """The result of the goal, when every answer is in. The look that ended the phase is made again with all
        answers, and the look at the limit is made. `complete`: nothing else stopped the run."""
        if began is not None and self._looked and self._ended:
            self._looked[-1] = self._look(began, len(self._looked) - 1)
        elif began is not None and complete:
            while len(self._looked) < len(self.looks):
                self._looked.append(self._look(began, len(self._looked)))
        last = self._looked[-1] if self._looked else None
        return result.Until(
            text=self.goal.text,
            reached=last is not None and _decides(last, self.goal.within),
            stopped_by_until=self._ended,
            within=self.goal.within,
            limit_s=self.goal.limit / SECOND,
            planned_s=self.looks,
            looks=tuple(self._looked),
        )


def patience(before: Iterable[Histogram]) -> int:
    """How many seconds to wait for the answers of what was due by then: as long as the slowest answer took so far."""
    return min(PATIENCE, 1 + max((values.most for values in before if values.count), default=0) // SECOND)


def _decides(look: Look, within: float) -> bool:
    return bool(look.figures) and all(figure.off is not None and figure.off <= within for figure in look.figures)


def _notice(look: Look, ended: bool) -> Reason:
    """What a look shows of the figure that is known the least."""
    worst = max(look.figures, key=lambda figure: math.inf if figure.off is None else figure.off)
    known = {} if worst.off is None else {"ms": worst.ms, "off": worst.off}
    step = worst.step if len(look.figures) > 1 else None
    return Reason.of("until_look", after_s=look.after_s, step=step, enough=1 if ended else None, **known)


def _times(goal: Goal, rate: float | None) -> tuple[int, ...]:
    """The times of the looks, in seconds of the phase. The first is not before the phase's own duration is over and an
    interval is possible."""
    quantile = goal.figure.quantile
    least = max(FIRST, math.ceil(goal.least / SECOND))
    if rate and quantile != "mean":
        p = fraction(quantile)
        least = max(least, math.ceil(2 * EVENTS / float(min(p, 1 - p)) / rate))  # some come together by chance
    return times(least, max(1, goal.limit // SECOND))


def _metrics(word: str) -> tuple[Metric, ...]:
    """The metrics that the figure may be of, in order of preference. An operation with one attempt is that attempt's
    response."""
    single = (Metric.OPERATION, Metric.RESPONSE)
    return {"iteration": (Metric.ITERATION, *single), "operation": single}.get(word) or (Metric[word.upper()],)


def _first(began: int) -> int:
    """The first whole second of a phase."""
    return -(-began // SECOND)


def _value(whole: Bins, quantile: str) -> int | None:
    count = whole.measured.count + whole.late.count
    if not count:
        return None
    if quantile == "mean":
        return None if whole.late.count else round(whole.measured.total / count)
    position = rank(fraction(quantile), count)
    return whole.measured.at_rank(position) if position <= whole.measured.count else None


def _ms(ns: float | None) -> float | None:
    return None if ns is None else round(ns / MILLISECOND, 6)
