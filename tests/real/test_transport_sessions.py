"""Connections and sessions of the clients that use real sockets: how many are opened, when one is replaced, what a
failure to open one is called, and that nothing is tried twice."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from contract import Bench, on_uvloop, until
from raw_server import Peer, RawServer, unused_port

from loadgen.clock import now
from loadgen.exchange import NEW, REUSED, Outcome
from loadgen.net.counters import CLOSED_IDLE, FAILED, OPENED, PEAK, PREOPENED
from loadgen.net.names import Address
from loadgen.profile.clients import CLIENTS
from loadgen.transport.aiohttp import hooks as aiohttp_hooks
from loadgen.transport.wire import client as wire
from loadgen.transport.wire import stream

pytestmark = pytest.mark.real

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST"]
CELLS = [(kind, *session) for kind, abilities in CLIENTS.items() for session in abilities.sessions]


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def answer(peer: Peer) -> None:
    await peer.answer(OK)


# how many connections there are


@pytest.mark.parametrize(("kind", "reuse", "renew"), CELLS)
@on_uvloop
async def test_a_session_mode_opens_as_many_as_it_says(kind: str, reuse: str, renew: str) -> None:
    async with RawServer(answer) as server, Bench(kind, server.url("http"), reuse=reuse, renew=renew) as bench:
        labels = []
        for _ in range(3):
            owner = object()
            for _ in range(4):
                x = await bench.ask(owner=owner)
                assert (x.outcome, x.status, x.body) == (Outcome.OK, 200, b"{}"), x.reason
                labels.append(x.connection)
            bench.client.end_iteration(owner)
        expected = {"shared": 1, "per-iteration": 3, "per-request": 12}[reuse]
        assert labels.count(NEW) == bench.connections[OPENED] == server.accepted == expected
        assert labels.count(REUSED) == 12 - expected
        assert bench.connections[PEAK] == 1
        if reuse != "shared":
            await until(lambda: not server.open)
        assert bench.connections[CLOSED_IDLE] == 0
        assert server.begun == bench.wired[0] == 12


@pytest.mark.parametrize(("kind", "reuse", "renew"), CELLS)
@on_uvloop
async def test_the_cap_holds_and_the_wait_for_it_is_seen(kind: str, reuse: str, renew: str) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            waiting.append(peer)
            await go_on.wait()
            await peer.send(OK)

    waiting: list[Peer] = []
    go_on = asyncio.Event()
    async with RawServer(script) as server:
        async with Bench(kind, server.url("http"), reuse=reuse, renew=renew, connections=3) as bench:
            sent = [bench.send(owner=object()) for _ in range(12)]
            await until(lambda: len(waiting) == 3)
            for _ in range(50):
                await asyncio.sleep(0)
            assert server.open == bench.wired[0] == 3
            allowed = now()
            go_on.set()
            for x in sent:
                await bench.end(x)
                bench.client.end_iteration(x.owner)
                assert x.outcome is Outcome.OK, x.reason
            assert all(x.started < allowed for x in sent[:3])
            assert all(x.started >= allowed and x.started > x.signed for x in sent[3:])
            assert [x.started for x in sent] == sorted(x.started for x in sent)
            assert bench.connections[PEAK] == 3
            assert bench.connections[OPENED] == server.accepted == (3 if reuse == "shared" else 12)
        assert server.peak <= 3 or kind != "wire"  # which closes a turn of the loop after it has opened


@pytest.mark.parametrize("reuse", ["shared", "per-request"])
@on_uvloop
async def test_who_waits_too_long_for_a_connection_times_out(kind: str, reuse: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(3600)

    async with RawServer(script) as server, Bench(kind, server.url("http"), reuse=reuse, connections=1) as bench:
        first, second = bench.send(timeout=400), bench.send(timeout=150)
        await bench.end(second)
        assert (second.outcome, second.started, second.sent) == (Outcome.TIMEOUT, 0, 0)
        assert second.reason == "while it waited for a connection"
        assert not first.done
        await bench.end(first)
        assert server.accepted == bench.wired[0] == 1


@on_uvloop
async def test_connections_are_opened_before_the_load(kind: str) -> None:
    async with RawServer(answer) as server, Bench(kind, server.url("http"), connections=5, preopen=3) as bench:
        await until(lambda: server.accepted == 3)
        assert bench.connections[PREOPENED] == bench.connections[OPENED] == 3
        sent = [bench.send() for _ in range(3)]
        for x in sent:
            assert (await bench.end(x)).connection == REUSED
        assert server.accepted == 3
        assert server.begun == 3


@on_uvloop
async def test_what_cannot_be_opened_before_the_load_is_left_to_it(kind: str) -> None:
    async with Bench(kind, f"http://127.0.0.1:{unused_port()}", connections=2, preopen=2) as bench:
        assert (bench.connections[PREOPENED], bench.connections[FAILED]) == (0, 2)
        assert (await bench.ask()).outcome is Outcome.REFUSED


# connections that the target closes


@pytest.mark.parametrize("reuse", ["shared", "per-iteration"])
@pytest.mark.parametrize("ending", ["close", "reset"])
@on_uvloop
async def test_one_that_was_closed_while_idle_is_replaced(kind: str, reuse: str, ending: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(OK, times=1)
        getattr(peer, ending)()

    async with RawServer(script) as server, Bench(kind, server.url("http"), reuse=reuse, connections=1) as bench:
        owner = object()
        for turn in range(3):
            x = await bench.ask(owner=owner)
            assert (x.outcome, x.connection) == (Outcome.OK, NEW), x.reason
            await until(lambda turn=turn: bench.connections[CLOSED_IDLE] == turn + 1)
        assert server.begun == server.accepted == 3
        assert bench.connections[PEAK] == 1


@on_uvloop
async def test_one_that_was_opened_before_the_load_and_closed_is_replaced(kind: str) -> None:
    async def script(peer: Peer) -> None:
        if peer.number < 2:
            peer.close()
        else:
            await peer.answer(OK)

    async with RawServer(script) as server, Bench(kind, server.url("http"), connections=2, preopen=2) as bench:
        await until(lambda: bench.connections[CLOSED_IDLE] == 2)
        x = await bench.ask()
        assert (x.outcome, x.connection) == (Outcome.OK, NEW)
        assert server.accepted == 3


@pytest.mark.parametrize(("kind", "method"), [*product(("wire", "aiohttp"), METHODS), ("sdk", "POST")])
@pytest.mark.parametrize("ending", ["close", "reset"])
@on_uvloop
async def test_a_race_is_a_reset_and_nothing_is_sent_again(kind: str, method: str, ending: str) -> None:
    """The server closes a connection that it kept open just when it gets a request."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK[:-2] if method == "HEAD" else OK)
        await peer.request()
        getattr(peer, ending)()

    async with RawServer(script) as server, Bench(kind, server.url("http")) as bench:
        assert (await bench.ask(method)).outcome is Outcome.OK
        x = await bench.ask(method)
        assert (x.outcome, x.connection, x.status) == (Outcome.RESET, REUSED, 0)
        assert server.begun == bench.wired[0] == 2
        assert server.accepted == 1
        assert bench.connections[CLOSED_IDLE] == 0


