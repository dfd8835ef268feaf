"""What the kernel says of connections that lose packets: a socket filter drops them, which takes no privileges."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import sys
from typing import Any

import numpy as np
import pytest
import uvloop

from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.net.names import Origin, resolve
from loadgen.net.tcp_info import read
from loadgen.net.timerfd import LoopClock
from loadgen.record.ledger import Ledger
from loadgen.stats import Histogram
from loadgen.transport import Counters, Settings
from loadgen.transport.aiohttp.client import Aiohttp
from loadgen.transport.wire.client import Wire
from loadgen.trust.host import overflows
from loadgen.trust.network import Network, Retried, retried

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO as Linux has it")]

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LIMIT = 30 * SECOND
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27


def deaf(sock: socket.socket) -> None:
    """Let the kernel drop whatever comes for the socket."""
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # classic BPF: return 0
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(nothing))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def hearing(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


class Target:
    """A listener, and a client that knows it."""

    def __init__(self, reuse: str, client: Any = Wire) -> None:
        self.loop = asyncio.get_running_loop()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.over: asyncio.Queue[Exchange] = asyncio.Queue()
        origin = Origin("http", "127.0.0.1", self.listener.getsockname()[1])
        ledger, self.clock = Ledger.in_memory(1, 1), LoopClock(self.loop)
        counters = Counters(ledger.wired, ledger.connections)
        settings = Settings(origin, resolve(origin), None, reuse, "connection", 10, 0, False, True)
        self.client = client(self.loop, self.clock, settings, counters, self.over.put_nowait)

    def send(self) -> None:
        self.client.send(Exchange(Request("GET", "/"), 0, None, now(), now(), now() + LIMIT, 0))

    async def accept(self) -> socket.socket:
        server, _ = await self.loop.sock_accept(self.listener)
        server.setblocking(False)
        return server

    async def answer(self, server: socket.socket) -> Exchange:
        assert await self.loop.sock_recv(server, 65536)
        await self.loop.sock_sendall(server, ANSWER)
        return await asyncio.wait_for(self.over.get(), 10)

    async def close(self) -> None:
        await self.client.close()
        self.clock.close()
        self.listener.close()

    def seen(self, last: bool = False) -> Network:
        network, sample = Network(), self.client.tcp(last)
        assert sample
        network.add(sample)
        return network


async def lost_request() -> tuple[Network, Network, Exchange]:
    """A request that the target's kernel drops the first time."""
    target = Target("shared")
    try:
        target.send()
        with await target.accept() as server:
            await target.answer(server)
            before = target.seen()
            deaf(server)
            target.send()
            sock = next(iter(target.client.connections)).stream.sock
            assert sock
            async with asyncio.timeout(10):
                while (info := read(sock)) and not info.retransmits:
                    await asyncio.sleep(0.01)
            hearing(server)
            x = await target.answer(server)
        return before, target.seen(last=True), x
    finally:
        await target.close()


def test_a_lost_request_is_a_retransmit() -> None:
    before, after, x = uvloop.run(lost_request())
    assert (before.retransmits, before.connects, before.looked_at) == (0, 1, 1)
    assert before.segments >= 2 and before.round_trip is not None
    assert x.outcome == Outcome.OK
    assert after.retransmits >= 1
    assert after.segments >= after.retransmits + 1
    assert (after.connects, after.syn_retried) == (0, 0)


async def lost_first_packet() -> tuple[Network, Exchange]:
    target = Target("shared")
    try:
        deaf(target.listener)
        target.send()
        hearing(target.listener)
        with await target.accept() as server:
            x = await target.answer(server)
            return target.seen(last=True), x
    finally:
        await target.close()


def test_a_lost_first_packet_is_a_late_connect() -> None:
    network, x = uvloop.run(lost_first_packet())
    assert (network.connects, network.syn_retried) == (1, 1)
    assert network.retransmits == 0  # it is not counted as something else as well
    assert x.outcome == Outcome.OK
    assert x.tcp >= SECOND
    # it was the network's: the kernel counts what came after by its ticks, of 10 ms at the most
    assert 0 <= x.connect_delay <= x.tcp - SECOND + 10 * MILLISECOND
    assert retried(Histogram.of(np.array([x.tcp] + [200_000] * 9))) == Retried(1, SECOND)


async def short_connections(count: int) -> Network:
    target = Target("per-request")
    try:
        for _ in range(count):
            target.send()
            with await target.accept() as server:
                await target.answer(server)
        return target.seen()
    finally:
        await target.close()


def test_connections_of_one_request_are_looked_at_as_they_close() -> None:
    network = uvloop.run(short_connections(5))
    assert (network.connects, network.looked_at, network.retransmits) == (5, 5, 0)
    assert network.segments >= 5 * 3  # the handshake's two and the request
    assert network.round_trip is not None and network.round_trip < SECOND


async def nobody_there() -> Network:
    target = Target("shared")
    try:
        target.listener.close()
        target.send()
        assert (await asyncio.wait_for(target.over.get(), 10)).outcome == Outcome.REFUSED
        return target.seen()
    finally:
        await target.close()


def test_a_refused_connect_is_a_connect_and_no_retry() -> None:
    network = uvloop.run(nobody_there())
    assert (network.connects, network.syn_retried, network.looked_at) == (1, 0, 0)


async def through_aiohttp(requests: int) -> tuple[Network, Network]:
    """What is told of a client that closes its connections by itself, while one is open and afterwards."""
    target = Target("shared", Aiohttp)
    try:
        target.send()
        with await target.accept() as server:
            await target.answer(server)
            for _ in range(requests - 1):
                target.send()
                await target.answer(server)
            during = target.seen()
            deaf(server)
            target.send()
            (sock,) = target.client.connections.sockets()
            async with asyncio.timeout(10):
                while (info := read(sock)) and not info.retransmits:
                    await asyncio.sleep(0.01)
            hearing(server)
            await target.answer(server)
            return during, target.seen(last=True)
    finally:
        await target.close()


def test_a_client_that_opens_its_own_sockets_is_looked_at_while_they_are_open() -> None:
    during, after = uvloop.run(through_aiohttp(3))
    assert (during.looked_at, during.retransmits, during.connects) == (1, 0, 0)
    assert during.segments >= 3 and during.round_trip is not None
    assert after.looked_at == 1 and after.retransmits >= 1


async def full_queue() -> tuple[int | None, int | None, Network]:
    """Connects to a listener that takes none until its queue is full; then it does."""
    target = Target("per-request")
    try:
        target.listener.listen(0)
        before, opened = overflows(), []
        for _ in range(3):
            target.send()
        for _ in range(3):
            opened.append(await target.accept())
            await target.answer(opened[-1])
        for server in opened:
            server.close()
        return before, overflows(), target.seen(last=True)
    finally:
        await target.close()


def test_a_full_queue_of_a_listener_on_this_machine_is_known_as_such() -> None:
    before, after, network = uvloop.run(full_queue())
    assert (network.connects, network.syn_retried) == (3, 2)
    assert before is not None and after is not None and after - before >= 2
