"""Tells a wave of cold starts from the counts of a run: when they were, what was throttled meanwhile, and when the p99
was back where it had been in the phase before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from loadgen.analysis.per_second import gather, span
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.record.environments import Environments
from loadgen.record.metrics import Metric
from loadgen.record.packed import Counts
from loadgen.record.recorder import SeriesKey
from loadgen.result.cold import cold_of
from loadgen.result.cold_wave import Answered, ColdWave, Recovery, WaveSecond
from loadgen.result.latency import Interval
from loadgen.result.run import Phase, RunVariant
from loadgen.stats import index_of
from loadgen.stats.distributions import beta_cdf
from loadgen.stats.ticks import TICKS

TAIL, EXPECTED = "p99", 0.01
CHANCE = 0.01  # that a second looks beyond the interval and is not
MOST = 180  # seconds that a phase tells
QUIET = 2  # of them at the least behind the last in which anything was felt, so that one sees that it was over

Limits = Mapping[tuple[int, int], int]  # ns, by run and step


@dataclass(slots=True)
class _Second:
    """What was due in a second. `timed` and `beyond` are the answers and timeouts by step, and those beyond its
    limit."""

    sent: int = 0
    told: int = 0
    cold: int = 0
    throttled: Counter[str] = field(default_factory=Counter)
    timed: Counter[int] = field(default_factory=Counter)
    beyond: Counter[int] = field(default_factory=Counter)
    answered: int = 0
    new: int = 0

    def is_beyond(self, steps: Iterable[int]) -> bool:
        """Whether the p99 of one of these steps is beyond its limit, or hidden, as all requests were throttled."""
        hidden = self.throttled.total() > 0 and not self.timed.total()
        return hidden or any(improbable(self.beyond[step], self.timed[step]) for step in steps)


class Waves:
    """The seconds of each run of a phase, filled while the counts of a run are read."""

    def __init__(self, plan: Plan, limits: Limits) -> None:
        self._steps, self._limits = len(plan.steps), limits
        self.seconds: dict[int, dict[int, _Second]] = {}

    def take(self, counts: Counts) -> None:
        self._count(counts.only(lambda key, metric: metric == Metric.SIGN))
        self._compare(counts.only(self._is_compared))

    def _is_compared(self, key: SeriesKey, metric: int) -> bool:
        timed = key.outcome in (Outcome.OK, Outcome.TIMEOUT)
        return metric == Metric.RESPONSE and timed and divmod(key.slot, self._steps) in self._limits

    def _at(self, run: int, tick: int) -> _Second:
        return self.seconds.setdefault(run, {}).setdefault(tick // TICKS, _Second())

    def _count(self, mine: Counts) -> None:
        for number, tick, count in zip(mine.of.tolist(), mine.tick.tolist(), mine.count.tolist(), strict=True):
            key = mine.series[number]
            second = self._at(key.slot // self._steps, tick)
            second.sent += count
            if key.outcome == Outcome.THROTTLED:
                second.throttled[key.stratum] += count
            elif key.outcome == Outcome.OK and (cold := cold_of(key.stratum)) is not None:
                second.told += count
                second.cold += count * cold

    def _compare(self, mine: Counts) -> None:
        if not len(mine.tick):
            return
        places = [divmod(mine.series[number].slot, self._steps) for number in mine.of.tolist()]
        edges = index_of(np.array([self._limits[place] for place in places], np.int64))
        within = mine.up_to(np.arange(len(places)), edges[:, None])[:, 0]
        rows = zip(places, mine.of.tolist(), mine.tick.tolist(), mine.count.tolist(), within.tolist(), strict=True)
        for (run, step), number, tick, count, inside in rows:
            second = self._at(run, tick)
            second.timed[step] += count
            second.beyond[step] += count if mine.series[number].outcome == Outcome.TIMEOUT else count - inside


def with_cold_waves(variant: RunVariant, plan: Plan, seconds: Iterable[Counts] | None, met: Environments) -> RunVariant:
    """The variant, with the wave of each measured phase whose answers tell of cold starts, or of the environments that
    they are of. Without the seconds of a run there is none."""
    if seconds is None or not any(_tells(phase) or met.of(at) for at, phase in enumerate(variant.phases)):
        return variant
    intervals = {run.number: of for run in plan.runs if (of := _before(variant.phases, run))}
    limits = {
        (run, step): round(interval.high * MILLISECOND)
        for run, (_, of) in intervals.items()
        for step, interval in of.items()
        if interval.high is not None
    }
    waves = Waves(plan, limits)
    try:
        gather(seconds, waves)
    except (OSError, ValueError):
        return variant
    phases = list(variant.phases)
    for run in plan.runs:
        start, found = span(run, plan)[0], waves.seconds.get(run.number)
        if run.measured and start is not None and found and (_tells(phases[run.number]) or met.of(run.number)):
            answered = _answered(run.number, found, met)
            wave = _wave(start / SECOND, found, intervals.get(run.number), answered)
            phases[run.number] = replace(phases[run.number], cold_wave=wave)
    return replace(variant, phases=tuple(phases))


def _tells(phase: Phase) -> bool:
    return any(cold_of(stratum.stratum) is not None for step in phase.steps for stratum in step.strata)


def _before(phases: tuple[Phase, ...], run: PhaseRun) -> tuple[str, dict[int, Interval]] | None:
    """The phase before, and the interval of the p99 of each step that has one."""
    earlier = phases[run.number - 1] if run.number else None
    if earlier is None or not earlier.measured or earlier.rate is None or phases[run.number].rate is None:
        return None
    of = {
        number: interval
        for number, step in enumerate(earlier.steps)
        if (latency := step.latency("response")) and (interval := latency.intervals.get(TAIL)) and interval.high
    }
    return (earlier.name, of) if of else None


def _answered(run: int, found: dict[int, _Second], met: Environments) -> Answered | None:
    """What is known of the environments; each counts in the second of its first answer."""
    first, new = met.of(run), set(met.new(run))
    if not first:
        return None
    for number, at in first.items():
        second = found.setdefault(at, _Second())
        second.answered += 1
        second.new += number in new
    return Answered(len(first), len(new), met.more)


def _wave(
    start: float,
    found: dict[int, _Second],
    before: tuple[str, dict[int, Interval]] | None,
    answered: Answered | None,
) -> ColdWave:
    ordered = dict(sorted(found.items()))
    cold = [at for at, second in ordered.items() if second.cold]
    throttled = sum((second.throttled for second in ordered.values()), Counter[str]())
    beyond = [at for at, second in ordered.items() if before and second.is_beyond(before[1])]
    told = sum(second.told for second in ordered.values())
    # a warm environment may be new as well, where answers tell which are cold
    felt = [at for at, of in ordered.items() if of.cold or (of.new and not told) or of.throttled or at in beyond]
    quiet = max(QUIET, felt[-1] - min(ordered) + 1) if felt else 0
    until = {at: of for at, of in ordered.items() if felt and at <= felt[-1] + quiet}
    return ColdWave(
        told=told,
        cold=sum(second.cold for second in ordered.values()),
        last_cold_s=_after(start, cold),
        throttled=dict(throttled.most_common()),
        recovery=_recovery(start, beyond, max(ordered), before) if before else None,
        seconds=tuple(_seconds(until, before is not None, answered is not None)),
        answered=answered,
    )


def _after(start: float, seconds: list[int]) -> float | None:
    """How long after the beginning the last of these seconds was over."""
    return round(seconds[-1] + 1 - start, 6) if seconds else None


def _recovery(start: float, beyond: list[int], last: int, before: tuple[str, dict[int, Interval]]) -> Recovery:
    name, intervals = before
    first = next(iter(intervals.values()))
    assert first.high is not None
    ended_with_one = bool(beyond) and beyond[-1] == last
    after = None if ended_with_one else _after(start, beyond) or 0.0
    return Recovery(name, first.low, first.high, len(beyond), after)


def _seconds(ordered: dict[int, _Second], compared: bool, known: bool) -> Iterator[WaveSecond]:
    environments = answered = 0
    for at, of in list(ordered.items())[:MOST]:
        environments, answered = environments + of.cold, answered + of.answered
        beyond, so_far = of.beyond.total() if compared else None, answered if known else None
        throttled = dict(of.throttled.most_common())
        yield WaveSecond(at, of.sent, of.told, of.cold, environments, throttled, beyond, so_far)


def improbable(beyond: int, count: int) -> bool:
    """Whether so many of `count` requests are beyond a limit by chance once in a hundred times, if 1 % are expected:
    the exact binomial test."""
    return beyond > EXPECTED * count and beta_cdf(EXPECTED, beyond, count - beyond + 1) < CHANCE
