"""What the variants of an experiment cost, where they differ in what stands before a function or in what keeps it
warm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import NamedTuple

from loadgen.aws.lambda_prices import MILLION, LambdaPrice
from loadgen.result.cold import cold_of
from loadgen.result.experiment import VariantCost
from loadgen.result.latency import Latency
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
    told = _Told.of(steps)
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
        billed_ms=None if told is None or told.billed_ms is None else round(told.billed_ms, 3),
        memory_mb=told.memory_mb if told else None,
        beside_per_hour=round(beside_per_hour, 3),
        beside_usd=beside_usd,
        provisioned=number,
        provisioned_usd=_standing(price, told, number),
        region=price.region if price else door.region if door else "",
        architecture=price.architecture if price else "",
        date=price.date if price else door.date if door else "",
        asked=first.function_cost.prices.asked if first.function_cost else door.asked if door and at_door else "",
        prepared=told.prepared if told else 0,
    )


def _price(of: LambdaPrices) -> LambdaPrice:
    provisioned = of.provisioned_usd, of.provisioned_call_usd
    return LambdaPrice(of.region, of.architecture, of.gb_second_usd, of.million_usd, of.date, *provisioned)


class _Told(NamedTuple):
    """What answers told is billed of a call, on average, in ms and GB-s: of all answers, cold starts among them, but
    not of those with an Init or a Restore that nobody waited for. It is billed once for an environment, so that a
    mean with it would depend on how many calls follow. None if there are no others."""

    billed_ms: float | None
    gb_s: float | None
    memory_mb: int | None
    prepared: int

    @classmethod
    def of(cls, steps: Iterable[Step]) -> _Told | None:
        """None if no answer told it."""
        every = [(of, step.recorded_ms.get("billed")) for step in steps if (of := step.invocations) and of.reports]
        if not every:
            return None
        number, ms, gb_s = (sum(of) for of in zip(*starmap(_billed, every), strict=True))
        memory = max(of.memory_mb or 0 for of, _ in every) or None
        prepared = sum(of.prepared for of, _ in every)
        return cls(ms / number, gb_s / number, memory, prepared) if number else cls(None, None, memory, prepared)


def _billed(told: Invocations, recorded: Latency | None) -> tuple[int, float, float]:
    """How many calls of a step told what is billed, and that in ms and GB-s. If some were prepared, it is of the others
    as far as they were ok: these alone are recorded one by one."""
    if not told.prepared:
        return told.reports, told.billed_ms, told.billed_gb
    if recorded is None or not told.billed_ms:
        return 0, 0.0, 0.0
    return recorded.count, recorded.spent, recorded.spent * told.billed_gb / told.billed_ms


def _duration(price: LambdaPrice, told: _Told, provisioned: float) -> float | None:
    """US dollars for the duration of a million calls, of which a share ran in provisioned environments; None if it is
    not known. Those calls are taken to be as long as the others."""
    if told.gb_s is None:
        return None
    on_demand = price.gb_second
    reserved = on_demand if price.provisioned_call is None else price.provisioned_call
    return MILLION * told.gb_s * (provisioned * reserved + (1 - provisioned) * on_demand)


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
        told = _Told.of(step for of in same for step in of.phase.steps)
        calls += an_hour
        duration = _duration(price, told, 0.0) if price and told else None
        if price and duration is not None:
            usd += an_hour / MILLION * (price.million_requests + duration)
        else:
            known = False
    return calls, round(usd, 9) if known else None


def _standing(price: LambdaPrice | None, told: _Told | None, number: int) -> float | None:
    """What so many provisioned environments cost in an hour."""
    if not number:
        return 0.0
    if price is None or price.provisioned is None or told is None or told.memory_mb is None:
        return None
    return round(price.hour(told.memory_mb, number), 9)
