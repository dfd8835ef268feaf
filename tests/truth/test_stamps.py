"""The kernel's stamp of an answer is that answer's own, or there is none: whatever the kernel says on a connection, the
wire client never takes what is another packet's for it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Iterator

import pytest

from loadgen.clock import MILLISECOND, SECOND, VirtualClock
from loadgen.exchange import NOT_YET, NOTHING, Exchange, Outcome, Request
from loadgen.net.counters import CONNECTION_COUNTERS
from loadgen.net.names import Origin
from loadgen.net.sockets import SO_TIMESTAMPNS
from loadgen.transport import Counters, Settings
from loadgen.transport.wire import connection as module
from loadgen.transport.wire.client import Wire
from loadgen.transport.wire.connection import Connection

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
AHEAD = 1_750_000_000 * SECOND  # of the monotonic clock is the wall's


class Kernel:
    """A socket as the kernel gives it: `packets` are what is read next, each with its stamp (ns of the wall clock)."""

    def __init__(self) -> None:
        self.packets: deque[tuple[bytes, int]] = deque()
        self._ends = socket.socketpair()

    def send(self, data: bytes) -> int:
        return len(data)

    def recvmsg_into(self, buffers: list[bytearray], room: int) -> tuple[int, list[tuple[int, int, bytes]], int, None]:
        data, stamp = self.packets.popleft()
        buffers[0][: len(data)] = data
        told = [(socket.SOL_SOCKET, SO_TIMESTAMPNS, struct.pack("qq", *divmod(stamp, SECOND)))] if stamp else []
        return len(data), told, 0, None

    def fileno(self) -> int:
        return self._ends[0].fileno()

    def getsockopt(self, *which: int) -> bytes:
        raise OSError("it tells nothing of itself")

    def close(self) -> None:
        for end in self._ends:
            end.close()


class Bench:
    """A wire client with one connection, and clocks that are set by hand."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.clock, self.ahead = VirtualClock(1000 * SECOND), AHEAD
        patch.setattr(module, "now", self.clock.now)
        patch.setattr(module, "wall", lambda: self.clock.now() + self.ahead)
        self.loop = asyncio.new_event_loop()
        counters = Counters(
            memoryview(bytearray(80)).cast("q"), memoryview(bytearray(8 * len(CONNECTION_COUNTERS))).cast("q")
        )
        origin = Origin("http", "127.0.0.1", 80)
        settings = Settings(origin, (), None, "shared", "connection", 1, 0, False, False)
        self.done: list[Exchange] = []
        self.wire = Wire(self.loop, self.clock, settings, counters, self.done.append)
        self.kernel = Kernel()
        self.connection = Connection(self.wire, None)
        self.connection.stream._sock = self.kernel  # type: ignore[assignment]
        self.wire.pool.opening()
        self.wire.pool.free(self.connection)

    def close(self) -> None:
        self.wire._warmer.close()
        self.kernel.close()
        self.loop.close()

    def exchange(self, *packets: tuple[bytes, int | None], takes: int = 10 * MILLISECOND, late: int = 0) -> Exchange:
        """Send a request, let the target take its time, and read its answer `late` after that. Each packet has come
        so long before the answer was there, None: it has no stamp."""
        now = self.clock.now()
        x = Exchange(Request("GET", "/"), 0, None, now, now, now + SECOND, NOTHING)
        self.wire.send(x)
        self.clock.advance(takes)
        for data, before in packets:
            self.kernel.packets.append((data, 0 if before is None else self.clock.now() + self.ahead - before))
        self.clock.advance(late)
        for _ in packets:
            self.connection.stream._on_readable()
        assert self.done.pop() is x
        assert x.done == now + takes + late
        return x

    def timed_out(self, *packets: tuple[bytes, int]) -> Exchange:
        """Send a request that gets no more than those packets of an answer."""
        now = self.clock.now()
        x = Exchange(Request("GET", "/"), 0, None, now, now, now + SECOND, NOTHING)
        self.wire.send(x)
        for data, before in packets:
            self.clock.advance(10 * MILLISECOND)
            self.kernel.packets.append((data, self.clock.now() + self.ahead - before))
            self.connection.stream._on_readable()
        self.connection.fail(Outcome.TIMEOUT, "")
        assert self.done.pop() is x
        return x


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(monkeypatch)
    yield bench
    bench.close()


