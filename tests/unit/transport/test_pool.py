"""Who gets which connection: the session modes, the cap in each of them, first come first served."""

from __future__ import annotations

import random

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.exchange import NOT_YET, Exchange, Request
from loadgen.net.counters import CONNECTION_COUNTERS, PEAK
from loadgen.transport.pool import Pool, waited_for_us

REQUEST = Request("GET", "/")
MODES = ("shared", "per-iteration", "per-request")


class Line:
    """A connection: which exchanges it carried, and the one under way."""

    def __init__(self, owner: object) -> None:
        self.owner = owner
        self.carried: list[Exchange] = []
        self.x: Exchange | None = None
        self.dead = False

    def start(self, x: Exchange) -> None:
        assert not self.dead
        assert self.x is None
        self.carried.append(x)
        self.x = x

    def close(self) -> None:
        assert not self.dead
        self.dead = True


class Client:
    """A client that opens at once, and finishes exchanges when told."""

    def __init__(self, reuse: str, cap: int, fifo: bool = False) -> None:
        self.counters = memoryview(bytearray(8 * len(CONNECTION_COUNTERS))).cast("q")
        self.pool = Pool(reuse, cap, self.open_for, self.counters, fifo)
        self.lines: list[Line] = []

    def open_for(self, x: Exchange) -> None:
        line = Line(x.owner)
        self.lines.append(line)
        line.start(x)

    def send(self, owner: object = None) -> Exchange:
        x = Exchange(REQUEST, 0, owner, 0, 0, 0, 0)
        self.pool.send(x)
        return x

    def line(self, x: Exchange) -> Line | None:
        return next((line for line in self.lines if x in line.carried), None)

    def answer(self, x: Exchange) -> None:
        line = self.line(x)
        assert line and line.x is x
        line.x, x.done = None, 1
        self.pool.free(line)

    def fail(self, x: Exchange) -> None:
        line = self.line(x)
        assert line and line.x is x
        line.x, x.done = None, 1
        line.close()
        self.pool.gone(line)

    def drop(self, line: Line) -> None:
        """The target closes a connection that nothing is using."""
        assert line.x is None
        line.close()
        self.pool.dropped(line)

    @property
    def open(self) -> list[Line]:
        return [line for line in self.lines if not line.dead]


def test_shared_uses_the_connection_used_last() -> None:
    client = Client("shared", 10)
    one, two = client.send(), client.send()
    client.answer(one)
    client.answer(two)
    assert client.line(client.send()) is client.line(two)
    assert client.line(client.send()) is client.line(one)
    assert len(client.lines) == client.pool.open == client.counters[PEAK] == 2


def test_fifo_uses_all_connections_in_turn() -> None:
    client = Client("shared", 3, fifo=True)
    for x in [client.send() for _ in range(3)]:
        client.answer(x)
    for turn in range(6):
        x = client.send()
        assert client.line(x) is client.lines[turn % 3]
        client.answer(x)
    assert len(client.lines) == 3


@pytest.mark.parametrize("fifo", [False, True])
def test_idle_connections_that_the_target_closed_are_passed_over(fifo: bool) -> None:
    client = Client("shared", 4, fifo)
    for x in [client.send() for _ in range(4)]:
        client.answer(x)
    for line in (client.lines[0], client.lines[2], client.lines[3]):
        client.drop(line)
    assert client.pool.idle == [client.lines[1]]
    assert client.line(client.send()) is client.lines[1]
    assert client.line(client.send()) is client.lines[4]
    assert (client.pool.open, client.pool.idle) == (2, [])


def test_per_iteration_keeps_one_for_each_iteration_and_closes_it_with_it() -> None:
    client = Client("per-iteration", 10)
    first, second = object(), object()
    a, b = client.send(first), client.send(second)
    assert client.line(a) is not client.line(b)
    client.answer(a)
    again = client.send(first)
    assert client.line(again) is client.line(a)
    client.answer(again)
    client.pool.end_iteration(first)
    client.pool.end_iteration(first)
    assert [line.owner for line in client.open] == [second]
    assert client.pool.open == 1


def test_per_iteration_an_iteration_may_end_with_its_last_exchange_failed() -> None:
    client, owner = Client("per-iteration", 1), object()
    client.fail(client.send(owner))
    client.pool.end_iteration(owner)
    assert client.pool.open == 0


def test_per_request_closes_after_each_answer() -> None:
    client, owner = Client("per-request", 10), object()
    for _ in range(3):
        client.answer(client.send(owner))
        assert client.open == []
    assert len(client.lines) == 3
    assert client.counters[PEAK] == 1


