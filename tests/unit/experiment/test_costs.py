"""What variants cost: by the price list, from what the answers of all runs told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from engine_harness import go
from run_results import concluded

from loadgen.analysis.latency import latency
from loadgen.aws.gateway_prices import door_price, region_of
from loadgen.aws.lambda_prices import lambda_price
from loadgen.clock import MILLISECOND
from loadgen.experiment.costs import costs
from loadgen.report import costs as words
from loadgen.result.experiment import VariantCost
from loadgen.result.run import Door, FunctionCost, Invocations, LambdaPrices, RunResult, Step, Stratum
from loadgen.stats import Histogram

PRICE = lambda_price("us-east-1", "x86_64")
PRICES = LambdaPrices(
    "us-east-1", "us-east-1", "x86_64", PRICE.gb_second, PRICE.million_requests, PRICE.date, "", PRICE.provisioned,
    PRICE.provisioned_call,
)  # fmt: skip
LOAD = "load: [{name: lead, rate: 5/s, for: 1s, measure: false}, {name: a, rate: 10/s, for: 2s}]\n"
PINGS = "beside: [{name: keep-warm, every: 500ms, at-once: 5, get: /ping}]\n"


@cache
def ran(more: str = "") -> RunResult:
    return concluded(go(LOAD + more))


def told(step: Step, billed_ms: int, **strata: int) -> Step:
    """The step of a function of 512 MB whose answers told so much; `strata` are counts by `start`."""
    number = sum(strata.values())
    of = Invocations(number, number, 0, 0, billed_ms, billed_ms / 1000 / 2, 512, 80)
    parts = tuple(Stratum(f"start={name}", count, {}, 0) for name, count in strata.items())
    return replace(step, invocations=of, strata=parts)


def run(more: str = "", pings: int = 0, environments: int | None = None, **strata: int) -> RunResult:
    """A run of 20 ms a call; `pings` are billed ms of each call beside the load, `environments` are provisioned."""
    result, each = ran(more), 20
    phases = tuple(
        replace(phase, steps=tuple(told(step, each * sum(strata.values()), **strata) for step in phase.steps))
        for phase in result.variant.phases
    )
    beside = tuple(
        replace(stream, phase=replace(stream.phase, steps=(told(stream.phase.steps[0], 20 * pings, warm=20),)))
        for stream in result.variant.beside
    )
    cost = FunctionCost(0.0, False, 1, 1, 1.0, None, PRICES, None)
    target = replace(result.target, provisioned_concurrency=environments)
    variant = replace(result.variant, phases=phases, beside=beside)
    return replace(result, target=target, function_cost=cost, variants=(variant,))


def of(**variants: RunResult) -> dict[str, VariantCost]:
    return {cost.variant: cost for cost in costs({name: {1: result, 2: result} for name, result in variants.items()})}


def test_a_million_calls_and_an_hour_of_what_keeps_it_warm() -> None:
    found = of(none=run(cold=5, warm=15), pings=run(PINGS, pings=2, cold=1, warm=19))
    plain = PRICE.million_calls(512, 20)
    assert found["none"].million_usd == found["pings"].million_usd == pytest.approx(plain, abs=1e-6)
    assert (found["none"].cold, found["pings"].cold) == (0.25, 0.05)
    assert (found["none"].hour_usd, found["none"].beside_per_hour) == (0.0, 0.0)
    assert found["pings"].beside_per_hour == 36_000
    assert found["pings"].beside_usd == pytest.approx(36_000 * PRICE.million_calls(512, 2) / 1e6)
    assert found["pings"].billed_ms == 20.0


def test_provisioned_environments_cost_by_the_hour_and_their_calls_less() -> None:
    result = run(environments=8, provisioned=15, cold=5)
    (cost,) = of(there=result).values()
    assert cost.provisioned_usd == pytest.approx(8 * 0.5 * 3600 * 0.0000041667)
    mean = 0.75 * 0.0000097222 + 0.25 * 0.0000166667
    assert cost.duration_usd == pytest.approx(1e6 * 0.020 * 0.5 * mean, rel=1e-5)
    assert cost.hour_usd == cost.provisioned_usd


def test_what_an_environment_made_beforehand_is_billed_is_in_no_calls_price() -> None:
    """20 ms a call, and 3 of 20 calls with an Init of 300 ms that they did not wait for."""
    result = run(environments=3, provisioned=20)
    billed = latency(Histogram.of(np.full(17, 20 * MILLISECOND)))

    def prepared(step: Step) -> Step:
        told = replace(step.invocations, prepared=3, billed_ms=1300, billed_gb=0.65)
        return replace(step, invocations=told, recorded_ms={"billed": billed})

    phases = tuple(
        replace(phase, steps=tuple(prepared(step) for step in phase.steps)) for phase in result.variant.phases
    )
    (cost,) = of(there=replace(result, variants=(replace(result.variant, phases=phases),))).values()
    assert cost.billed_ms == pytest.approx(20, rel=0.001)
    assert cost.duration_usd == pytest.approx(1e6 * 0.020 * 0.5 * 0.0000097222, rel=0.001)
    assert cost.prepared == 6
    assert "without the duration of 6 calls of an environment made beforehand" in words.note((cost,))


def test_prices_of_your_own_that_lack_one_are_said_to() -> None:
    """What provisioned concurrency costs is another key than what a call costs."""
    own = replace(PRICES, date="", provisioned_usd=None, provisioned_call_usd=None)
    result = run(environments=8, provisioned=15, cold=5)
    assert result.function_cost
    (cost,) = of(there=replace(result, function_cost=replace(result.function_cost, prices=own))).values()
    assert cost.provisioned_usd is None
    said = words.note((cost,))
    assert said.startswith("by the profile's own prices; ")
    assert "set target.lambda.prices.provisioned_gb_second and provisioned_call_gb_second" in said
    known = replace(own, provisioned_usd=PRICE.provisioned, provisioned_call_usd=PRICE.provisioned_call)
    (cost,) = of(there=replace(result, function_cost=replace(result.function_cost, prices=known))).values()
    assert cost.hour_usd == pytest.approx(8 * 0.5 * 3600 * 0.0000041667)
    assert words.note((cost,)) == "by the profile's own prices"


def door(kind: str) -> RunResult:
    at = door_price(kind)
    known = Door(kind, at.million, PRICE.million_requests, at.region, at.date, at.source)
    return replace(ran(), target=replace(ran().target, door=known))


def test_a_door_has_its_own_price() -> None:
    found = of(rest=door("rest-api"), http=door("http-api"), url=door("function-url"), invoke=run(warm=20))
    assert [round(cost.million_usd, 6) for cost in found.values()] == [
        3.7, 1.2, 0.2, round(PRICE.million_calls(512, 20), 6),
    ]  # fmt: skip
    assert found["rest"].duration_usd is None
    assert [cost.door for cost in found.values()] == ["rest-api", "http-api", "function-url", "invoke"]
    said = words.note(tuple(found.values()))
    assert "of rest, http, url no answer told what is billed" in said
    assert "us-east-1" in said
    assert PRICE.date in said


def test_a_region_of_which_no_price_is_known_is_named() -> None:
    """Of an API in another region than us-east-1, and of a function in one that the table lacks."""
    api = door("http-api")
    assert api.target.door
    api = replace(api, target=replace(api.target, door=replace(api.target.door, asked="eu-west-1")))
    assert "prices of us-east-1, 2026-11, the first tier: none are known of eu-west-1" in words.note(
        costs({"a": {1: api}})
    )
    result = run(environments=8, provisioned=15)
    assert result.function_cost
    far = replace(PRICES, asked="mx-central-1")
    (cost,) = costs({"a": {1: replace(result, function_cost=replace(result.function_cost, prices=far))}})
    assert words.note((cost,)).endswith("the first tier: none are known of mx-central-1")
    assert "none are known" not in words.note(costs({"a": {1: door("rest-api")}}))


def test_nothing_is_told_where_nothing_of_it_differs() -> None:
    assert costs({"a": {1: run(warm=20)}, "b": {1: run(warm=20)}}) == ()
    assert costs({"a": {1: ran(PINGS)}}) == (), "of another target nobody knows the price"
    assert costs({"a": {}}) == ()


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("abc123.execute-api.eu-west-1.amazonaws.com", "eu-west-1"),
        ("abc.lambda-url.ap-south-1.on.aws", "ap-south-1"),
        ("127.0.0.1", "us-east-1"),
        ("execute-api.eu-west-1.amazonaws.com.evil.example", "us-east-1"),
    ],
)
def test_an_api_tells_its_region_by_its_name(host: str, region: str) -> None:
    assert region_of(host) == region
