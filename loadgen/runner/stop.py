"""Stop conditions: the sums of the ledgers at one instant after another, which `stop_if` and the display look back on;
and the sandbox's counts. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun
from loadgen.exchange import Outcome
from loadgen.profile.model import StopIf
from loadgen.record.ledger import COMPLETED, ITERATIONS, STARTED, Ledger
from loadgen.result.reason import Reason

NO_COUNTS = ("queue_peak", "cpu", "lag_ns", "open")  # figures of the sandbox that are no counts


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The numbers of finished exchanges, failed exchanges, and started and completed iterations, `elapsed` ns after the
    start."""

    elapsed: int
    finished: int
    failed: int
    started: int
    completed: int = 0

    @classmethod
    def of(cls, totals: Ledger, elapsed: int) -> Snapshot:
        counts = totals.outcome_counts()
        rows = range(0, totals.runs * len(ITERATIONS), len(ITERATIONS))
        started, completed = (sum(totals.iterations[row + of] for row in rows) for of in (STARTED, COMPLETED))
        return cls(elapsed, sum(counts), sum(counts) - counts[Outcome.OK], started, completed)


def history(stop_if: StopIf | None) -> deque[Snapshot]:
    """An empty history. It holds as many snapshots as a condition looks back on: one for each second, and several at
    once after a pause of this process."""
    return deque([Snapshot(0, 0, 0, 0)], maxlen=2 + (2 * stop_if.window // SECOND if stop_if else 0))


def error_share(snapshots: deque[Snapshot], window: int) -> float | None:
    """The share of exchanges that failed in the last `window` ns; None before so much time has passed, and if none
    finished."""
    last = snapshots[-1]
    earlier = (m for m in reversed(snapshots) if last.elapsed - m.elapsed >= window - SECOND // 4)
    start = next(earlier, last)
    finished = last.finished - start.finished
    return (last.failed - start.failed) / finished if finished else None


def reason_to_stop(snapshots: deque[Snapshot], stop_if: StopIf | None) -> Reason | None:
    """The condition to stop, with the share that failed, if it holds now."""
    share = error_share(snapshots, stop_if.window) if stop_if else None
    if stop_if is None or share is None:
        return None
    holds = share > stop_if.value or (stop_if.op == ">=" and share == stop_if.value)
    return Reason.of("stopped_by_errors", condition=stop_if.text, share=share) if holds else None


def rates(
    snapshots: Sequence[Snapshot], runs: tuple[PhaseRun, ...], machines: int = 1
) -> tuple[float | None, float | None]:
    """The rate at which iterations were started and the planned mean rate, per second, between the last two snapshots.
    None if it is not known: before the first second is over, and if users set the pace. Of a load that so many machines
    share, it is this one's part."""
    if not snapshots:
        return None, None
    last, before = snapshots[-1], snapshots[-2] if len(snapshots) > 1 else Snapshot(0, 0, 0, 0)
    if last.elapsed <= before.elapsed:
        return None, None
    planned = planned_between(runs, before.elapsed, last.elapsed)
    lasted = (last.elapsed - before.elapsed) / SECOND
    return (last.started - before.started) / lasted, None if planned is None else planned / lasted / machines


def planned_between(runs: tuple[PhaseRun, ...], start: int, end: int) -> float | None:
    """How many iterations the rates plan from `start` to `end`, in ns; None if rates alone do not tell."""
    total, begun = 0.0, 0
    for run in runs:
        if run.duration is None:
            return None
        first, last = max(start - begun, 0), min(end - begun, run.duration)
        begun += run.duration
        if first >= last:
            continue
        rate = run.phase.rate
        if rate is None:
            return None
        total += rate.count(float(last), run.duration) - rate.count(float(first), run.duration)
    return total if end <= begun else None


def since(before: Any, after: Any) -> Any:
    """The sandbox's counts between two of its figures. A figure that is no count is that of the later one."""
    if isinstance(after, dict):
        earlier = before if isinstance(before, dict) else {}
        return {name: of if name in NO_COUNTS else since(earlier.get(name), of) for name, of in after.items()}
    return after - before if isinstance(after, int) and isinstance(before, int) else after
