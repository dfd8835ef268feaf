"""Makes the exemplars of a result from those that the workers have kept."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from loadgen.analysis.build import Measured
from loadgen.clock import MILLISECOND
from loadgen.record.attribution import attribution
from loadgen.record.exemplars import Exemplar as Kept
from loadgen.record.exemplars import OfSlot
from loadgen.result.exemplars import Exemplar, Exemplars, StepExemplars

FILE = "exemplars.json"
SLOWEST = 50  # the slowest one in so many: the requests on both sides of the p99 are among them
LEAST = 10  # of them
DRAWN = 100  # one in so many is drawn
FEWEST, MOST = 100, 500  # of those that are drawn


def exemplars(m: Measured, every: Iterable[OfSlot]) -> Exemplars | None:
    """Those of measured phases that have an id; None if none has."""
    steps = tuple(step for of in every if (step := _step(m, of)))
    return Exemplars(steps=steps) if steps else None


def _step(m: Measured, of: OfSlot) -> StepExemplars | None:
    run, (scenario, step) = m.plan.of_slot(of.slot)
    some = [*of.slow, *of.drawn]
    if not run.measured or not any(one.ids for one in some):
        return None
    slow = of.slow[: max(LEAST, -(-of.seen // (SLOWEST << of.level)))]
    number = min(len(of.drawn), MOST, max(FEWEST, -(-of.seen // DRAWN)))
    drawn = Random(f"exemplars {of.slot}").sample(of.drawn, number)
    scheduled = not run.phase.closed
    return StepExemplars(
        phase=run.name,
        cycle=run.cycle or 1,
        scenario=scenario,
        step=step,
        requests=of.seen,
        one_in=1 << of.level,
        from_ms=round(of.floor / MILLISECOND, 6),
        slowest=tuple(_exemplar(m, one, scheduled) for one in slow),
        drawn=tuple(_exemplar(m, one, scheduled) for one in drawn),
    )


def _exemplar(m: Measured, one: Kept, scheduled: bool) -> Exemplar:
    return Exemplar(
        at_ms=one.at // MILLISECOND,
        attempt=one.attempt,
        connection=one.connection,
        ids=one.ids,
        times_ms={name: round(ns / MILLISECOND, 6) for name, ns in one.times.items()},
        whose_ms=attribution(one.times, scheduled, m.asked),
    )
