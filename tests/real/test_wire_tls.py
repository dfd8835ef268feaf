"""The wire client's TLS connections: what it makes of their sessions, and of their ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop
from certificate import Certificate

from loadgen.clock import SECOND, now
from loadgen.exchange import NEW, RESUMED, Exchange, Outcome, Request
from loadgen.net.counters import CLOSED_IDLE, FAILED, OPENED
from loadgen.net.names import Origin, resolve
from loadgen.net.timerfd import LoopClock
from loadgen.net.tls import client_context
from loadgen.record.ledger import Ledger
from loadgen.transport import Counters, Settings
from loadgen.transport.wire.client import Wire
from loadgen.transport.wire.stream import FRUITLESS

pytestmark = pytest.mark.real

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LIMIT = 20 * SECOND


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"))


@dataclass
class Server:
    """Answers each request; `farewell`: says goodbye in TLS together with the answer; `deaf`: closes at once; `mute`:
    says nothing."""

    listener: socket.socket
    context: ssl.SSLContext
    farewell: bool = False
    deaf: bool = False
    mute: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self.listener)
            task = loop.create_task(self._connection(sock))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _connection(self, sock: socket.socket) -> None:
        loop, incoming, outgoing = asyncio.get_running_loop(), ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)
        steps: Iterator[Callable[[], object]] = iter((tls.do_handshake, *[lambda: self._answer(tls)] * 1000))
        with sock:
            sock.setblocking(False)
            step = next(steps)
            while self.mute and await loop.sock_recv(sock, 65536):
                pass
            while not self.deaf:
                try:
                    step()
                    step = next(steps)
                except ssl.SSLWantReadError:
                    await loop.sock_sendall(sock, outgoing.read())
                    incoming.write(data := await loop.sock_recv(sock, 65536))
                    if not data:
                        return
                except ssl.SSLZeroReturnError:
                    return

    def _answer(self, tls: ssl.SSLObject) -> None:
        tls.read(65536)
        tls.write(ANSWER)
        if self.farewell:
            tls.unwrap()


@dataclass
class Bench:
    wire: Wire
    server: Server
    connections: memoryview[int]
    over: dict[int, asyncio.Future[Exchange]] = field(default_factory=dict)

    def send(self) -> asyncio.Future[Exchange]:
        x = Exchange(Request("GET", "/"), 0, object(), now(), now(), now() + LIMIT, 0)
        self.over[id(x)] = asyncio.get_running_loop().create_future()
        self.wire.send(x)
        return self.over[id(x)]


@asynccontextmanager
async def bench(
    certificate: Certificate, reuse: str, cap: int = 10, preopen: int = 0, tickets: bool = True, **how: Any
) -> AsyncIterator[Bench]:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.pem)
    context.num_tickets = 2 if tickets else 0
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        listener.setblocking(False)
        server = Server(listener, context, **how)
        serving = loop.create_task(server.serve())
        origin = Origin("https", "127.0.0.1", listener.getsockname()[1])
        ledger, clock = Ledger.in_memory(1, 1), LoopClock(loop)
        counters = Counters(ledger.wired, ledger.connections)
        settings = Settings(
            origin, resolve(origin), client_context(certificate.ca), reuse, "connection", cap, preopen, False, True
        )
        found: Bench
        wire = Wire(loop, clock, settings, counters, lambda x: found.over.pop(id(x)).set_result(x))
        found = Bench(wire, server, ledger.connections)
        try:
            await wire.prepare()
            yield found
        finally:
            await wire.close()
            clock.close()
            serving.cancel()
            await asyncio.gather(serving, *server.tasks, return_exceptions=True)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """An entry for each time that a connection's session is read."""
    seen: list[None] = []

    class Counted(ssl.SSLObject):
        def __getattribute__(self, name: str) -> Any:
            if name == "session":
                seen.append(None)
            return super().__getattribute__(name)

    monkeypatch.setattr(ssl.SSLContext, "sslobject_class", Counted)
    return seen


def test_a_session_that_still_serves_is_not_read_again(certificate: Certificate, reads: list[None]) -> None:
    async def load() -> list[int]:
        async with bench(certificate, "per-request") as client:
            return [(await client.send()).connection for _ in range(20)]

    assert uvloop.run(load()) == [NEW, *[RESUMED] * 19]
    assert len(reads) == 1


def test_a_target_that_resumes_nothing_is_not_asked_for_ever(certificate: Certificate, reads: list[None]) -> None:
    async def load() -> list[int]:
        async with bench(certificate, "per-request", tickets=False) as client:
            return [(await client.send()).connection for _ in range(FRUITLESS + 10)]

    assert uvloop.run(load()) == [NEW] * (FRUITLESS + 10)
    assert len(reads) == FRUITLESS


def test_a_connection_that_ends_with_its_answer_is_not_used_again(certificate: Certificate) -> None:
    async def load() -> tuple[list[Exchange], list[int]]:
        async with bench(certificate, "shared", cap=1, farewell=True) as client:
            sent = [client.send() for _ in range(3)]
            return [await x for x in sent], client.connections.tolist()

    ended, counts = uvloop.run(load())
    assert [(x.outcome, x.reason) for x in ended] == [(Outcome.OK, "")] * 3
    assert (counts[OPENED], counts[FAILED]) == (3, 0)


def test_connections_that_could_not_be_opened_before_the_load_are_counted_as_such(certificate: Certificate) -> None:
    async def load() -> list[int]:
        async with bench(certificate, "shared", preopen=5, deaf=True) as client:
            return client.connections.tolist()

    counts = uvloop.run(load())
    assert (counts[OPENED], counts[FAILED], counts[CLOSED_IDLE]) == (0, 5, 0)


def test_connections_that_do_not_come_in_time_are_not_waited_for(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they would take up the cap, and the load would wait for connections that nobody ever gets."""
    monkeypatch.setattr("loadgen.transport.wire.client.PATIENCE", 0.1)

    async def load() -> tuple[list[int], int]:
        async with bench(certificate, "shared", preopen=5, mute=True) as client:
            return client.connections.tolist(), client.wire.pool.open

    counts, left = uvloop.run(load())
    assert (counts[OPENED], counts[FAILED], left) == (0, 5, 0)
