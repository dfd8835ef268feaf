"""What a connection makes of what its stream tells it: whose exchange it is, how that ends, what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from scripted_socket import Loop

from loadgen.clock import SECOND, VirtualClock
from loadgen.exchange import NEW, NOTHING, REUSED, Exchange, Outcome, Request
from loadgen.net.counters import CLOSED_IDLE, CONNECTION_COUNTERS, FAILED, OPENED
from loadgen.net.names import Address, Origin
from loadgen.transport import Counters, Settings
from loadgen.transport.wire import connection as module
from loadgen.transport.wire.client import Wire
from loadgen.transport.wire.connection import Connection
from loadgen.transport.wire.stream import Endpoint, Owner

pytestmark = pytest.mark.pure  # the stream is this module's

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
HALF = ANSWER[:30]


class Stream:
    """A stream that does nothing by itself. `takes` is whether the kernel takes what is written; `left` is called for
    each read, as long as there is something."""

    tls = None
    resumed = False
    unsent = unencrypted = None
    stamp = delay = 0

    def __init__(self, endpoint: Endpoint, owner: Owner) -> None:
        self.owner = owner
        self.takes = True
        self.taken = self.begun = self.connected = 0
        self.closed = self.ended = self.ready = False
        self.left: list[Callable[[], object]] = []

    def open(self, address: Address) -> None: ...

    def write(self, data: bytes) -> None:
        self.taken = len(data) if self.takes else 0

    def read(self) -> bool:
        return bool(self.left.pop(0)()) if self.left else False

    def catch_up(self) -> None: ...

    def keep_session(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def now_open(self) -> None:
        self.ready = True
        self.owner.opened()


class Bench:
    """A wire client in a shared session of one connection, whose streams are scripted."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.clock = VirtualClock(1000 * SECOND)
        patch.setattr(module, "now", self.clock.now)
        patch.setattr(module, "Stream", Stream)
        self.wired = memoryview(bytearray(8)).cast("q")
        self.counts = memoryview(bytearray(8 * len(CONNECTION_COUNTERS))).cast("q")
        self.over: list[Exchange] = []
        settings = Settings(
            Origin("http", "127.0.0.1", 80), (Address(2, ("127.0.0.1", 80)),), None, "shared", "connection", 1, 0,
            False, False,
        )  # fmt: skip
        loop = cast(asyncio.AbstractEventLoop, Loop())
        self.wire = Wire(loop, self.clock, settings, Counters(self.wired, self.counts), self.over.append)

    def send(self) -> Exchange:
        at = self.clock.now()
        x = Exchange(Request("GET", "/"), 0, None, at, at, at + SECOND, NOTHING)
        self.wire.send(x)
        return x

    def stream(self, x: Exchange) -> Stream:
        return cast(Stream, cast(Connection, x.link).stream)

    def opened(self) -> Stream:
        """The stream of a connection that is open and idle."""
        x = self.send()
        stream = self.stream(x)
        stream.now_open()
        stream.owner.data(ANSWER)
        assert self.over.pop() is x
        return stream


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(monkeypatch)
    yield bench
    bench.wire._warmer.close()


def test_an_exchange_is_sent_when_the_stream_is_open(bench: Bench) -> None:
    x = bench.send()
    assert (x.sent, bench.wired[0]) == (0, 0)
    bench.stream(x).now_open()
    assert (x.connection, x.connected, x.sent) == (NEW, bench.clock.now(), bench.clock.now())
    assert (bench.wired[0], bench.counts[OPENED]) == (1, 1)


def test_more_is_expected_until_the_answer_is_whole(bench: Bench) -> None:
    stream = bench.opened()
    x = bench.send()
    assert x.connection == REUSED
    assert stream.owner.data(ANSWER[:30]) is True
    assert stream.owner.data(ANSWER[30:]) is False
    assert (bench.over, x.outcome, x.status) == ([x], Outcome.OK, 200)
    assert bench.wire.pool.idle == [stream.owner]


def test_bytes_that_the_kernel_took_later_are_counted_once(bench: Bench) -> None:
    stream = bench.opened()
    stream.takes = False
    bench.send()
    assert bench.wired[0] == 1, "that of the exchange before"
    stream.owner.wrote()
    assert bench.wired[0] == 2


def test_bytes_of_a_handshake_are_none_of_an_exchange(bench: Bench) -> None:
    x = bench.send()
    bench.stream(x).owner.wrote()
    assert bench.wired[0] == 0


def test_a_connection_that_ends_with_its_answer_is_not_used_again(bench: Bench) -> None:
    stream = bench.opened()
    x = bench.send()
    stream.ended = True
    stream.owner.data(ANSWER)
    assert (x.outcome, stream.closed, bench.wire.pool.open) == (Outcome.OK, True, 0)


