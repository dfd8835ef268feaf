"""Deadlines in virtual time: never early, none lost, memory in proportion to what is open."""

from __future__ import annotations

import random

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.clock import MILLISECOND, VirtualClock
from loadgen.exchange import Exchange, Request
from loadgen.net.deadlines import SLACK, Deadlines

REQUEST = Request("GET", "/")


class Watch:
    """Deadlines whose expiries are noted as (instant, exchange); an expired exchange is done."""

    def __init__(self) -> None:
        self.clock = VirtualClock(start=1)
        self.deadlines = Deadlines(self.clock, self.expire)
        self.expired: list[tuple[int, Exchange]] = []

    def expire(self, x: Exchange) -> None:
        assert not x.done
        x.done = self.clock.now()
        self.expired.append((x.done, x))

    def add(self, deadline: int, slot: int = 0) -> Exchange:
        x = Exchange(REQUEST, slot, None, 0, 0, deadline, 0)
        self.deadlines.add(x)
        return x

    def held(self) -> int:
        return sum(len(lane.queue) for lane in self.deadlines._lanes.values())


def test_each_expires_at_its_deadline() -> None:
    watch = Watch()
    for deadline in (10, 20, 30):
        watch.add(deadline, slot=0)
    for deadline in (5, 25):
        watch.add(deadline, slot=1)
    watch.clock.run()
    assert [(at, x.slot) for at, x in watch.expired] == [(5, 1), (10, 0), (20, 0), (25, 1), (30, 0)]
    assert all(at == x.deadline for at, x in watch.expired)


def test_an_exchange_that_is_done_does_not_expire() -> None:
    watch = Watch()
    first, second, third = (watch.add(deadline) for deadline in (10, 20, 30))
    second.done = 1
    watch.clock.run(15)
    third.done = 15
    watch.clock.run()
    assert [x for _, x in watch.expired] == [first]


def test_a_straggler_takes_its_place() -> None:
    watch = Watch()
    for deadline in (10, 30, 50, 20, 40, 5):
        watch.add(deadline)
    watch.clock.run()
    assert [at for at, _ in watch.expired] == [5, 10, 20, 30, 40, 50]


def test_a_deadline_that_has_passed_expires_at_once_but_not_within_add() -> None:
    watch = Watch()
    watch.clock.run(100)
    watch.add(50)
    assert watch.expired == []
    watch.clock.run(100)
    assert [at for at, _ in watch.expired] == [100]


def test_a_busy_process_expires_late_and_in_one_go() -> None:
    watch = Watch()
    for deadline in (10, 20, 30, 1000):
        watch.add(deadline)
    watch.clock.advance(500)
    watch.clock.run(501)
    assert [at for at, _ in watch.expired] == [501, 501, 501]
    watch.clock.run()
    assert [at for at, _ in watch.expired][3:] == [1000]


def test_an_earlier_deadline_moves_the_alarm() -> None:
    watch = Watch()
    watch.add(1000, slot=0)
    watch.add(10, slot=1)
    watch.clock.run(10)
    assert [at for at, _ in watch.expired] == [10]
    watch.add(20, slot=1)
    watch.clock.run(1000)
    assert [at for at, _ in watch.expired] == [10, 20, 1000]


def test_what_expires_may_add_the_next() -> None:
    watch = Watch()

    def expire(x: Exchange) -> None:
        watch.expire(x)
        if len(watch.expired) < 100:
            watch.add(watch.clock.now() + 10, slot=len(watch.expired) % 3)

    watch.deadlines = Deadlines(watch.clock, expire)
    watch.add(10)
    watch.clock.run()
    assert [at for at, _ in watch.expired] == [10 * turn for turn in range(1, 101)]


def test_what_expires_may_finish_and_add_so_many_that_their_lane_is_tidied() -> None:
    """The exchange behind them must not be forgotten with the lane that they were in."""
    watch = Watch()
    late: list[Exchange] = []

    def expire(x: Exchange) -> None:
        watch.expire(x)
        if not late:
            head = watch.add(1000)
            for _ in range(SLACK + 1):
                watch.add(1000).done = 1
            head.done = 1
            late.append(watch.add(1000))

    watch.deadlines = Deadlines(watch.clock, expire)
    watch.add(10)
    watch.clock.run()
    assert [at for at, _ in watch.expired] == [10, 1000]
    assert watch.expired[1][1] is late[0]


def test_memory_is_in_proportion_to_what_is_open() -> None:
    watch = Watch()
    watch.add(10**15)  # a head that stays open, so that nothing behind it is dropped by itself
    open_ones = [watch.add(10**15) for _ in range(100)]
    for _ in range(100_000):
        watch.add(10**15).done = 1
        assert watch.held() <= 2 * 102 + SLACK
    watch.clock.run()
    assert [x for _, x in watch.expired][1:] == open_ones
    assert watch.held() == 0


def test_slots_that_are_over_leave_nothing() -> None:
    watch = Watch()
    for slot in range(1000):
        watch.add(10, slot).done = 1
    watch.clock.run()
    assert watch.held() == 0
    assert not watch.deadlines._lanes


@settings(max_examples=examples(200), deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.booleans())
def test_any_load_never_early_none_lost(seed: int, slots: int, busy: bool) -> None:
    watch, draw = Watch(), random.Random(seed)
    clock, all_of_them = watch.clock, list[tuple[int, Exchange]]()
    finished: dict[int, int] = {}

    def finish(x: Exchange) -> None:
        if not x.done:
            x.done = finished[id(x)] = clock.now()

    for _ in range(300):
        slot = draw.randrange(slots)
        clock.run(clock.now() + draw.randrange(3))
        if busy and draw.random() < 0.05:
            clock.advance(draw.randrange(200))
        x = watch.add(clock.now() + 50 * (slot + 1) - draw.randrange(5), slot)
        all_of_them.append((clock.now(), x))
        if draw.random() < 0.7:
            clock.call_at(clock.now() + draw.randrange(100), lambda x=x: finish(x))
    clock.run()
    expired = {id(x): at for at, x in watch.expired}
    for _, x in all_of_them:
        assert (id(x) in expired) != (id(x) in finished)
        if id(x) in expired:
            assert expired[id(x)] >= x.deadline
            assert busy or expired[id(x)] == x.deadline
    assert watch.held() == 0


@pytest.mark.parametrize("by", [0, 1, MILLISECOND])
def test_not_a_nanosecond_early(by: int) -> None:
    watch = Watch()
    watch.add(10 * MILLISECOND + by)
    watch.clock.run(10 * MILLISECOND + by - 1)
    assert watch.expired == []
    watch.clock.run(10 * MILLISECOND + by)
    assert len(watch.expired) == 1
