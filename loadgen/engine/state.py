"""What the engine's parts share: who runs it, its part of the load, and how each run of a phase stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from loadgen.clock import NEVER
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.native import i64, mypyc_attr
from loadgen.pacing import share
from loadgen.record.ledger import ITERATIONS, PLANNED, STARTED, UNSENT_LIMIT, UNSENT_STOPPED
from loadgen.workload.scenarios import Pause, ScenarioWork, Workload, pause

_USER_THINK = 5


class Host(Protocol):
    """Who runs the engine: hears that it reached a phase whose start all workers share, and that it is finished."""

    def reached(self, run: int) -> None:
        """This worker is ready for run `run`; answer with `engine.enter(run, start)`."""

    def halted(self) -> None:
        """All users of this worker wait, and nothing is open; answer with `engine.resume(at)`."""

    def finished(self) -> None: ...


@mypyc_attr(native_class=False)  # it is pickled
@dataclass(frozen=True, slots=True)
class Share:
    """This worker's part of the load: worker `index` of `workers`, and its part of the limits. Its iterations are those
    numbered `index`, and then each `stride`-th; unless said, each that is the workers' number further on. After `lap`
    iterations of each of its users they all wait until they are told to go on; 0: they never do."""

    index: int = 0
    workers: int = 1
    in_flight: int = NEVER
    users_gap: int = 0  # ns between two starts of users, at the least (max_rate)
    stride: int = 0
    lap: int = 0


class Numbering:
    """The number of the next iteration, which says what it sends, and its scenario, if that is always the same. The
    phases share one. A stream beside them has its own, so that it changes nothing of what they send."""

    __slots__ = ("index", "only")

    def __init__(self, index: i64, only: ScenarioWork | None) -> None:
        self.index, self.only = index, only


class RunState:
    """How a run of a phase stands in this worker: of what arrives in it, the worker has number `turn`, counted from 0,
    and then each n-th. `planned` is how many iterations it is to start, where that is known beforehand. `length` is how
    long a stream beside the phases goes on, in ns. `started` and `completed` are what the ledger says: to read it takes
    as long as to write it."""

    __slots__ = (
        "active", "budget", "completed", "in_flight", "length", "measured", "numbering", "open", "planned", "row",
        "run", "slot", "started", "think", "turn",
    )  # fmt: skip

    def __init__(self, run: PhaseRun, slot: i64, turn: int, numbering: Numbering) -> None:
        self.run, self.slot, self.turn, self.numbering = run, slot, turn, numbering
        self.length = NEVER
        self.row: i64 = run.number * len(ITERATIONS)
        self.open = run.phase.kind != "closed"
        self.measured = run.measured
        self.active = False
        self.in_flight: i64 = 0
        self.started: i64 = 0
        self.completed: i64 = 0
        self.planned: int | None = None
        self.budget: int | None = None
        self.think: Pause | None = pause(run.phase.think, (run.seed, _USER_THINK, run.number))

    def left(self, cells: memoryview) -> int:
        """How many of its planned iterations are neither started nor given up, by those cells of the ledger."""
        gone = sum(cells[self.row + field] for field in (STARTED, UNSENT_LIMIT, UNSENT_STOPPED))
        return max(0, cells[self.row + PLANNED] - gone)


def states_of(plan: Plan, worker: Share, workload: Workload) -> list[RunState]:
    """Those of all runs. What arrives in phases is numbered through all of them and dealt to the workers in turn, so
    that a worker has its own numbers in each, and what is sent for a number is the same with any number of workers."""
    states, first = [], 0
    numbering = Numbering(worker.index, workload.scenarios[0] if len(workload.scenarios) == 1 else None)
    for run in (*plan.runs, plan.drain):
        state = RunState(run, plan.slot(run.number, 0), (worker.index - first) % worker.workers, numbering)
        states.append(state)
        if run is plan.drain:
            continue
        if (total := run.total()) is None:
            state.planned = run.planned(worker.index, worker.workers)
        else:
            state.planned, first = share(total, state.turn, worker.workers), first + total
    beside = zip(plan.beside, workload.beside, strict=True)
    return [*states, *(_beside(plan, run, worker, work) for run, work in beside)]


def _beside(plan: Plan, run: PhaseRun, worker: Share, work: ScenarioWork) -> RunState:
    state = RunState(run, plan.slot(run.number, 0), worker.index, Numbering(worker.index, work))
    if run.groups and (length := plan.length) is not None:
        state.length = length
        state.planned = share(run.groups.before(length) * run.groups.at_once, worker.index, worker.workers)
    return state
