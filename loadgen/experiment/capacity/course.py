"""Which rate comes next, from the steps so far. Pure, so that an interrupted measurement can go on from its folder.

Doubling finds a rate that breaks a condition, and halves of the span narrow that to about a fifth. The steps that are
measured then come in parts of three. The first is spread evenly over the span; each next one over where the steps so
far put the crossing: a search that was misled by a burst costs a few steps, and not a third of them. The rates of a
part are drawn one in each of as many equal pieces, in a drawn order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from loadgen.experiment.capacity.judgement import Edge, edge
from loadgen.experiment.order import order, seed_of
from loadgen.result.capacity import CapacityPlan, CapacityStep, Stage
from loadgen.workload.draws import stream_of

PART = 3  # steps
NARROW = 1.25  # the search ends when the rate that broke is no more than so many times the one that kept
LOWEST = 1 / 16  # of the first rate: below it nothing is searched
WIDER = 1.1  # the first part reaches so far beyond the span: a single step of the search may be wrong
CLEARLY = 1.0
SOME = 3  # requests beyond a limit: fewer are chance
AROUND = (0.1, 12.0)  # times the allowed share: where the line has these, the next part begins and ends
REACH = (1.06, 1.25)  # a part reaches at least, and at most, so far beyond the crossing
FAR = 1.15  # likewise, where no step is on the other side, and below the highest rate
AGAIN = 1 / 3  # of the steps try the highest rate again before it is believed to keep the conditions
NEAR = 1.06  # a part reaches at least so far beyond both ends, as what is spread by chance has to be seen there
_RATES, _ORDER = 11, 12  # the numbers of random streams of the seed


@dataclass(frozen=True, slots=True)
class Next:
    """The next step: its number, from 1, its stage, its rate, and the variant that it is of."""

    number: int
    stage: Stage
    rate: float
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """The highest rate that kept the conditions, None if none did, and the lowest above it that did not."""

    kept: float | None
    broken: float | None


def next_step(plan: CapacityPlan, steps: Sequence[CapacityStep]) -> Next | None:
    """The next step of all variants; None if each has all of its own. They take turns, in a drawn order, so that a
    target that becomes slower meanwhile does so for all of them; those that are measured begin when all have found
    where to."""
    own = {name: [step for step in steps if step.variant == name] for name in plan.names}
    due = {name: _next(_of_variant(plan, at), own[name]) for at, name in enumerate(plan.names)}
    going = {name: step for name, step in due.items() if step}
    stage: Stage = "search" if any(step.stage == "search" for step in going.values()) else "measure"
    going = {name: step for name, step in going.items() if step.stage == stage}
    if not going:
        return None
    made = {name: sum(step.stage == stage for step in own[name]) for name in going}
    turn = min(made.values())
    waiting = [name for name in going if made[name] == turn]
    drawn = [plan.names[at] for at in order(plan.seed, turn + 1, len(plan.names))]
    name = min(waiting, key=drawn.index)
    return replace(going[name], number=len(steps) + 1, variant=name)


def _of_variant(plan: CapacityPlan, at: int) -> CapacityPlan:
    """The plan with the rates of that variant: each draws its own."""
    return replace(plan, seed=seed_of(plan.seed, 1, at)) if at else plan


def _next(plan: CapacityPlan, steps: Sequence[CapacityStep]) -> Next | None:
    """The next step of one variant, of which `steps` are; None if all are made, or if there is nothing to be measured:
    even the lowest rate broke a condition, or even the highest kept them, in the search and in the first third of the
    steps, which are just below it."""
    number, span = len(steps) + 1, span_of(steps)
    measured = [step for step in steps if step.stage == "measure"]
    if not measured and (rate := _searched(plan, span)) is not None:
        return Next(number, "search", _round(rate))
    if span.kept is None or len(measured) >= plan.steps:
        return None
    begun = len(measured) - len(measured) % PART
    if begun >= plan.steps * AGAIN and span.broken is None and not any(broke(step) for step in measured[:begun]):
        return None  # even the highest rate kept the conditions, and not by chance
    low, high = span.kept / WIDER, (span.broken or span.kept) * WIDER
    if begun:
        before = {step.number for step in measured[:begun]}
        known = [step for step in steps if step.stage == "search" or step.number in before]
        low, high = around(edge(plan, known), low, high)
    if plan.max_rate:
        low, high = min(low, plan.max_rate / FAR), min(high, plan.max_rate)
    rates = _drawn(plan.seed, begun // PART, min(PART, plan.steps - begun), low, high)
    return Next(number, "measure", _round(rates[len(measured) - begun]))


def span_of(steps: Sequence[CapacityStep]) -> Span:
    """What the search found so far."""
    searched = [step for step in steps if step.stage == "search"]
    broken = min((step.rate for step in searched if broke(step)), default=None)
    kept = max((step.rate for step in searched if broken is None or step.rate < broken), default=None)
    return Span(kept, broken)


def broke(step: CapacityStep) -> bool:
    """Whether a step of the search clearly broke a condition."""
    return step.above is not None or any(
        condition.beyond >= SOME and condition.share > CLEARLY * condition.allowed for condition in step.conditions
    )


def _searched(plan: CapacityPlan, span: Span) -> float | None:
    if span.broken is None:
        if span.kept is None:
            return plan.first_rate
        if plan.max_rate is not None and span.kept >= plan.max_rate:
            return None
        return min(2 * span.kept, plan.max_rate or math.inf)
    if span.kept is None:
        return span.broken / 2 if span.broken > plan.first_rate * LOWEST else None
    return math.sqrt(span.kept * span.broken) if span.broken > NARROW * span.kept else None


def around(found: Edge, low: float, high: float) -> tuple[float, float]:
    """Where the next part is to measure; it was to measure from `low` to `high`."""
    crossing = found.crossing
    if crossing.slope and crossing.rate:
        ends = crossing.at(AROUND[0]), crossing.at(AROUND[1])
        low = min(max(ends[0], crossing.rate / REACH[1]), crossing.rate / REACH[0])
        high = max(min(ends[1], crossing.rate * REACH[1]), crossing.rate * REACH[0])
        return low, high
    if crossing.low and crossing.high:
        margin = (crossing.high - crossing.low) / 4
        return min(crossing.low - margin, crossing.low / NEAR), max(crossing.high + margin, crossing.high * NEAR)
    if crossing.low:
        return crossing.low / FAR, max(high, crossing.low * REACH[1])
    if crossing.high:
        return min(low, crossing.high / REACH[1]), crossing.high * FAR
    return low, high


def _drawn(seed: int, part: int, size: int, low: float, high: float) -> list[float]:
    places = (stream_of((seed, _RATES, part)).random(size) + range(size)) / size
    order = stream_of((seed, _ORDER, part)).permutation(size)
    return [low + (high - low) * float(places[at]) for at in order]


def _round(rate: float) -> float:
    """Four digits, as a rate is written."""
    return float(f"{rate:.4g}")
