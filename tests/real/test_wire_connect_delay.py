"""A client that stands still while it connects: what the kernel had of it meanwhile is the client's own time."""

from __future__ import annotations

import asyncio
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from contract import Bench, on_uvloop
from raw_server import Peer, PlainTalker, RawServer
from raw_tls import Authority, server_context

from loadgen.clock import MILLISECOND as MS
from loadgen.clock import SECOND, now
from loadgen.exchange import NEW, REUSED, Exchange, Outcome
from loadgen.net.counters import FAILED, OPENED
from loadgen.net.tls import VERSIONS, Channel, client_context
from loadgen.transport.wire.connection import Connection

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of its connections")]

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
STILL = 40 * MS
LIMIT = 10_000  # ms


def stand_still(until: int) -> None:
    """Let time pass, and the loop hear nothing of it."""
    while (left := until - now()) >= 0:
        time.sleep(left / SECOND + 1e-4)


def has_come(x: Exchange) -> None:
    """Wait until the server's part of the handshake is there, and leave it."""
    look = select.poll()
    look.register(cast(Any, cast(Connection, x.link).stream.sock), select.POLLIN)
    assert look.poll(LIMIT)


def once_greeted(patch: pytest.MonkeyPatch, still: Callable[[], None]) -> None:
    """Let `still` run in the loop's next turn after the client's first message of a handshake."""
    handshake = Channel.handshake

    def greet(channel: Channel, data: bytes | memoryview = b"") -> bytes:
        if not data:
            asyncio.get_running_loop().call_soon(still)
        return handshake(channel, data)

    patch.setattr(Channel, "handshake", greet)


async def answer(peer: Peer) -> None:
    await peer.answer(ANSWER)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shown(authority: Authority) -> Path:
    return authority.sign("localhost", ("localhost",))


@pytest.fixture(params=VERSIONS)
def talker(request: pytest.FixtureRequest, shown: Path) -> PlainTalker:
    """A server on a thread, which goes on while the client stands still."""
    context = server_context(shown)
    context.minimum_version = context.maximum_version = VERSIONS[request.param]
    return PlainTalker(context, ANSWER)


def trusting(talker: PlainTalker, authority: Authority) -> Bench:
    return Bench("wire", f"https://localhost:{talker.port}", context=client_context(authority.ca))


@on_uvloop
async def test_a_connect_that_is_seen_late_is_this_machines_time() -> None:
    async with RawServer(answer) as server, Bench("wire", server.url("http")) as bench:
        x = bench.send()
        stand_still(now() + STILL)
        await bench.end(x)
        assert (x.outcome, x.connection) == (Outcome.OK, NEW)
        assert STILL <= x.connect_delay <= x.tcp <= x.connected - x.started
        again = await bench.ask()
        assert (again.connection, again.connect_delay) == (REUSED, -1)


@on_uvloop
async def test_a_handshake_that_is_read_late_is_this_machines_time(
    talker: PlainTalker, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def still() -> None:
        has_come(x)
        stand_still(now() + STILL)

    once_greeted(monkeypatch, still)
    with talker:
        async with trusting(talker, authority) as bench:
            x = bench.send()
            await bench.end(x)
    assert (x.outcome, x.connection) == (Outcome.OK, NEW)
    assert STILL <= x.connect_delay <= x.connected - x.started - x.handshake_cpu


@on_uvloop
async def test_a_handshake_that_is_interrupted_is_this_machines_time(
    talker: PlainTalker, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own part of the work, which took no CPU meanwhile."""
    handshake = Channel.handshake

    def interrupted(channel: Channel, data: bytes | memoryview = b"") -> bytes:
        stand_still(now() + STILL)
        return handshake(channel, data)

    monkeypatch.setattr(Channel, "handshake", interrupted)
    with talker:
        async with trusting(talker, authority) as bench:
            x = await bench.ask()
    assert x.outcome is Outcome.OK
    assert 2 * STILL <= x.connect_delay <= x.connected - x.started - x.handshake_cpu


@on_uvloop
async def test_time_that_runs_out_meanwhile_is_this_machines() -> None:
    """The connection was there in time: it is a timeout, of this machine's making, and nothing is sent any more."""
    async with RawServer(answer) as server:
        async with Bench("wire", server.url("http")) as bench:
            x = bench.send(timeout=STILL / MS)
            stand_still(x.deadline)
            await bench.end(x)
            assert (x.outcome, x.sent) == (Outcome.TIMEOUT, 0)
            assert x.deadline - x.started <= x.connect_delay + STILL // 2 and x.connect_delay <= x.done - x.started
            assert (bench.connections[OPENED], bench.connections[FAILED], bench.wired[0]) == (1, 0, 0)
        assert server.begun == 0


@on_uvloop
async def test_time_that_runs_out_in_a_handshake_is_this_machines(
    talker: PlainTalker, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def still() -> None:
        has_come(x)
        begun.append(now())
        stand_still(x.deadline)

    begun: list[int] = []
    once_greeted(monkeypatch, still)
    with talker:
        async with trusting(talker, authority) as bench:
            x = bench.send(timeout=500)
            await bench.end(x)
            assert (x.outcome, x.sent, bench.wired[0]) == (Outcome.TIMEOUT, 0, 0)
    assert x.deadline - begun[0] <= x.connect_delay <= x.done - x.started
    assert talker.begun == 0
