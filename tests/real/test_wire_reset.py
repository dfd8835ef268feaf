"""A reset that comes together with what was sent before it: uvloop tells of such a connection only once."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
import uvloop

from loadgen.clock import SECOND, now
from loadgen.exchange import NEW, Exchange, Outcome, Request
from loadgen.net.counters import CLOSED_IDLE, OPENED, PEAK
from loadgen.net.names import Origin, resolve
from loadgen.net.timerfd import LoopClock
from loadgen.record.ledger import Ledger
from loadgen.transport import Counters, Settings
from loadgen.transport.wire.client import Wire

pytestmark = pytest.mark.real

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LIMIT = 30 * SECOND


def reset(connection: socket.socket, data: bytes) -> None:
    """Send `data`, and reset the connection before anybody can have read it."""
    connection.send(data)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def exchange(data: bytes) -> Exchange:
    """One exchange with a server that answers with `data` and a reset."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[Exchange] = loop.create_future()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        origin = Origin("http", "127.0.0.1", listener.getsockname()[1])
        ledger, clock = Ledger.in_memory(1, 1), LoopClock(loop)
        counters = Counters(ledger.wired, ledger.connections)
        settings = Settings(origin, resolve(origin), None, "shared", "connection", 10, 0, False, True)
        wire = Wire(loop, clock, settings, counters, over.set_result)
        try:
            wire.send(Exchange(Request("GET", "/"), 0, None, now(), now(), now() + LIMIT, 0))
            server, _ = await loop.sock_accept(listener)
            server.setblocking(False)
            assert await loop.sock_recv(server, 65536)
            reset(server, data)
            return await asyncio.wait_for(over, 5)
        finally:
            await wire.close()
            clock.close()


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1", WHOLE[:-1]])
def test_a_reset_behind_a_part_of_an_answer_ends_the_exchange(data: bytes) -> None:
    x = uvloop.run(exchange(data))
    assert (x.outcome, x.reason) == (Outcome.RESET, "connection reset by peer")


def test_an_answer_before_a_reset_counts() -> None:
    x = uvloop.run(exchange(WHOLE))
    assert (x.outcome, x.status) == (Outcome.OK, 200)


async def reset_while_idle() -> tuple[list[Exchange], list[int], int]:
    """Two exchanges, one long after the other: the first one's answer comes together with a reset."""
    loop = asyncio.get_running_loop()
    over: asyncio.Queue[Exchange] = asyncio.Queue()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        origin = Origin("http", "127.0.0.1", listener.getsockname()[1])
        ledger, clock = Ledger.in_memory(1, 1), LoopClock(loop)
        counters = Counters(ledger.wired, ledger.connections)
        settings = Settings(origin, resolve(origin), None, "shared", "connection", 10, 0, False, True)
        wire = Wire(loop, clock, settings, counters, over.put_nowait)
        try:
            ended = []
            for _ in range(2):
                wire.send(Exchange(Request("GET", "/"), 0, None, now(), now(), now() + LIMIT, 0))
                server, _ = await asyncio.wait_for(loop.sock_accept(listener), 5)
                server.setblocking(False)
                assert await loop.sock_recv(server, 65536)
                reset(server, WHOLE)
                ended.append(await asyncio.wait_for(over.get(), 5))
                await asyncio.sleep(0.05)
            return ended, ledger.connections.tolist(), ledger.wired[0]
        finally:
            await wire.close()
            clock.close()


def test_a_connection_that_is_reset_behind_its_answer_is_not_used_again() -> None:
    ended, connections, wired = uvloop.run(reset_while_idle())
    assert [(x.outcome, x.connection) for x in ended] == [(Outcome.OK, NEW)] * 2
    assert (connections[OPENED], connections[CLOSED_IDLE], connections[PEAK]) == (2, 1, 1)
    assert wired == 2
