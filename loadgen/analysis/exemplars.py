"""Makes the exemplars of a result from those that the workers have kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
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


def together(parts: Sequence[Exemplars]) -> Exemplars | None:
    """Those of machines that shared a load, as one run has them; None if there are none."""
    steps: dict[tuple[str, int, str, str], list[StepExemplars]] = {}
    for part in parts:
        for of in part.steps:
            steps.setdefault((of.phase, of.cycle, of.scenario, of.step), []).append(of)
    return Exemplars(steps=tuple(map(_together, steps.values()))) if steps else None


def _together(parts: Sequence[StepExemplars]) -> StepExemplars:
    """The slowest of all, of one in as many as the machine with the fewest kept; and a draw that is as even as each."""
    one_in, from_ms = max(of.one_in for of in parts), max(of.from_ms for of in parts)
    requests, random = sum(of.requests for of in parts), Random("exemplars together")
    slow = [
        one
        for of in parts
        for one in of.slowest
        if one.whose_ms.value >= from_ms and random.randrange(one_in // of.one_in) == 0
    ]
    share = min((len(of.drawn) / of.requests for of in parts if of.requests), default=0.0)
    drawn = [one for of in parts for one in random.sample(of.drawn, round(share * of.requests))]
    slow.sort(key=lambda one: -one.whose_ms.value)
    return replace(
        parts[0],
        requests=requests,
        one_in=one_in,
        from_ms=from_ms,
        slowest=tuple(slow[: _fiftieth(requests, one_in)]),
        drawn=tuple(random.sample(drawn, min(len(drawn), MOST))),
    )


def _fiftieth(requests: int, one_in: int) -> int:
    return max(LEAST, -(-requests // (SLOWEST * one_in)))


def _step(m: Measured, of: OfSlot) -> StepExemplars | None:
    run, (scenario, step) = m.plan.of_slot(of.slot)
    some = [*of.slow, *of.drawn]
    if not run.measured or not any(one.ids for one in some):
        return None
    most = _fiftieth(of.seen, 1 << of.level)
    slow, floor = of.slow[:most], max([of.floor, *(one.lasted for one in of.slow[most : most + 1])])
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
        from_ms=round(floor / MILLISECOND, 6),
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
