"""What a load on a Lambda function costs: estimated by a call before it, counted from the ledger."""

from __future__ import annotations

import pytest

from loadgen.aws.lambda_prices import lambda_price
from loadgen.clock import MILLISECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Exchange, Invocation, Invoked, Outcome, Request
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.record.ledger import INVOKED, OUTCOMES, Ledger
from loadgen.runner.function.cost import Cost, planned_function
from loadgen.runner.probe import ProbedExchange

TEXT = """
name: t
target: {lambda: {function: orders, region: eu-west-1}}
load: [{name: a, rate: 100/s, iterations: 1000}]
scenarios: [{name: s, steps: [{name: call, Invoke: {}}]}]
"""
PRICE = lambda_price("eu-west-1", "x86_64")
TWO = TEXT.replace("{name: call, Invoke: {}}", "{name: call, Invoke: {}}, {name: queue, Invoke: {type: event}}")


def profile(text: str = TEXT, more: str = "") -> Profile:
    return load("t.yaml", text=text + more).profile


def cost(of: Profile, on_aws: bool = True) -> Cost:
    return Cost(of, Plan.of(of), on_aws)


def probed(handler_ms: float = 19.2, memory: int = 512, billed: int = 400) -> ProbedExchange:
    """The answer of a cold start: its Init is billed, and is no part of what most calls take."""
    exchange = Exchange(Request("POST", "/", operation="Invoke"), 0, None, 0, 0, 0, 0)
    counts = Invoked(1, 1, 0, 0, billed, billed * memory, memory, 60)
    exchange.invocation = Invocation(counts, handler=round(handler_ms * MILLISECOND), init=380 * MILLISECOND)
    return ProbedExchange("s", "call", exchange, {}, (), {})


def ledger(of: Profile, *slots: tuple[int, int, int, int]) -> Ledger:
    """So many on the wire, throttled, with a REPORT, and billed ms of 512 MB, by slot."""
    plan = Plan.of(of)
    made = Ledger.in_memory(len(plan.all_runs), plan.slots)
    for slot, (wired, throttled, reports, billed) in enumerate(slots):
        made.wired[slot] = wired
        made.outcomes[slot * OUTCOMES + Outcome.THROTTLED] = throttled
        row = slot * len(INVOKED)
        for name, value in (("reports", reports), ("billed", billed), ("billed_memory", billed * 512)):
            made.invoked[row + INVOKED.index(name)] = value
    return made


def test_the_handler_of_one_call_estimates_the_load() -> None:
    of = cost(profile())
    of.learn([probed()])
    assert of.estimated
    assert (of.estimated.memory_mb, of.estimated.handler_ms) == (512, 19.2)
    assert of.estimated.usd == pytest.approx(PRICE.calls(512, 1000 * 20, 1000)), "each is billed in whole ms"
    assert of.refusal() == ""


def test_a_plan_beyond_max_cost_is_refused_with_what_would_fit() -> None:
    of = cost(profile(more="max_cost: $0.000100"))
    of.learn([probed()])
    whole = PRICE.calls(512, 1000 * 20, 1000)
    assert of.refusal() == (
        "max_cost: this would cost about $0.00037, and $0.0001 are allowed: "
        f"{int(100 * 0.0001 / whole)}% of the load would fit. Lower the load, or raise max_cost"
    )


def test_iterations_of_users_are_known_before_the_load() -> None:
    of = cost(profile(TEXT.replace("rate: 100/s,", "users: 3,"), "max_cost: $0.000100"))
    of.learn([probed()])
    assert of.estimated and of.estimated.usd == pytest.approx(PRICE.calls(512, 1000 * 20, 1000))
    assert "this would cost about $0.00037, and $0.0001 are allowed" in of.refusal()


def test_of_what_nobody_knows_nothing_is_refused() -> None:
    """Users call for a time, or the step that is queued tells nothing."""
    users = cost(profile(TEXT.replace("rate: 100/s, iterations: 1000", "users: 3, for: 9s"), "max_cost: $0.000001"))
    users.learn([probed()])
    queued = cost(profile(TWO, "max_cost: $0.000001"))
    queued.learn([probed()])
    assert users.estimated
    assert (users.estimated.usd, users.refusal()) == (None, "")
    assert (queued.estimated, queued.refusal()) == (None, "")