@pytest.mark.parametrize("late", [0, 1000, 50 * MILLISECOND])
def test_what_the_client_adds_is_told_from_what_the_target_took(bench: Bench, late: int) -> None:
    x = bench.exchange((ANSWER, 0), takes=25 * MILLISECOND, late=late)
    assert x.received - x.sent == 25 * MILLISECOND
    assert x.done - x.received == late


def test_an_answer_without_a_stamp_does_not_have_that_of_the_one_before(bench: Bench) -> None:
    assert bench.exchange((ANSWER, 0)).received
    x = bench.exchange((ANSWER, None), takes=0)
    assert x.received == 0, "not known is not 0"


def test_of_an_answer_in_pieces_the_last_one_counts(bench: Bench) -> None:
    whole = bench.exchange((ANSWER[:30], 5 * MILLISECOND), (ANSWER[30:], MILLISECOND), late=2 * MILLISECOND)
    assert whole.done - whole.received == 3 * MILLISECOND
    unknown = bench.exchange((ANSWER[:30], 5 * MILLISECOND), (ANSWER[30:], None))
    assert unknown.received == 0, "the first piece's stamp is not the answer's"


def test_the_first_byte_is_that_of_the_first_piece(bench: Bench) -> None:
    pieces = (ANSWER[:30], 5 * MILLISECOND), (ANSWER[30:32], 3 * MILLISECOND), (ANSWER[32:], MILLISECOND)
    x = bench.exchange(*pieces, late=2 * MILLISECOND)
    assert (x.received - x.first, x.done - x.received) == (4 * MILLISECOND, 3 * MILLISECOND)
    whole = bench.exchange((ANSWER, MILLISECOND))
    assert whole.first == whole.received, "one read held all of it: no later than that"


@pytest.mark.parametrize("first", [None, 11 * MILLISECOND])
def test_a_first_piece_without_a_stamp_of_its_own_tells_nothing(bench: Bench, first: int | None) -> None:
    x = bench.exchange((ANSWER[:30], first), (ANSWER[30:32], 2 * MILLISECOND), (ANSWER[32:], MILLISECOND))
    assert (x.first, x.done - x.received) == (0, MILLISECOND)
    assert bench.exchange((ANSWER, MILLISECOND)).first, "nor does it spoil the next one"


def test_a_first_byte_is_known_without_the_last_ones_stamp(bench: Bench) -> None:
    x = bench.exchange((ANSWER[:30], 5 * MILLISECOND), (ANSWER[30:], None), late=MILLISECOND)
    assert (x.done - x.first, x.received) == (6 * MILLISECOND, 0)


@pytest.mark.parametrize(("pieces", "first"), [((), NOT_YET), (((ANSWER[:30], MILLISECOND),), 0)])
def test_of_a_timeout_it_is_known_what_had_not_come(
    bench: Bench, pieces: tuple[tuple[bytes, int], ...], first: int
) -> None:
    x = bench.timed_out(*pieces)
    assert (x.outcome, x.first, x.received) == (Outcome.TIMEOUT, first, NOT_YET)


def test_a_stamp_from_before_the_request_is_another_packets(bench: Bench) -> None:
    x = bench.exchange((ANSWER, 11 * MILLISECOND), takes=10 * MILLISECOND)
    assert x.received == 0


def test_a_stamp_from_the_future_is_none(bench: Bench) -> None:
    """The wall clock was set back between the packet and the read."""
    x = bench.exchange((ANSWER, -MILLISECOND))
    assert x.received == 0


def test_where_the_wall_clock_stands_does_not_matter(bench: Bench) -> None:
    for bench.ahead in (AHEAD, AHEAD + 3600 * SECOND, AHEAD // 2):
        x = bench.exchange((ANSWER, 0), takes=25 * MILLISECOND, late=MILLISECOND)
        assert (x.received - x.sent, x.done - x.received) == (25 * MILLISECOND, MILLISECOND)