@pytest.mark.parametrize("reuse", MODES)
def test_beyond_the_cap_they_wait_their_turn(reuse: str) -> None:
    client = Client(reuse, 2)
    owners = [object() for _ in range(5)]
    sent = [client.send(owner) for owner in owners]
    assert [client.line(x) is not None for x in sent] == [True, True, False, False, False]
    for turn, x in enumerate(sent):
        client.answer(x)
        client.pool.end_iteration(owners[turn])
        assert [client.line(x) is not None for x in sent].index(False) == turn + 3 if turn < 2 else True
        assert len(client.open) <= 2
    assert client.counters[PEAK] == 2


@pytest.mark.parametrize("reuse", MODES)
def test_one_that_timed_out_while_it_waited_is_passed_over(reuse: str) -> None:
    client = Client(reuse, 1)
    first, late, third = (client.send(object()) for _ in range(3))
    late.done = 1
    client.fail(first)
    assert client.line(late) is None
    assert client.line(third)


@pytest.mark.parametrize("reuse", MODES)
def test_those_that_timed_out_are_not_kept_until_there_is_a_connection(reuse: str) -> None:
    client = Client(reuse, 1)
    client.send(object())
    for _ in range(1000):
        client.send(object()).done = 1
    assert len(client.pool.waiting) == 1


def test_a_connection_that_the_target_closed_is_replaced_when_needed() -> None:
    client = Client("shared", 1)
    first = client.send()
    client.answer(first)
    client.drop(client.lines[0])
    assert client.pool.open == 0
    assert client.line(client.send()) is client.lines[1]


def test_an_iteration_whose_idle_connection_is_dropped_gets_another() -> None:
    client, owner = Client("per-iteration", 1), object()
    client.answer(client.send(owner))
    waiting = client.send(object())
    client.drop(client.lines[0])
    assert client.line(waiting) is client.lines[1]
    client.pool.end_iteration(owner)
    assert client.pool.open == 1


def test_preopened_connections_count_and_are_used() -> None:
    client = Client("shared", 3)
    for _ in range(3):
        client.pool.opening()
        client.lines.append(Line(None))
    assert client.counters[PEAK] == 3
    waiting = client.send()
    assert client.line(waiting) is None
    for line in client.lines:
        client.pool.free(line)
    assert client.line(waiting) is client.lines[0]
    assert client.pool.idle == client.lines[1:]


@settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32), st.sampled_from(MODES), st.integers(1, 4), st.booleans())
def test_any_load_keeps_the_cap_and_leaves_nobody_waiting_for_nothing(
    seed: int, reuse: str, cap: int, fifo: bool
) -> None:
    client, draw = Client(reuse, cap, fifo), random.Random(seed)
    owners: dict[object, Exchange] = {}

    def busy(owner: object) -> bool:
        line = client.line(owners[owner])
        return not owners[owner].done and line is not None and line.x is owners[owner]

    for _ in range(200):
        under_way = [owner for owner in owners if busy(owner)]
        between = [owner for owner in owners if owners[owner].done]
        act = draw.randrange(6)
        if act == 0:
            owner = object()
            owners[owner] = client.send(owner)
        elif act == 1 and between:
            owner = draw.choice(between)
            owners[owner] = client.send(owner)
        elif act == 2 and under_way:
            client.answer(owners[draw.choice(under_way)])
        elif act == 3 and under_way:
            client.fail(owners[draw.choice(under_way)])
        elif act == 4 and between:
            owner = draw.choice(between)
            client.pool.end_iteration(owner)
            del owners[owner]
        elif act == 5 and (idle := [line for line in client.open if line.x is None]):
            client.drop(draw.choice(idle))
        assert len(client.open) == client.pool.open <= cap
        idle = [line for line in client.open if line.x is None]
        waiting = [x for x in client.pool.waiting if not x.done]
        assert not waiting or (client.pool.open == cap and (reuse == "per-iteration" or not idle))
        assert not (reuse == "per-request" and idle)
        if reuse == "per-iteration":
            assert all(line.owner in owners for line in idle)
            assert all(x.owner is line.owner for line in client.lines for x in line.carried)
    assert client.counters[PEAK] <= cap


@pytest.mark.parametrize(("received", "ours"), [(0, 0), (NOT_YET, 0), (80, 20)])
def test_a_wait_behind_an_exchange_is_ours_as_far_as_that_was_late(received: int, ours: int) -> None:
    """One whose answer the kernel did not have, or of which that is not known, was over when it was done."""
    over, x = Exchange(REQUEST, 0, None, 10, 10, 1000, 0), Exchange(REQUEST, 0, None, 20, 20, 1000, 0)
    over.wait_delay, over.received, over.done = 0, received, 100
    assert waited_for_us(x, over) == ours
