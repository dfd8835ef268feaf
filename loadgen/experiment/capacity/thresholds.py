"""What became of the thresholds of a capacity. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.profile.capacity import Least
from loadgen.result.capacity import HighestRate
from loadgen.result.reason import Reason
from loadgen.result.run import Threshold

OURS = ("limit_machine", "limit_ports", "limit_resources")  # the target may do more


def thresholds_of(texts: Sequence[str], of: HighestRate, complete: bool) -> Iterator[Threshold]:
    """Each of them: passed if the interval of the capacity is above it, failed if it is below, and undecided if it
    holds it, or if the measurement is not `complete`."""
    for text in texts:
        why = _undecided(Least.parse(text), of, complete)
        passed = of.low is not None and Least.parse(text).met(of.low)
        yield Threshold(
            phase="capacity",
            cycle=1,
            step="",
            text=text,
            status="undecided" if why else "passed" if passed else "failed",
            value_per_s=of.rate,
            per_s_low=of.low,
            per_s_high=of.high,
            why=why,
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
    return Reason.of("capacity_limited_here") if of.limit.code in OURS else None
