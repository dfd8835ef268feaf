"""What the variants of an experiment cost, where they differ in what stands before a function or in what keeps it
warm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loadgen.aws.lambda_prices import MILLION, LambdaPrice
from loadgen.result.cold import cold_of
from loadgen.result.experiment import VariantCost
from loadgen.result.run import Invocations, LambdaPrices, RunResult, Step

HOUR = 3600.0
INVOKE = "invoke"
ON_PROVISIONED = "start=provisioned"  # the stratum of the calls that provisioned environments answered


def costs(results: Mapping[str, Mapping[int, RunResult]]) -> tuple[VariantCost, ...]:
    """That of each variant, over all of its runs; none if no variant has a door, provisioned environments, or calls
    beside the load."""
    runs = {name: list(of.values()) for name, of in results.items() if of}
    if not any(_differs(result) for of in runs.values() for result in of):
        return ()
    return tuple(cost for name, of in runs.items() if (cost := _cost(name, of)))


def _differs(result: RunResult) -> bool:
    target = result.target
    return bool(target.door or target.provisioned_concurrency or result.variant.beside)


def _cost(name: str, results: Sequence[RunResult]) -> VariantCost | None:
    """None for a target of which nobody knows the price."""
    first = results[0]
    door = first.target.door
    if not first.function_cost and not door:
        return None
    price = _price(first.function_cost.prices) if first.function_cost else None
    steps = [step for of in results for phase in of.variant.phases if phase.measured for step in phase.steps]
    told = _together(step.invocations for step in steps)
    duration = _duration(price, told, _provisioned_share(steps)) if price and told else None
    requests = price.million_requests if price else door.requests_usd if door else 0.0
    at_door = door.million_usd if door else 0.0
    number = first.target.provisioned_concurrency or 0
    beside_per_hour, beside_usd = _beside(results, price)
    return VariantCost(
        variant=name,
        door=door.kind if door else INVOKE,
        cold=_cold(steps),
        million_usd=round(requests + at_door + (duration or 0.0), 6),
        requests_usd=requests,
        duration_usd=None if duration is None else round(duration, 6),
        door_usd=at_door,
        billed_ms=round(told.billed_ms / told.reports, 3) if told else None,
        memory_mb=told.memory_mb if told else None,
        beside_per_hour=round(beside_per_hour, 3),
        beside_usd=beside_usd,
        provisioned=number,
        provisioned_usd=_standing(price, told, number),
        region=price.region if price else door.region if door else "",
        architecture=price.architecture if price else "",
        date=price.date if price else door.date if door else "",
    )


def _price(of: LambdaPrices) -> LambdaPrice:
    provisioned = of.provisioned_usd, of.provisioned_call_usd
    return LambdaPrice(of.region, of.architecture, of.gb_second_usd, of.million_usd, of.date, *provisioned)


def _together(parts: Iterator[Invocations | None]) -> Invocations | None:
    """What all of these told; None if none told what is billed."""
    every = [of for of in parts if of and of.reports]
    if not every:
        return None
    return Invocations(
        answers=sum(of.answers for of in every),
        reports=sum(of.reports for of in every),
        told=sum(of.told for of in every),
        prepared=sum(of.prepared for of in every),
        billed_ms=sum(of.billed_ms for of in every),
        billed_gb=sum(of.billed_gb for of in every),
        memory_mb=max((of.memory_mb or 0 for of in every), default=0) or None,
        memory_used_mb=max((of.memory_used_mb or 0 for of in every), default=0) or None,
    )


def _duration(price: LambdaPrice, told: Invocations, provisioned: float) -> float:
    """US dollars for the duration of a million calls, of which a share ran in provisioned environments. Those calls
    are taken to be as long as the others."""
    on_demand, each = price.gb_second, told.billed_gb / told.reports
    reserved = on_demand if price.provisioned_call is None else price.provisioned_call
    return MILLION * each * (provisioned * reserved + (1 - provisioned) * on_demand)


def _provisioned_share(steps: Sequence[Step]) -> float:
    counts = [(of.count, ON_PROVISIONED in of.stratum) for step in steps for of in step.strata]
    whole = sum(count for count, _ in counts)
    return sum(count for count, ran in counts if ran) / whole if whole else 0.0


def _cold(steps: Sequence[Step]) -> float | None:
    known = [(of.count, cold) for step in steps for of in step.strata if (cold := cold_of(of.stratum)) is not None]
    whole = sum(count for count, _ in known)
    return round(sum(count for count, cold in known if cold) / whole, 6) if whole else None


def _beside(results: Sequence[RunResult], price: LambdaPrice | None) -> tuple[float, float | None]:
    """How many calls an hour go on beside the load, and what they cost; None if that is not known."""
    streams = {stream.phase.name: stream for stream in results[0].variant.beside}
    calls, usd = 0.0, 0.0
    known = True
    for name, stream in streams.items():
        an_hour = HOUR / stream.every_s * stream.at_once
        same = [of for result in results for of in result.variant.beside if of.phase.name == name]
        told = _together(step.invocations for of in same for step in of.phase.steps)
        calls += an_hour
        if price and told:
            usd += an_hour / MILLION * (price.million_requests + _duration(price, told, 0.0))
        else:
            known = False
    return calls, round(usd, 9) if known else None


def _standing(price: LambdaPrice | None, told: Invocations | None, number: int) -> float | None:
    """What so many provisioned environments cost in an hour."""
    if not number:
        return 0.0
    if price is None or price.provisioned is None or told is None or told.memory_mb is None:
        return None
    return round(price.hour(told.memory_mb, number), 9)
