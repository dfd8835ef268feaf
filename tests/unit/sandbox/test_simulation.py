"""Pool, throttle and stalls in exact figures, each handed the instant."""

from __future__ import annotations

import heapq
import random

import pytest

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Environments, Faults, SandboxSettings, Stall, Throttle
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.pool import Placement, Pool
from loadgen.sandbox.simulation import Simulation
from loadgen.sandbox.stalls import Stalls
from loadgen.sandbox.throttle import TokenBucket


def pool(most: int, init: int = 0, idle: int = 1000, overflow: str = "queue") -> Pool:
    return Pool(Environments.model_validate({"max": most, "init": init, "idle": idle, "overflow": overflow}))


def test_a_new_environment_starts_cold_and_is_warm_then() -> None:
    lambdas = pool(2, init=100)
    assert lambdas.place(0, 10) == Placement(1, 0, 110, 100, True)
    assert lambdas.place(110, 10) == Placement(1, 110, 120, 0, False)
    assert lambdas.cold_starts == 1


def test_the_one_that_was_used_last_is_used_first() -> None:
    lambdas = pool(3)
    for end in (30, 10, 20):
        lambdas.place(0, end)
    assert [lambdas.place(50, 5).environment for _ in range(3)] == [1, 3, 2]  # type: ignore[union-attr]


def test_the_queue_is_first_come_first_served() -> None:
    lambdas = pool(2)
    assert lambdas.place(0, 100) == Placement(1, 0, 100, 0, True)
    assert lambdas.place(0, 50) == Placement(2, 0, 50, 0, True)
    assert lambdas.place(10, 20) == Placement(2, 50, 70, 0, False)
    assert lambdas.place(10, 100) == Placement(2, 70, 170, 0, False)
    assert lambdas.place(10, 1) == Placement(1, 100, 101, 0, False)
    assert lambdas.queue_peak == 3
    assert lambdas.place(75, 1) == Placement(1, 101, 102, 0, False)
    assert lambdas.queue_peak == 3, "two waited by then"
    assert lambdas.place(200, 1) == Placement(2, 200, 201, 0, False)


def test_overflow_is_refused_and_leaves_no_trace() -> None:
    lambdas = pool(1, overflow="429")
    assert lambdas.place(0, 100)
    assert lambdas.place(99, 100) is None
    assert lambdas.place(100, 100) == Placement(1, 100, 200, 0, False)


def test_even_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.sandbox.pool.QUEUE_LIMIT", 2)
    lambdas = pool(1)
    assert [lambdas.place(0, 10) is not None for _ in range(4)] == [True, True, True, False]
    assert lambdas.place(10, 10) == Placement(1, 30, 40, 0, False), "one that waited has begun"


def test_an_environment_idle_for_longer_is_gone() -> None:
    lambdas = pool(1, init=7, idle=1000)
    lambdas.place(0, 93)
    assert lambdas.place(1100, 100) == Placement(1, 1100, 1200, 0, False), "exactly as long is not longer"
    assert lambdas.place(2201, 1) == Placement(2, 2201, 2209, 7, True)


def test_only_the_ones_that_rested_too_long_go() -> None:
    lambdas = pool(2, idle=100)
    lambdas.place(0, 10)
    lambdas.place(0, 50)
    assert lambdas.place(120, 40) == Placement(2, 120, 160, 0, False)
    assert lambdas.place(120, 40) == Placement(3, 120, 160, 0, True)


@pytest.mark.parametrize("seed", range(20))
def test_the_queue_is_that_of_a_plain_simulation(seed: int) -> None:
    """Against n servers simulated the long way: start when one is free, in order of arrival."""
    dice = random.Random(seed)
    lambdas, free, now = pool(3, idle=10**9), [0, 0, 0], 0
    for _ in range(500):
        now += dice.randrange(8)
        service = dice.randrange(1, 20)
        start = max(now, heapq.heappop(free))
        heapq.heappush(free, start + service)
        place = lambdas.place(now, service)
        assert place
        assert (place.start, place.end) == (start, start + service)


def test_the_bucket_is_exact() -> None:
    bucket = TokenBucket(rate=3, burst=2)
    assert [bucket.admit(0) for _ in range(3)] == [True, True, False]
    assert not bucket.admit(333_333_333)
    assert bucket.admit(333_333_334)
    assert not bucket.admit(333_333_334)
    assert [bucket.admit(10 * SECOND) for _ in range(3)] == [True, True, False], "it never holds more than its burst"


