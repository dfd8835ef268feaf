"""The sandbox's environments: cold and warm, the queue, who is gone."""

from __future__ import annotations

import heapq
import random

import pytest

from loadgen.profile.sandbox import Environments
from loadgen.sandbox.pool import Placement, Pool, Refusal


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


def test_one_that_is_cut_off_ends() -> None:
    lambdas = pool(1, init=100)
    assert lambdas.place(0, 50, limit=20) == Placement(1, 0, 120, 100, True, True)
    assert lambdas.place(110, 10, limit=20) == Placement(2, 120, 230, 100, True)
    assert lambdas.place(230, 20, limit=20) == Placement(2, 230, 250, 0, False)
    assert lambdas.place(240, 30, limit=20) == Placement(2, 250, 270, 0, False, True)
    assert lambdas.place(300, 10) == Placement(3, 300, 410, 100, True)


def test_a_provisioned_one_that_is_cut_off_starts_anew_by_itself() -> None:
    lambdas = Pool(Environments.model_validate({"max": 1, "provisioned": 1}))
    assert lambdas.place(0, 50, limit=20) == Placement(1, 0, 20, 0, False, True)
    assert lambdas.place(20, 10) == Placement(1, 20, 30, 0, False)


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
    assert lambdas.place(99, 100) is Refusal.CONCURRENCY
    assert lambdas.place(100, 100) == Placement(1, 100, 200, 0, False)


def test_even_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.sandbox.pool.QUEUE_LIMIT", 2)
    lambdas = pool(1)
    assert [isinstance(lambdas.place(0, 10), Placement) for _ in range(4)] == [True, True, True, False]
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
        assert isinstance(place, Placement)
        assert (place.start, place.end) == (start, start + service)
