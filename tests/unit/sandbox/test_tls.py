"""The handshake's round trips, flight by flight, in virtual time: a real TLS client on the other end of two buffers."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from loadgen.clock import VirtualClock
from loadgen.files import Scratch
from loadgen.profile.sandbox import SandboxSettings, Stall
from loadgen.sandbox import certificate
from loadgen.sandbox.connection import ServerConnection
from loadgen.sandbox.core import Core
from loadgen.sandbox.link import BUFFER
from loadgen.sandbox.tls import TlsLink, server_context

RTT = 1000
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Loop:
    def add_reader(self, fd: int, call: object) -> None: ...

    def remove_reader(self, fd: int) -> None: ...


class Wire:
    """A socket that notes what is sent, and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.sent: list[tuple[int, bytes]] = []
        self.closed = False

    def fileno(self) -> int:
        return 9

    def send(self, data: bytes) -> int:
        self.sent.append((self._clock.now(), bytes(data)))
        return len(data)

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def files() -> Iterator[tuple[Path, Path, Path]]:
    with Scratch("certificate-") as scratch:
        yield certificate.make(scratch.file)


class Server:
    """One sandbox core and TLS context, whose connections are wires."""

    def __init__(self, files: tuple[Path, Path, Path], **settings: object) -> None:
        self.ca, chain, key = files
        self.context = server_context(chain, key)
        self.clock = VirtualClock(1_000_000)
        self.core = Core(SandboxSettings.model_validate(settings), self.clock)

    def connect(self) -> tuple[TlsLink, Wire]:
        wire = Wire(self.clock)
        link = TlsLink(
            cast(asyncio.AbstractEventLoop, Loop()),
            cast(socket.socket, wire),
            memoryview(bytearray(BUFFER)),
            bytearray(BUFFER),
            self.context,
            self.core,
        )
        link.start(ServerConnection(self.core, link, 1, 0, lambda connection: None))
        return link, wire


class Client:
    """Sends at once whatever it has to, and takes what the server sends as it comes."""

    def __init__(self, server: Server, version: ssl.TLSVersion, session: ssl.SSLSession | None = None) -> None:
        self.context = ssl.create_default_context(cafile=server.ca)
        self.context.minimum_version = self.context.maximum_version = version
        self._open(server, session)

    def _open(self, server: Server, session: ssl.SSLSession | None) -> None:
        self.server = server
        self.start = server.clock.now()
        self.link, self.wire = server.connect()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost", session=session)
        self.connected = self.answered = -1
        self.data = b""
        self._read = 0

    def again(self) -> Client:
        """A further connection with the same settings, that resumes."""
        session = self.tls.session
        assert session
        self._open(self.server, session)
        return self

    def run(self) -> Client:
        """Until the answer to one request is there: `connected` and `answered` are ns from the start."""
        clock = self.server.clock
        while not self.data:
            self._step()
            if data := self.outgoing.read():
                self.link.received(memoryview(data))
            if self._read == len(self.wire.sent) and not self.data:
                before = clock.now()
                clock.run(until=self._next_instant())
                assert clock.now() > before, "both wait"
        self.answered = clock.now() - self.start
        return self

    def _next_instant(self) -> int:
        return self.server.core.timers._heap[0][0]

    def _step(self) -> None:
        while self._read < len(self.wire.sent):
            self.incoming.write(self.wire.sent[self._read][1])
            self._read += 1
        try:
            if self.connected < 0:
                self.tls.do_handshake()
                self.connected = self.server.clock.now() - self.start
                self.tls.write(REQUEST)
            self.data += self.tls.read()
        except ssl.SSLWantReadError:
            pass


@pytest.mark.parametrize(("version", "round_trips"), [(V13, 2), (V12, 3)])
def test_a_full_handshake(files: tuple[Path, Path, Path], version: ssl.TLSVersion, round_trips: int) -> None:
    server = Server(files, rtt=RTT)
    client = Client(server, version).run()
    assert client.connected == round_trips * RTT
    assert client.answered == (round_trips + 1) * RTT
    assert client.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (server.core.counters.handshakes, server.core.counters.resumed) == (1, 0)


def test_tickets_are_not_waited_for(files: tuple[Path, Path, Path]) -> None:
    client = Client(Server(files, rtt=RTT), V13).run()
    flight, tickets, answer = (when - client.start for when, _ in client.wire.sent)
    assert (flight, tickets, answer) == (2 * RTT, 2 * RTT, 3 * RTT)


@pytest.mark.parametrize("version", [V13, V12])
def test_a_resumed_handshake(files: tuple[Path, Path, Path], version: ssl.TLSVersion) -> None:
    server = Server(files, rtt=RTT)
    client = Client(server, version).run().again().run()
    assert client.tls.session_reused
    assert (client.connected, client.answered) == (2 * RTT, 3 * RTT)
    assert (server.core.counters.handshakes, server.core.counters.resumed) == (2, 1)


@pytest.mark.parametrize("version", [V13, V12])
def test_without_a_network_nothing_is_held(files: tuple[Path, Path, Path], version: ssl.TLSVersion) -> None:
    client = Client(Server(files), version).run()
    assert (client.connected, client.answered) == (0, 0)


def test_a_stall_holds_the_handshake(files: tuple[Path, Path, Path]) -> None:
    server = Server(files, stalls=[Stall.model_validate({"at": 0, "for": 500})])
    server.core.simulation.bypass(server.clock.now())
    assert Client(server, V13).run().answered == 500


def test_goodbye_is_said_unless_the_answer_is_cut(files: tuple[Path, Path, Path]) -> None:
    for path, goodbye in ((b"/close", True), (b"/truncate", False)):
        client = Client(Server(files), V13).run()
        client.tls.write(REQUEST.replace(b"/", path, 1))
        client.link.received(memoryview(client.outgoing.read()))
        assert client.wire.closed
        for _, data in client.wire.sent[client._read :]:
            client.incoming.write(data)
        assert client.tls.read().startswith(b"HTTP/1.1 200")
        if goodbye:
            assert client.tls.read() == b""
        else:
            with pytest.raises(ssl.SSLWantReadError):
                client.tls.read()


def test_a_client_that_says_goodbye_is_let_go(files: tuple[Path, Path, Path]) -> None:
    client = Client(Server(files), V13).run()
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    client.link.received(memoryview(client.outgoing.read()))
    assert client.wire.closed


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", bytes(200)])
def test_what_is_no_tls_is_refused(files: tuple[Path, Path, Path], data: bytes) -> None:
    server = Server(files, rtt=RTT)
    link, wire = server.connect()
    link.received(memoryview(data))
    assert wire.closed
    assert server.core.counters.failed_handshakes == 1


def test_garbage_inside_tls_ends_it(files: tuple[Path, Path, Path]) -> None:
    client = Client(Server(files), V13).run()
    client.link.received(memoryview(b"\x17\x03\x03\x00\x20" + bytes(32)))
    assert client.wire.closed
    assert client.server.core.counters.failed_handshakes == 0


def test_the_name_is_this_machines_alone(files: tuple[Path, Path, Path]) -> None:
    client = Client(Server(files), V13)
    client.tls = client.context.wrap_bio(client.incoming, client.outgoing, server_hostname="example.org")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"example\.org"):
        client.run()
