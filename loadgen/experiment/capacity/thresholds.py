"""What became of the thresholds of a capacity. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.profile.capacity import Least
from loadgen.result.capacity import CapacityResult, CapacityVariant, HighestRate
from loadgen.result.reason import Reason
from loadgen.result.run import Threshold


def thresholds_of(result: CapacityResult) -> Iterator[Threshold]:
    """Each of them, for each variant: passed if the interval of the capacity is above it, failed if it is below, and
    undecided if it holds it, or if the measurement did not come to its end."""
    for variant in result.each:
        for text in result.plan.thresholds:
            yield _threshold(text, variant, result.complete)


def _threshold(text: str, variant: CapacityVariant, complete: bool) -> Threshold:
    least, of = Least.parse(text), variant.capacity
    why = _undecided(least, of, complete)
    passed = of.low is not None and least.met(of.low)
    return Threshold(
        phase="capacity",
        cycle=1,
        step="",
        text=text,
        status="undecided" if why else "passed" if passed else "failed",
        value_per_s=of.rate,
        per_s_low=of.low,
        per_s_high=of.high,
        why=why,
        variant=variant.name or None,
    )


def _undecided(least: Least, of: HighestRate, complete: bool) -> Reason | None:
    if not complete:
        return Reason.of("capacity_not_complete")
    if of.low is not None and least.met(of.low):
        return None
    if of.low is None and of.high is None:
        return Reason.of("capacity_not_known")
    if of.high is None or least.met(of.high):
        return Reason.of("capacity_not_decided") if of.high is not None else Reason.of("capacity_only_bounded")
    return Reason.of("capacity_limited_here") if of.ours else None
