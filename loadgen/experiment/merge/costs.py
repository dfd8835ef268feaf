"""What machines that shared a load spent together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from loadgen.result.reason import Reason
from loadgen.result.run import ComputedUnits, Cost, FunctionCost, SampledUnits


def cost(costs: Sequence[Cost]) -> Cost | None:
    """What all machines spent together."""
    if not costs:
        return None
    usd = [of.usd for of in costs]
    known = [value for value in usd if value is not None]
    return replace(
        costs[0],
        read_units=sum(of.read_units for of in costs),
        write_units=sum(of.write_units for of in costs),
        usd=sum(known) if len(known) == len(usd) else None,
        setup_write_units=sum(of.setup_write_units for of in costs),
        sampled=SampledUnits(
            sum(of.sampled.calls for of in costs),
            sum(of.sampled.read for of in costs),
            sum(of.sampled.write for of in costs),
        ),
        computed=ComputedUnits(sum(of.computed.read for of in costs), sum(of.computed.write for of in costs)),
        assumed=distinct(reason for of in costs for reason in of.assumed),
    )


def function_cost(costs: Sequence[FunctionCost]) -> FunctionCost | None:
    """The same of a Lambda function."""
    if not costs:
        return None
    return replace(
        costs[0],
        usd=sum(of.usd for of in costs),
        requests=sum(of.requests for of in costs),
        reported=sum(of.reported for of in costs),
        gb_seconds=round(sum(of.gb_seconds for of in costs), 6),
    )


def distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once, in order."""
    found: list[Reason] = []
    for reason in reasons:
        if reason not in found:
            found.append(reason)
    return tuple(found)