@pytest.mark.parametrize("rate", [0.5, 7, 1000, 33.3])
def test_the_bucket_admits_its_rate_in_the_long_run(rate: float) -> None:
    bucket = TokenBucket(rate, burst=5)
    step = SECOND // 9973
    admitted = sum(bucket.admit(i * step) for i in range(20 * 9973))
    assert admitted == pytest.approx(rate * 20 + 5, abs=1)


def test_stalls_are_counted_from_the_first_request() -> None:
    stalls = Stalls([Stall.model_validate({"at": 100, "for": 20})])
    assert stalls.after(110) == 110, "nothing has begun"
    stalls.begin(1000)
    stalls.begin(5000)
    assert [stalls.after(t) for t in (1000, 1099, 1100, 1119, 1120)] == [1000, 1099, 1120, 1120, 1120]


def test_stalls_repeat_and_meet() -> None:
    stalls = Stalls(
        [Stall.model_validate({"every": 100, "for": 10}), Stall.model_validate({"at": 110, "for": 30})],
    )
    stalls.begin(0)
    assert [stalls.after(t) for t in (0, 9, 99, 100, 109, 139, 140, 205)] == [0, 9, 99, 140, 140, 140, 140, 210]


def simulation(**settings: object) -> Simulation:
    return Simulation(SandboxSettings.model_validate(settings))


def test_no_settings_no_delay() -> None:
    target = simulation()
    assert target.admit(5) == Fate(5)
    assert target.leaves(5) == 5


def test_round_trips() -> None:
    target = simulation(rtt=20, service=Distribution.fixed(8))
    fate = target.admit(100)
    assert fate == Fate(108, service=8)
    assert (target.leaves(fate.ready), target.leaves(fate.ready, 2)) == (128, 148)


def test_cold_starts_and_queueing() -> None:
    target = simulation(service=Distribution.fixed(8), environments=Environments(max=1, init=100))
    assert target.admit(0) == Fate(108, environment=1, cold=True, service=8, init=100)
    assert target.admit(10) == Fate(116, environment=1, service=8, queued=98)
    assert (target.cold_starts, target.queue_peak) == (1, 1)


def test_throttled_and_overflowed_take_no_time() -> None:
    target = simulation(
        service=Distribution.fixed(10 * SECOND),
        throttle=Throttle(rate=1.0, burst=2),
        environments=Environments(max=1, overflow="429"),
    )
    assert target.admit(0).status == 0
    assert target.admit(1) == Fate(1, 429, "overflow")
    assert target.admit(2) == Fate(2, 429, "throttle")


def test_what_comes_in_a_stall_begins_when_it_ends() -> None:
    stall = Stall.model_validate({"at": 1 * SECOND, "for": 2 * SECOND})
    target = simulation(rtt=MILLISECOND, service=Distribution.fixed(8 * MILLISECOND), stalls=(stall,))
    ready = [target.admit(t) for t in (0, SECOND - 5 * MILLISECOND, SECOND, 2 * SECOND, 3 * SECOND)]
    assert [target.leaves(fate.ready) for fate in ready] == [
        9 * MILLISECOND,
        3 * SECOND,
        3009 * MILLISECOND,
        3009 * MILLISECOND,
        3009 * MILLISECOND,
    ]
    assert [fate.queued for fate in ready] == [0, 0, 2 * SECOND, SECOND, 0]


def test_errors_come_in_turn_and_take_their_time() -> None:
    target = simulation(service=Distribution.fixed(8), faults=Faults(errors=1.0))
    assert [target.admit(0).status for _ in range(4)] == [502, 503, 504, 502]
    assert target.admit(0).ready == 8


def test_faults_do_not_change_the_service_times() -> None:
    service = Distribution.parse("lognormal(p50=8ms, p99=40ms)")
    healthy, ill = simulation(service=service), simulation(service=service, faults=Faults(errors=0.5))
    assert [healthy.admit(0).service for _ in range(50)] == [ill.admit(0).service for _ in range(50)]


def test_a_given_service_time_and_the_bypass() -> None:
    target = simulation(service=Distribution.fixed(8), environments=Environments(max=1))
    assert target.admit(0, service=500).ready == 500
    assert target.bypass(1) == Fate(1)
