"""The ledgers' sums at one instant after the other: what `stop_if` and the display look back at. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from loadgen.clock import SECOND
from loadgen.exchange import Outcome
from loadgen.record.ledger import ITERATIONS, OUTCOMES, STARTED, Ledger


@dataclass(frozen=True, slots=True)
class Moment:
    """`elapsed` ns after the start, so many exchanges had finished, and failed, and iterations been started."""

    elapsed: int
    finished: int
    failed: int
    started: int

    @classmethod
    def of(cls, totals: Ledger, elapsed: int) -> Moment:
        counts = outcomes(totals)
        started = sum(totals.iterations[run * len(ITERATIONS) + STARTED] for run in range(totals.runs))
        return cls(elapsed, sum(counts), sum(counts) - counts[Outcome.OK], started)


def outcomes(totals: Ledger) -> list[int]:
    """How many exchanges are in each outcome class, over all slots."""
    cells = totals.outcomes.tolist()
    return [sum(cells[number::OUTCOMES]) for number in range(OUTCOMES)]


def failing(moments: deque[Moment], window: int) -> float | None:
    """The share that failed over the last `window` ns; None before so much time has passed, or if nothing finished."""
    last = moments[-1]
    earlier = (m for m in reversed(moments) if last.elapsed - m.elapsed >= window - SECOND // 4)
    start = next(earlier, None)
    if start is None:
        if last.elapsed < window:
            return None
        start = Moment(0, 0, 0, 0)
    finished = last.finished - start.finished
    return (last.failed - start.failed) / finished if finished else None


def rate_now(moments: deque[Moment]) -> float:
    """Iterations started a second, between the last two moments."""
    if len(moments) < 2:
        return 0.0
    last, before = moments[-1], moments[-2]
    return (last.started - before.started) / max(1e-9, (last.elapsed - before.elapsed) / SECOND)
