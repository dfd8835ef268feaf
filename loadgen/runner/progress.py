"""The state of a run for the display: plain values, made twice a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from loadgen.analysis.latency import quantile_ms
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.fleet.fleet import Fleet
from loadgen.record.ledger import ITERATIONS, PLANNED, Ledger
from loadgen.result.reason import Reason
from loadgen.result.run import TrustSignal
from loadgen.runner.course import Course, Point, Second
from loadgen.runner.stop import Snapshot, rates
from loadgen.stats import Histogram

SAMPLED = 32  # parts of a phase, at whose ends its planned rate is shown


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A run of a phase, as it is planned. `rates` are those at evenly spaced instants from its beginning to its end,
    two at the least; empty where users set the pace, or all is due at once."""

    name: str
    seconds: float | None
    rates: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker in its last second: the share of a core that it used, and the iterations that were open. None: it has
    not said yet."""

    core_use: float | None = None
    in_flight: int | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class StepSoFar:
    """A step of a capacity: its rate, the share of its requests beyond the limit, and whether something else shows that
    the rate is above the capacity."""

    rate: float
    share: float
    above: bool = False


@dataclass(frozen=True, slots=True)
class CapacitySoFar:
    """What the steps of a variant tell so far: the condition that breaks first, the share that may be beyond it, and
    the capacity with its interval, as far as they are known."""

    variant: str
    condition: str
    allowed: float
    steps: tuple[StepSoFar, ...] = ()
    rate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Which run of several this is: its round, the variant that it is of, the variants that run `now` (more than one in
    a duet), those that run `next` and their round, and of each variant the verdicts of its runs. Rounds count from 1.
    `left_s`: so long the runs after this one are planned to take, with their pauses. Of `keepalive --idle` each round
    has one run, whose phase stands for the variant. `each` is what a round is called: those of a capacity are steps,
    and `now` has the rate. `capacities` are those of its variants so far, that of the step first."""

    round: int
    rounds: int
    variant: str
    now: tuple[str, ...]
    next: tuple[str, ...] = ()
    next_round: int | None = None
    verdicts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    left_s: float | None = None
    each: str = "round"
    capacities: tuple[CapacitySoFar, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run. `phases` are in the order in which they run; `phase_number` counts from 0.

    Rates are in iterations per second. They, `p50_ms`, `p99_ms` and `max_ms` are those of the last whole second, which
    may belong to the phase before. `failed` are counts by outcome class. `state` is preparing, running, draining or
    stopping, and between the runs of an experiment pausing. `trust` is what the signals of trust say so far; None: not
    known yet. `position` says which run of several it is; None for a single run.
    """

    phase: str
    cycle: int
    cycles: int
    phases: tuple[PlannedPhase, ...]
    phase_number: int
    elapsed_s: float
    total_s: float | None
    planned: int | None
    started: int
    sent: int
    in_flight: int
    ok: int
    failed: dict[str, int]
    rate_planned: float | None
    rate_now: float | None
    p50_ms: float | None
    p99_ms: float | None
    workers: int
    state: str
    position: Position | None = None
    max_ms: float | None = None
    name: str = ""
    target: str = ""
    seconds: tuple[Second, ...] = ()
    points: tuple[Point, ...] = ()
    by_worker: tuple[Worker, ...] = ()
    trust: tuple[TrustSignal, ...] | None = None


class Display(Protocol):
    """Shows progress, and notices, while a run goes on. Only one that is `detailed` is told what the signals of trust
    say so far, which takes a while to find out."""

    @property
    def detailed(self) -> bool: ...

    def update(self, progress: Progress) -> None: ...

    def message(self, notice: Reason) -> None: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What does not change while a run goes on. So many `machines` share the load, each with its part of a rate."""

    name: str
    target: str
    workers: int
    machines: int = 1


def progress(
    fleet: Fleet,
    snapshots: Sequence[Snapshot],
    second: Histogram,
    known: Known,
    course: Course,
    trust: tuple[TrustSignal, ...] | None,
) -> Progress:
    """The state of the load of the fleet's leading group. `second` are the response times of the last whole second."""
    plan, begun = fleet.plan, fleet.leading.start > 0
    runs = plan.runs
    number = fleet.run_number if begun else 0
    run = plan.all_runs[min(number, len(runs))]
    totals = fleet.leading.totals() if begun else Ledger.in_memory(len(plan.all_runs), plan.slots)
    totals = plan.of_phases(totals)
    snapshot = Snapshot.of(totals, fleet.elapsed)
    ended = {Outcome(n).word: c for n, c in enumerate(totals.outcome_counts()) if c}
    state = "stopping" if fleet.stopping else "draining" if number >= len(runs) else "running"
    rate_now, rate_planned = rates(snapshots, runs, known.machines)
    durations = [r.duration for r in runs]
    fixed = [d for d in durations if d is not None]
    return Progress(
        phase=run.name,
        cycle=run.cycle or 1,
        cycles=max(r.cycle for r in runs) or 1,
        phases=_planned(plan, known.machines),
        phase_number=number,
        elapsed_s=fleet.elapsed / SECOND,
        total_s=sum(fixed) / SECOND if len(fixed) == len(durations) else None,
        planned=sum(totals.iterations[r.number * len(ITERATIONS) + PLANNED] for r in runs) or None,
        started=snapshot.started,
        sent=sum(totals.sent.tolist()),
        in_flight=fleet.leading.health.in_flight,
        ok=ended.pop("ok", 0),
        failed=ended,
        rate_planned=rate_planned,
        rate_now=rate_now,
        p50_ms=quantile_ms(second, "p50"),
        p99_ms=quantile_ms(second, "p99"),
        max_ms=second.most / MILLISECOND if second.count else None,
        workers=known.workers,
        state=state if begun else "preparing",
        name=known.name,
        target=known.target,
        seconds=course.seconds,
        points=course.points,
        by_worker=tuple(_workers(fleet)),
        trust=trust,
    )


@lru_cache(maxsize=8)
def _planned(plan: Plan, machines: int) -> tuple[PlannedPhase, ...]:
    return tuple(_phase(run, machines) for run in plan.runs)


def _phase(run: PhaseRun, machines: int) -> PlannedPhase:
    rate, lasts = run.phase.rate, run.duration
    parts = range(SAMPLED + 1)
    at = [rate.at(lasts * part / SAMPLED, lasts) / machines for part in parts] if rate and lasts else []
    return PlannedPhase(run.name, lasts / SECOND if lasts else None, tuple(at))


def _workers(fleet: Fleet) -> list[Worker]:
    last = fleet.leading.health.last
    found = []
    for member in fleet.leading.members:
        sample = last.get(member.index)
        busy = sample["cpu"] / sample["elapsed"] if sample and sample["elapsed"] else None
        found.append(Worker(busy, sample["in_flight"] if sample else None, member.lost))
    return found