def test_what_it_has_come_to() -> None:
    """A throttled call costs nothing; one without a REPORT as much as the others on average."""
    of = profile(more="max_cost: $0.000300")
    made, counts = cost(of), ledger(of, (1000, 100, 800, 16_000))
    assert made.result(counts).usd == pytest.approx(PRICE.calls(512, 900 * 20, 900))
    assert made.beyond(counts) == made.result(counts).usd
    assert made.beyond(ledger(of, (500, 0, 500, 10_000))) is None
    result = made.result(counts)
    assert (result.requests, result.reported, result.gb_seconds, result.billed) == (900, 800, 9.0, True)
    assert (result.prices.region, result.prices.asked, result.max_cost) == ("eu-west-1", "eu-west-1", 0.0003)


def test_calls_that_tell_nothing_cost_their_requests_and_what_was_estimated() -> None:
    of = profile(TWO)
    assert cost(of).result(ledger(of, (10, 0, 0, 0), (10, 0, 0, 0))).usd == pytest.approx(PRICE.requests(20))
    alone = cost(profile())
    alone.learn([probed()])
    assert alone.result(ledger(profile(), (10, 0, 0, 0))).usd == pytest.approx(PRICE.calls(512, 200, 10))


def test_your_own_prices_come_first() -> None:
    of = profile(TEXT.replace("region:", "prices: {gb_second: $0.00002, million_requests: $0.3}, region:"))
    result = cost(of).result(ledger(of, (10, 0, 10, 1000)))
    assert result.usd == pytest.approx(1000 / 1000 / 2 * 0.00002 + 3e-6)
    assert (result.prices.source, result.prices.date) == ("the profile's target.lambda.prices", "")


def test_what_is_known_before_a_call() -> None:
    planned = planned_function(profile(TWO), Plan.of(profile(TWO)))
    assert (planned.requests, planned.requests_usd) == (2000, 0.0004)
    assert planned.permissions == ("lambda:InvokeFunction",)


@pytest.mark.parametrize(
    ("region", "architecture", "gb_second", "requests"),
    [("eu-west-1", "x86_64", 0.0000166667, 0.2), ("eu-south-1", "arm64", 0.0000156138, 0.23),
     ("ap-east-1", "x86_64", 0.00002292, 0.28)],
)  # fmt: skip
def test_prices_of_regions(region: str, architecture: str, gb_second: float, requests: float) -> None:
    price = lambda_price(region, architecture)
    assert (price.region, price.gb_second, price.million_requests) == (region, gb_second, requests)


def test_provisioned_concurrency_has_prices_of_its_own() -> None:
    """https://aws.amazon.com/lambda/pricing/: 1,000 of 1 GB for two hours."""
    price = lambda_price("us-east-1", "x86_64")
    assert 2 * price.hour(1024, 1000) == pytest.approx(7_200_000 * 0.0000041667)
    assert price.on_provisioned().duration(1024, 1000) == pytest.approx(0.0000097222)
    with pytest.raises(ValueError, match="no price of provisioned concurrency is known of eu-west-1, arm64"):
        lambda_price("eu-west-1", "arm64").hour(1024, 1)


PINGS = "beside: [{name: keep-warm, every: 1s, at-once: 5, Invoke: {payload: {ping: true}}}]\n"


def test_what_goes_on_beside_the_phases_costs_too() -> None:
    of, beside = profile(more=PINGS), probed(2.0)
    assert planned_function(of, Plan.of(of)).requests == 1050
    reckoned = cost(of)
    reckoned.learn([probed()])
    assert reckoned.estimated is None, "nothing told of a ping"
    reckoned.learn([probed(), ProbedExchange("keep-warm", "keep-warm", beside.exchange, {}, (), {})])
    assert reckoned.estimated
    assert reckoned.estimated.handler_ms == 19.2
    assert reckoned.estimated.usd == pytest.approx(PRICE.calls(512, 1000 * 20, 1000) + PRICE.calls(512, 50 * 2, 50))
    counted = reckoned.result(ledger(of, (1000, 0, 1000, 20_000), (0, 0, 0, 0), (50, 0, 40, 80)))
    assert (counted.requests, counted.reported) == (1050, 1040)
    assert counted.usd == pytest.approx(PRICE.calls(512, 20_000, 1000) + PRICE.calls(512, 100, 50))
