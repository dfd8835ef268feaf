"""The capacity that steps amount to, and what set the limit. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from loadgen.result.capacity import CapacityPlan, CapacityRatio, CapacityStep, CapacityVariant, HighestRate
from loadgen.result.reason import Reason
from loadgen.result.run import Attribution
from loadgen.runner.progress import CapacitySoFar, StepSoFar
from loadgen.stats.bucket import Bucket, Refusals, bucket
from loadgen.stats.crossing import CONFIDENCE, Crossing, Point, cliff, crossing
from loadgen.stats.quotient import Estimate, quotient

BEYOND = 1.3  # times the capacity: the steps above it, up to here, tell what set the limit
FEW = 3  # steps that tell it at the least, if there are so many
ONLY = 0.9  # of the failures: if so many are throttles, a throttle is what refuses
SINGLE, SOME = 1.3, 30  # times the rate, and more: so many requests a second are not one for each iteration
CLIFFS = "errors"  # how a condition on errors begins


@dataclass(frozen=True, slots=True)
class Edge:
    """The condition that breaks first, and where."""

    condition: str
    crossing: Crossing
    throttle: Bucket | None = None  # that refuses, if it is one whose bucket is large

    @property
    def errors(self) -> bool:
        return self.condition.startswith(CLIFFS)


def edge(plan: CapacityPlan, steps: Sequence[CapacityStep]) -> Edge:
    """Where the first of the conditions breaks. Where errors set in sharply, they have no slope: a target that refuses
    what is above its rate refuses nothing below it."""
    edges = [_edge(plan, text, steps) for text in plan.keep]
    broken = [of for of in edges if of.crossing.high is not None]
    return min(broken, key=lambda of: of.crossing.rate or of.crossing.high or 0.0, default=edges[0])


def _edge(plan: CapacityPlan, text: str, steps: Sequence[CapacityStep]) -> Edge:
    throttle = _throttle(plan, steps) if text.startswith(CLIFFS) else None
    if throttle is None:
        return Edge(text, _crossing(plan, text, steps))
    allowed = next(kept.allowed for step in steps if (kept := step.condition(text)))
    low, high = throttle.interval(allowed)
    return Edge(text, Crossing(throttle.sustains(allowed), low, high, allowed=allowed, points=len(steps)), throttle)


def _throttle(plan: CapacityPlan, steps: Sequence[CapacityStep]) -> Bucket | None:
    """The bucket that refuses, if nearly all failures are throttles. Of iterations of several requests it is not known
    which of them it counts."""
    failures = Counter[str]()
    for step in steps:
        for name, count in step.failures.items():
            failures[name.partition(":")[0]] += count
    single = all(step.requests <= SINGLE * step.rate * step.seconds + SOME for step in steps)
    if not single or failures["throttled"] < ONLY * failures.total():
        return None
    return bucket([Refusals(of.rate, of.requests, of.failed, of.seconds, plan.lead_in_s) for of in steps])


def _crossing(plan: CapacityPlan, text: str, steps: Sequence[CapacityStep]) -> Crossing:
    of_errors = text.startswith(CLIFFS)
    # that the requests in flight grew is about the latency, if a condition is about that
    alone = all(other.startswith(CLIFFS) for other in plan.keep)
    points, allowed = [], 0.0
    for step in steps:
        if condition := step.condition(text):
            allowed = condition.allowed
            above = step.above is not None and (alone or not of_errors)
            points.append(Point(step.rate, condition.requests, condition.beyond, above))
    edge_at = cliff(points, allowed)
    if of_errors and edge_at.sharp(points):
        return edge_at
    return crossing(points, allowed)


def capacity_of(plan: CapacityPlan, steps: Sequence[CapacityStep]) -> HighestRate:
    """What the steps so far tell."""
    first = edge(plan, steps)
    at = first.crossing
    broken = at.high is not None
    return HighestRate(
        rate=_digits(at.rate),
        low=_digits(at.low),
        high=_digits(at.high),
        confidence=CONFIDENCE,
        condition=first.condition if broken else "",
        how="bucket" if first.throttle else "fit" if at.slope else "between" if at.rate else "none",
        points=at.points,
        slope=_digits(at.slope or None),
        limit=limit_of(plan, steps, first),
    )


def of_variants(plan: CapacityPlan, steps: Sequence[CapacityStep]) -> tuple[CapacityVariant, ...]:
    """The capacity of each variant; nothing without an experiment."""
    own = {name: [step for step in steps if step.variant == name] for name in plan.variants}
    return tuple(CapacityVariant(name, capacity_of(plan, own[name])) for name in plan.variants)


def so_far_of(plan: CapacityPlan, steps: Sequence[CapacityStep]) -> CapacitySoFar:
    """What the steps of one variant tell so far, for a display."""
    found, at = edge(plan, steps), steps[0].variant
    known = [(step, kept) for step in steps if (kept := step.condition(found.condition))]
    return CapacitySoFar(
        variant=at,
        condition=found.condition,
        allowed=known[0][1].allowed if known else 0.01,
        steps=tuple(StepSoFar(step.rate, kept.share, step.above is not None) for step, kept in known),
        rate=found.crossing.rate,
        low=found.crossing.low,
        high=found.crossing.high,
    )


def ratios(variants: Sequence[CapacityVariant]) -> Iterator[CapacityRatio]:
    """The capacities of the others, divided by that of the first."""
    for variant in variants[1:]:
        of, by = _estimate(variant.capacity), _estimate(variants[0].capacity)
        ratio, low, high = map(_digits, quotient(of, by)) if of and by else (None, None, None)
        yield CapacityRatio(variant.name, variants[0].name, ratio, low, high, CONFIDENCE)


def _estimate(of: HighestRate) -> Estimate | None:
    if of.rate is None or not of.low or not of.high:
        return None
    return Estimate(of.rate, of.low, of.high)


def limit_of(plan: CapacityPlan, steps: Sequence[CapacityStep], first: Edge) -> Reason:
    """What set the limit: from the steps just above it."""
    edge_at = first.crossing.rate or first.crossing.high
    if edge_at is None:
        tried = max((step.rate for step in steps), default=None)
        if plan.max_rate is not None and tried is not None and tried >= plan.max_rate:
            return Reason.of("limit_max_rate", rate=plan.max_rate)
        return Reason.of("limit_not_reached", rate=tried)
    above = _above(steps, first, edge_at)
    if not above:
        return Reason.of("limit_not_known")
    below = [step for step in steps if step.kept and step.rate < edge_at <= BEYOND * step.rate]
    if first.errors:
        return _of_failures(above, below, first.throttle)
    return _of_latency(above, below)


def _above(steps: Sequence[CapacityStep], first: Edge, rate: float) -> list[CapacityStep]:
    """The steps that broke the condition at a rate not far above the capacity."""
    broken = [
        step
        for step in steps
        if step.rate >= rate and (step.above or ((of := step.condition(first.condition)) and not of.kept))
    ]
    broken.sort(key=lambda step: step.rate)
    return [step for at, step in enumerate(broken) if at < FEW or step.rate <= BEYOND * rate]


def _of_failures(above: Sequence[CapacityStep], below: Sequence[CapacityStep], throttle: Bucket | None) -> Reason:
    failures = Counter[str]()
    for step in above:
        failures.update(step.failures)
    total = failures.total()
    if not total:
        return _of_latency(above, below)
    by_outcome = Counter[str]()
    for name, count in failures.items():
        by_outcome[name.partition(":")[0]] += count
    outcome, count = by_outcome.most_common(1)[0]
    mine = {name: of for name, of in failures.items() if name.partition(":")[0] == outcome}
    reason = max(mine, key=lambda name: mine[name]).partition(":")[2].strip()
    told: dict[str, str | float] = {"reason": reason or outcome, "share": round(count / total, 4), "failed": total}
    if outcome == "throttled" and throttle:
        return Reason.of("limit_throttle", **told, lets=_digits(throttle.rate), burst=round(throttle.size))
    if outcome == "throttled":
        return Reason.of("limit_throttle", **told)
    if outcome == "client_resource":
        return Reason.of("limit_ports" if "port" in reason else "limit_resources", **told)
    return Reason.of("limit_errors", outcome=outcome, **told)


def _of_latency(above: Sequence[CapacityStep], below: Sequence[CapacityStep]) -> Reason:
    """Whose time grew the most from the steps below the capacity to those above it. What is as long below it, as on a
    machine that others keep busy, set no limit."""
    grew, times = _times(above, _mean(below)), _times(above, _Times())
    whole, named = times.whole, (grew if grew.whole else times).largest
    core = max((step.core for step in above if step.core is not None), default=None)
    invalid = _invalid(above)
    if named == "own" or (2 * invalid > len(above) and 2 * _invalid(below) <= len(below)):
        share = round(times.own / whole, 4) if whole else None
        return Reason.of("limit_machine", share=share, invalid=invalid, steps=len(above), core=core)
    if named == "wait":
        return Reason.of("limit_connections", share=round(times.wait / whole, 4))
    unsettled = sum(step.above is not None for step in above)
    share = round(times.target / whole, 4) if whole else None
    return Reason.of("limit_target", share=share, grew=unsettled, steps=len(above), core=core)


def _invalid(steps: Sequence[CapacityStep]) -> int:
    # a step that may not have more open sends less than planned, which is INVALID as well
    return sum(step.trust == "INVALID" and not step.unsent for step in steps)


@dataclass(frozen=True, slots=True)
class _Times:
    """Of slow requests: the target's time, the wait for a connection, and this machine's."""

    target: float = 0.0
    wait: float = 0.0
    own: float = 0.0

    @classmethod
    def of(cls, tail: Attribution) -> _Times:
        return cls(tail.target + tail.connect + tail.held, tail.wait, tail.own + tail.handshake + tail.build)

    @property
    def whole(self) -> float:
        return self.target + self.wait + self.own

    @property
    def largest(self) -> Literal["target", "wait", "own"]:
        if self.own > max(self.wait, self.target):
            return "own"
        return "wait" if self.wait > self.target else "target"


def _mean(steps: Sequence[CapacityStep]) -> _Times:
    each = [_Times.of(step.tail) for step in steps if step.tail]
    number = max(1, len(each))
    return _Times(*(sum(getattr(of, part) for of in each) / number for part in ("target", "wait", "own")))


def _times(steps: Sequence[CapacityStep], base: _Times) -> _Times:
    """The slow requests' times beyond those of `base`, of all steps together. Each step counts alike: they are taken as
    shares of its own."""
    target = wait = own = 0.0
    for tail in (step.tail for step in steps if step.tail and step.tail.value > 0):
        of = _Times.of(tail)
        target += max(0.0, of.target - base.target) / tail.value
        wait += max(0.0, of.wait - base.wait) / tail.value
        own += max(0.0, of.own - base.own) / tail.value
    return _Times(target, wait, own)


def _digits(rate: float | None) -> float | None:
    return None if rate is None else float(f"{rate:.5g}")


def deciding(capacity: HighestRate, steps: Sequence[CapacityStep]) -> list[CapacityStep]:
    """The steps below the capacity that it rests on: their figures have to be the target's. What is above it may be
    whatever set the limit."""
    edge_at = capacity.rate or capacity.low
    if edge_at is None:
        return list(steps)
    return [step for step in steps if step.rate <= edge_at and step.rate * BEYOND >= edge_at]
