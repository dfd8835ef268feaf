"""The state of a run for the display: plain values, made twice a second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from loadgen.analysis.latency import quantile_ms
from loadgen.clock import SECOND
from loadgen.exchange import Outcome
from loadgen.fleet.fleet import Fleet
from loadgen.record.ledger import ITERATIONS, PLANNED, Ledger
from loadgen.result.reason import Reason
from loadgen.runner.stop import Snapshot, rates
from loadgen.stats import Histogram


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run. `phases` are (name, seconds or None) in the order in which they run; `phase_number` counts
    from 0.

    Rates are in iterations per second. They, `p50_ms` and `p99_ms` are those of the last whole second, which may belong
    to the phase before. `failed` are counts by outcome class. `state` is preparing, running, draining or stopping.
    `position` says which run of an experiment it is; it is empty for a single run.
    """

    phase: str
    cycle: int
    cycles: int
    phases: tuple[tuple[str, float | None], ...]
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
    position: str = ""


class Display(Protocol):
    """Shows progress, and notices, while a run goes on."""

    def update(self, progress: Progress) -> None: ...

    def message(self, notice: Reason) -> None: ...


def progress(fleet: Fleet, snapshots: deque[Snapshot], second: Histogram, workers: int) -> Progress:
    """The state of the load of the fleet's leading group. `second` are the response times of the last whole second."""
    plan, begun = fleet.plan, fleet.leading.start > 0
    runs = plan.runs
    number = fleet.run_number if begun else 0
    run = plan.all_runs[min(number, len(runs))]
    totals = fleet.leading.totals() if begun else Ledger.in_memory(len(plan.all_runs), plan.slots)
    snapshot = Snapshot.of(totals, fleet.elapsed)
    ended = {Outcome(n).word: c for n, c in enumerate(totals.outcome_counts()) if c}
    state = "stopping" if fleet.stopping else "draining" if number >= len(runs) else "running"
    rate_now, rate_planned = rates(snapshots, runs)
    durations = [r.duration for r in runs]
    fixed = [d for d in durations if d is not None]
    return Progress(
        phase=run.name,
        cycle=run.cycle or 1,
        cycles=max(r.cycle for r in runs) or 1,
        phases=tuple((r.name, r.duration / SECOND if r.duration else None) for r in runs),
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
        workers=workers,
        state=state if begun else "preparing",
    )