@on_uvloop
async def test_a_server_that_closes_after_some_requests(kind: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(OK, times=4)
        await peer.request()
        await peer.send(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        peer.close()

    async with RawServer(script) as server, Bench(kind, server.url("http")) as bench:
        seen = [await bench.ask() for _ in range(15)]
        assert {x.outcome for x in seen} == {Outcome.OK}
        assert [x.connection for x in seen] == [NEW, REUSED, REUSED, REUSED, REUSED] * 3
        assert server.accepted == bench.connections[OPENED] == 3
        assert bench.connections[CLOSED_IDLE] == 0


# connections that cannot be had


@on_uvloop
async def test_a_port_that_nothing_listens_on(kind: str) -> None:
    async with Bench(kind, f"http://127.0.0.1:{unused_port()}", connections=10) as bench:
        sent = [bench.send() for _ in range(200)]
        for x in sent:
            await bench.end(x)
            assert (x.outcome, x.reason) == (Outcome.REFUSED, "connection refused")
            assert x.started
        assert bench.connections[FAILED] == 200
        assert bench.connections[OPENED] == bench.wired[0] == 0


@pytest.mark.parametrize("ending", ["close", "reset"])
@on_uvloop
async def test_a_server_that_accepts_and_closes(kind: str, ending: str) -> None:
    async def script(peer: Peer) -> None:
        getattr(peer, ending)()

    async with RawServer(script) as server, Bench(kind, server.url("http")) as bench:
        for _ in range(5):
            assert (await bench.ask()).outcome is Outcome.RESET
        assert server.accepted == 5


@on_uvloop
async def test_too_many_descriptors_are_ours(kind: str) -> None:
    async with RawServer(answer) as server, Bench(kind, server.url("http")) as bench:
        assert (await bench.ask()).outcome is Outcome.OK
        with no_more_descriptors():
            one = bench.send()
            two = bench.send()
            for x in (one, two):
                await bench.end(x)
        assert (one.outcome, two.outcome) == (Outcome.OK, Outcome.CLIENT_RESOURCE)
        assert two.reason == "no free descriptor: EMFILE"
        again = [bench.send() for _ in range(2)]
        for x in again:
            assert (await bench.end(x)).outcome is Outcome.OK


# names


@on_uvloop
async def test_every_address_is_used_in_turn(kind: str) -> None:
    hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    async with RawServer(answer, hosts=hosts) as server:
        found = tuple(Address(socket.AF_INET, (host, server.port)) for host in hosts)
        url = server.url("http", "localhost")
        async with Bench(kind, url, reuse="per-request", addresses=found) as bench:
            for number in range(6):
                x = await bench.ask()
                assert (x.outcome, x.dns) == (Outcome.OK, -1)
                assert x.address == (1 + number % 3 if kind == "wire" else 0), "which it went to"
        assert server.hosts_used == [*hosts, *hosts]
    assert ("Host", f"localhost:{server.port}") in server.heard[0].headers


@on_uvloop
async def test_an_exchange_on_an_open_connection_tells_its_address() -> None:
    hosts = ("127.0.0.1", "127.0.0.2")
    async with RawServer(answer, hosts=hosts) as server:
        found = tuple(Address(socket.AF_INET, (host, server.port)) for host in hosts)
        async with Bench("wire", server.url("http", "localhost"), addresses=found) as bench:
            first = [bench.send() for _ in range(2)]
            assert [(await bench.end(x)).address for x in first] == [1, 2]
            again = [await bench.end(x) for x in [bench.send() for _ in range(2)]]
            assert {(x.connection, x.address) for x in again} == {(REUSED, 1), (REUSED, 2)}
            assert {(x.link.stream.describe()["address"], x.address) for x in again} == {  # type: ignore[attr-defined]
                (f"{host}:{server.port}", number) for number, host in enumerate(hosts, 1)
            }


@on_uvloop
async def test_the_name_may_be_resolved_for_each_connection(kind: str) -> None:
    async with RawServer(answer) as server:
        url = server.url("http", "localhost")
        nowhere = (Address(socket.AF_INET, ("127.0.0.1", 1)),)
        async with Bench(kind, url, reuse="per-request", resolve_each=True, addresses=nowhere) as bench:
            for _ in range(2):
                x = await bench.ask()
                assert x.outcome in (Outcome.OK, Outcome.REFUSED)  # localhost may be ::1, where nobody listens
                assert 0 < x.dns <= x.done - x.started


@on_uvloop
async def test_a_name_that_does_not_resolve(kind: str) -> None:
    async with Bench(kind, f"http://{'x' * 64}.test:1/", resolve_each=True) as bench:
        x = await bench.ask()
        if kind == "sdk":  # which tries no such name
            assert (x.outcome, x.reason) == (Outcome.CLIENT_RESOURCE, "the SDK: ValueError")
            return
        assert x.outcome is Outcome.DNS
        assert x.reason.startswith("name does not resolve")
        assert bench.connections[FAILED] == 1


@on_uvloop
async def test_a_name_that_becomes_no_target(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire if kind == "wire" else aiohttp_hooks, "keeps_credentials", lambda address: True)
    async with RawServer(answer) as server, Bench(kind, server.url("http", "localhost"), resolve_each=True) as bench:
        x = await bench.ask()
        assert (x.outcome, server.accepted) == (Outcome.DNS, 0)
        assert "no target" in x.reason


# a race that no server can be made to lose


@on_uvloop
async def test_an_answer_is_read_although_sending_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The target answered and closed before it had the whole request; the next write is told so before the read."""
    sends: list[int] = []

    class Racing(socket.socket):
        def send(self, data: Any, flags: int = 0) -> int:
            sends.append(len(data))
            if len(sends) > 1:
                raise ConnectionResetError(104, "")
            return super().send(data, flags)

        def recvmsg_into(self, *arguments: Any) -> Any:
            if len(sends) < 2:
                raise BlockingIOError
            return super().recvmsg_into(*arguments)

    def connect(address: Address) -> tuple[socket.socket, bool]:
        sock = Racing(address.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.connect_ex(address.sockaddr)
        return sock, False

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await peer.gone()

    monkeypatch.setattr(stream, "connect", connect)
    async with RawServer(script) as server, Bench("wire", server.url("http")) as bench:
        x = await bench.ask("POST", body=bytes(10 << 20))
        assert (x.outcome, x.status) == (Outcome.OK, 413), x.reason


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Not one more descriptor can be opened."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.open("/", os.O_RDONLY)
    os.close(probe)
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