def test_one_that_was_closed_while_idle_is_replaced(bench: Bench) -> None:
    stream = bench.opened()
    stream.takes = False
    x = bench.send()
    stream.owner.lost(Outcome.RESET, "broken pipe", unread=True)
    assert stream.closed
    assert (x.done, x.connection, x.sent, bench.counts[CLOSED_IDLE]) == (0, NEW, 0, 1)
    bench.stream(x).now_open()
    bench.stream(x).owner.data(ANSWER)
    assert (bench.over, x.outcome) == ([x], Outcome.OK)


def test_one_that_is_closed_while_idle_is_counted_and_forgotten(bench: Bench) -> None:
    stream = bench.opened()
    stream.owner.ended()
    assert (stream.closed, bench.counts[CLOSED_IDLE], bench.wire.pool.open, bench.over) == (True, 1, 0, [])


def test_data_that_nobody_asked_for_spoils_it(bench: Bench) -> None:
    stream = bench.opened()
    assert stream.owner.data(ANSWER) is False
    assert (stream.closed, bench.counts[CLOSED_IDLE], bench.wire.pool.idle) == (True, 1, [])


@pytest.mark.parametrize(
    ("before", "outcome", "reason"),
    [
        (b"", Outcome.RESET, "closed by the target without an answer"),
        (HALF, Outcome.BAD_RESPONSE, "closed by the target in the middle of an answer"),
    ],
)
def test_an_end_without_an_answer_is_told(bench: Bench, before: bytes, outcome: Outcome, reason: str) -> None:
    stream = bench.opened()
    x = bench.send()
    if before:
        stream.owner.data(before)
    stream.owner.ended()
    assert (bench.over, x.outcome, x.reason) == ([x], outcome, reason)


def test_an_answer_that_was_unread_when_sending_failed_is_one(bench: Bench) -> None:
    stream = bench.opened()
    x = bench.send()
    stream.left = [lambda: stream.owner.data(HALF), lambda: stream.owner.data(ANSWER[30:]), lambda: 1 / 0]
    stream.owner.lost(Outcome.RESET, "broken pipe", unread=True)
    assert (bench.over, x.outcome) == ([x], Outcome.OK)


def test_where_nothing_is_unread_it_is_lost_as_it_was_told(bench: Bench) -> None:
    stream = bench.opened()
    x = bench.send()
    stream.left = [lambda: stream.owner.data(ANSWER)]
    stream.owner.lost(Outcome.RESET, "connection reset by peer")
    assert (bench.over, x.outcome, x.reason) == ([x], Outcome.RESET, "connection reset by peer")


def test_a_connect_that_is_lost_is_counted_as_failed(bench: Bench) -> None:
    x = bench.send()
    bench.stream(x).owner.lost(Outcome.REFUSED, "connection refused")
    assert (bench.over, x.outcome, x.sent) == ([x], Outcome.REFUSED, 0)
    assert (bench.counts[OPENED], bench.counts[FAILED], bench.wire.pool.open) == (0, 1, 0)


@pytest.mark.parametrize("call", ["connected", "opened"])
def test_one_that_is_there_too_late_sends_nothing(bench: Bench, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = bench.send()
    stream = bench.stream(x)
    monkeypatch.setattr(module, "now", lambda: x.deadline + 1)
    getattr(stream.owner, call)()
    assert (bench.over, x.outcome, x.sent, stream.closed) == ([x], Outcome.TIMEOUT, 0, True)
    assert bench.wired[0] == 0


def test_an_answer_that_was_there_in_time_is_read_when_time_is_over(bench: Bench) -> None:
    stream = bench.opened()
    x = bench.send()
    stream.left = [lambda: stream.owner.data(ANSWER)]
    bench.clock.run(x.deadline)
    assert (bench.over, x.outcome, stream.closed) == ([x], Outcome.OK, False)


def test_without_one_it_is_a_timeout(bench: Bench) -> None:
    stream = bench.opened()
    x = bench.send()
    bench.clock.run(x.deadline)
    assert (bench.over, x.outcome, stream.closed) == ([x], Outcome.TIMEOUT, True)


def test_who_opens_it_ahead_of_the_load_learns_that_it_failed(bench: Bench) -> None:
    connection = Connection(bench.wire, None)
    with asyncio.Runner() as runner:
        settled = connection.settled = runner.get_loop().create_future()
        bench.wire.pool.opening()
        connection.lost(Outcome.REFUSED, "connection refused")
        assert settled.done()
    assert (bench.counts[FAILED], bench.counts[CLOSED_IDLE], bench.wire.pool.open) == (1, 0, 0)
