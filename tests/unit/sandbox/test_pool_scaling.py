"""How the sandbox's environments scale: how many are made in each second, and what is refused for which reason."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Environments, Gateway, SandboxSettings, Scaling
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.pool import Placement, Pool, Refusal
from loadgen.sandbox.simulation import Simulation

CONCURRENCY, RATE = "ConcurrentInvocationLimitExceeded", "FunctionInvocationRateLimitExceeded"
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
LAMBDA = {"max": 1000, "rate": 10.0, "scaling": "1000 per 10s", "overflow": "429"}
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"


def simulation(environments: dict[str, object], service: int = 100 * MILLISECOND, **more: object) -> Simulation:
    settings = {"service": Distribution.fixed(service), "environments": environments, **more}
    return Simulation(SandboxSettings.model_validate(settings))


def evenly(rate: int, seconds: int) -> list[int]:
    return [number * SECOND // rate for number in range(rate * seconds)]


def by_second(fates: list[tuple[int, Fate]], seconds: int) -> list[tuple[int, Counter[str]]]:
    """The environments made and the requests refused by reason, in each second."""
    made, refused = Counter[int](), [Counter[str]() for _ in range(seconds)]
    for at, fate in fates:
        made[at // SECOND] += fate.cold
        if fate.reason:
            refused[at // SECOND][fate.reason] += 1
    return [(made[second], refused[second]) for second in range(seconds)]


def test_a_cold_function_gets_all_of_its_first_environments_at_once_and_then_ten_a_second() -> None:
    """1,500/s evenly, each environment free a second after it was made, then ten requests a second."""
    target = simulation({"max": 1000, "init": 900 * MILLISECOND, "scaling": "100 per 10s", "overflow": "429"})
    told = by_second([(at, target.admit(at)) for at in evenly(1500, 5)], 5)
    # the bucket has 100, and one more each tenth of a second; the first environments are used again from 1 s on
    assert [made for made, _ in told] == [109, 10, 10, 10, 10]
    served = [1500 - refused[CONCURRENCY] for _, refused in told]
    # in second 1: 100 serve ten each, 9 come to it from 1.1 s on (9 + 8 + ... + 1), and 10 are made; and so on
    assert served == [109, 1000 + 45 + 10, 1090 + 55 + 10, 1190 + 55 + 10, 1290 + 55 + 10]
    assert all(set(refused) == {CONCURRENCY} for _, refused in told)


def test_a_thousand_at_once_and_no_more_than_the_account_has() -> None:
    target = simulation({**LAMBDA, "init": 3 * SECOND}, service=0)
    told = by_second([(at, target.admit(at)) for at in evenly(1500, 3)], 3)
    assert told == [
        (1000, Counter({CONCURRENCY: 500})),
        (0, Counter({CONCURRENCY: 1500})),
        (0, Counter({CONCURRENCY: 1500})),
    ]


def test_the_unused_part_of_the_scaling_rate_is_not_saved() -> None:
    target = simulation({"max": 10_000, "init": 3600 * SECOND, "scaling": "1000 per 10s", "overflow": "429"})
    for start in (0, 600 * SECOND):  # ten minutes are as good as ten seconds
        fates = [target.admit(start) for _ in range(1500)]
        assert sum(fate.cold for fate in fates) == 1000
    assert [target.admit(605 * SECOND).cold for _ in range(501)] == [True] * 500 + [False]


def test_ten_requests_a_second_for_each_unit_of_concurrency() -> None:
    target = simulation({"max": 20, "rate": 10.0, "overflow": "429"}, service=MILLISECOND)
    told = by_second([(at, target.admit(at)) for at in evenly(1000, 3)], 3)
    served = [1000 - refused[RATE] for _, refused in told]
    assert served == [219, 200, 200]  # 20 of the bucket besides in the first
    assert {reason for _, refused in told for reason in refused} == {RATE}


def test_reserved_concurrency_has_reasons_of_its_own() -> None:
    target = simulation({"max": 1000, "reserved": 2, "rate": 10.0, "overflow": "429"})
    assert [target.admit(0).reason for _ in range(3)] == ["", "", RESERVED_RATE]
    slow = simulation({"max": 1000, "reserved": 2, "overflow": "429"})
    assert [slow.admit(0).reason for _ in range(3)] == ["", "", RESERVED]


def test_provisioned_environments_are_warm_and_what_they_cannot_take_spills_over() -> None:
    target = simulation({"max": 4, "init": SECOND, "provisioned": 2, "idle": SECOND, "overflow": "429"})
    fates = [target.admit(0) for _ in range(5)]
    assert [(fate.environment, fate.cold) for fate in fates] == [
        (1, False),
        (2, False),
        (3, True),
        (4, True),
        (0, False),
    ]
    assert [fate.ready for fate in fates[:3]] == [100 * MILLISECOND, 100 * MILLISECOND, 1100 * MILLISECOND]
    later = [target.admit(3600 * SECOND) for _ in range(3)]
    assert [(fate.environment, fate.cold) for fate in later] == [(2, False), (1, False), (5, True)]


def test_a_provisioned_environment_takes_ten_requests_a_second_and_the_rest_spills_over() -> None:
    target = simulation({"max": 10, "provisioned": 1, "rate": 10.0, "overflow": "429"}, service=MILLISECOND)
    fates = [target.admit(at) for at in (0, 10 * MILLISECOND, 100 * MILLISECOND)]
    assert [(fate.environment, fate.cold) for fate in fates] == [(1, False), (2, True), (1, False)]


def test_idle_provisioned_environments_count_as_concurrency() -> None:
    """Both provisioned ones are idle and have no rate left; a third is busy, and there may not be a fourth."""
    target = simulation({"max": 3, "provisioned": 2, "rate": 10.0, "overflow": "429"})
    fates = [target.admit(at * MILLISECOND, last * MILLISECOND) for at, last in ((0, 1), (1, 1), (3, 500), (40, 1))]
    assert [fate.environment for fate in fates] == [1, 1, 3, 0]
    assert fates[-1].reason == CONCURRENCY


def test_where_they_queue_a_request_waits_for_the_next_free_one() -> None:
    target = simulation({"max": 10, "scaling": "1 per 10s", "overflow": "queue"})
    fates = [target.admit(0) for _ in range(3)]
    assert [fate.queued for fate in fates] == [0, 100 * MILLISECOND, 200 * MILLISECOND]


@pytest.mark.parametrize("seed", range(20))
def test_the_pool_is_that_of_a_plain_simulation(seed: int) -> None:
    """Against environments that are looked at one by one, and tokens in fractions."""
    dice = random.Random(seed)
    most, provisioned = dice.randrange(3, 40), dice.randrange(3)
    scaling = Scaling(new=dice.randrange(1, 10), per=dice.randrange(1, 5) * SECOND)
    settings = Environments(
        max=most, init=SECOND // 3, idle=SECOND // 2, provisioned=provisioned, scaling=scaling, overflow="429"
    )
    pool, now = Pool(settings), 0
    free = dict.fromkeys(range(1, provisioned + 1), 0)  # when each environment is free
    tokens, last, made = Fraction(scaling.new), 0, provisioned
    for _ in range(1000):
        now += dice.randrange(SECOND // 20)
        service = dice.randrange(1, SECOND)
        tokens = min(Fraction(scaling.new), tokens + Fraction((now - last) * scaling.new, scaling.per))
        last = now
        free = {of: at for of, at in free.items() if of <= provisioned or now - at <= SECOND // 2}
        idle = [of for of, at in free.items() if at <= now]
        place = pool.place(now, service)
        if idle:
            assert isinstance(place, Placement)
            assert place.environment in idle
            assert place.environment <= provisioned or not any(of <= provisioned for of in idle)
            free[place.environment] = place.end
        elif len(free) >= most:
            assert place is Refusal.CONCURRENCY
        elif tokens < 1:
            assert place is Refusal.SCALING
        else:
            made, tokens = made + 1, tokens - 1
            assert place == Placement(made, now, now + SECOND // 3 + service, SECOND // 3, True)
            free[made] = place.end


def test_what_a_gateway_makes_of_a_refusal() -> None:
    none, rest, http = ({}, {"gateway": Gateway(kind="rest")}, {"gateway": Gateway(kind="http")})
    for more, status in ((none, 429), (rest, 500), (http, 503)):
        target = simulation({"max": 1, "overflow": "429"}, **more)
        target.admit(0)
        assert target.admit(0) == Fate(0, status, "overflow", reason=CONCURRENCY)


@pytest.mark.parametrize(("kind", "waits", "status"), [("rest", 29, 504), ("http", 30, 503)])
def test_a_gateway_waits_for_so_long_and_the_environment_stays_busy(kind: str, waits: int, status: int) -> None:
    target = simulation({"max": 1, "overflow": "429"}, waits * SECOND, gateway=Gateway.model_validate(kind))
    assert target.admit(0).status == 0, "exactly as long is not too long"
    assert target.admit(waits * SECOND, waits * SECOND + 1).status == status
    late = target.admit(2 * waits * SECOND)
    assert late.reason == CONCURRENCY, "the function goes on"


def test_a_gateway_has_a_limit_and_a_latency_of_its_own() -> None:
    target = Simulation(
        SandboxSettings.model_validate({"gateway": {"kind": "http", "latency": Distribution.fixed(MILLISECOND)}})
    )
    fates = [target.admit(0) for _ in range(6000)]
    assert Counter(fate.fault for fate in fates) == {"": 5000, "throttle": 1000}
    assert {(fate.ready, fate.gateway) for fate in fates} == {(MILLISECOND, MILLISECOND)}
    later = [target.admit(SECOND // 10) for _ in range(1001)]
    assert [fate.status for fate in later] == [0] * 1000 + [429]
