"""What a stream tells its owner: how it was opened, what came, what became of what was written."""

from __future__ import annotations

import asyncio
import errno
import gc
import ssl
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from scripted_socket import Loop, Socket

from loadgen.exchange import Outcome
from loadgen.files import Scratch
from loadgen.net.names import Address
from loadgen.net.tls import client_context
from loadgen.sandbox import certificate
from loadgen.transport.wire import stream as module
from loadgen.transport.wire.stream import FRUITLESS, PIECE, Endpoint, Stream

ADDRESS = Address(2, ("127.0.0.1", 80))
RESET = ConnectionResetError(errno.ECONNRESET, "")
LOST = ("lost", Outcome.RESET, "connection reset by peer")


class Owner:
    """Notes what it hears. `more` is whether it expects more bytes; `does` is what it does at a call, by its name."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.more = True
        self.does: dict[str, Callable[[], object]] = {}

    def _hear(self, name: str, *rest: object) -> None:
        self.heard.append((name, *rest) if rest else name)
        self.does.get(name, lambda: None)()

    def connected(self) -> None:
        self._hear("connected")

    def opened(self) -> None:
        self._hear("opened")

    def wrote(self) -> None:
        self._hear("wrote")

    def data(self, data: bytes | memoryview) -> bool:
        self._hear("data", bytes(data))
        return self.more

    def ended(self) -> None:
        self._hear("ended")

    def lost(self, outcome: Outcome, reason: str, unread: bool = False) -> None:
        self._hear("lost", outcome, reason, *(["unread"] if unread else []))


class Bench:
    """A stream between an owner and a socket. `there`: the socket is connected at once, as one to a local target may
    be."""

    def __init__(self, patch: pytest.MonkeyPatch, context: ssl.SSLContext | None = None) -> None:
        self.loop, self.socket, self.owner = Loop(), Socket(), Owner()
        self.there = False
        self.endpoint = Endpoint(cast(asyncio.AbstractEventLoop, self.loop), context, "localhost", True)
        self.stream = Stream(self.endpoint, self.owner)
        patch.setattr(module, "connect", lambda address: (self.socket, self.there))
        patch.setattr(module, "broken", lambda sock: bool(self.socket.coming))

    def open(self) -> Bench:
        self.stream.open(ADDRESS)
        self.loop.writable()
        self.owner.heard.clear()
        return self

    @property
    def heard(self) -> list[object]:
        """What the owner has heard since this was asked last."""
        heard, self.owner.heard = self.owner.heard, []
        return heard


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


# connect


def test_it_is_open_when_the_kernel_says_so(bench: Bench) -> None:
    bench.stream.open(ADDRESS)
    assert (bench.heard, bench.stream.ready, bench.stream.sock) == ([], False, None)
    bench.loop.writable()
    assert (bench.heard, bench.stream.ready, bench.loop.writer) == (["opened"], True, None)
    assert 0 < bench.stream.begun <= bench.stream.connected
    assert bench.stream.describe() == {"address": "127.0.0.1:80"}


def test_it_may_be_open_at_once(bench: Bench) -> None:
    bench.there = True
    bench.stream.open(ADDRESS)
    assert (bench.heard, bench.loop.writer) == (["opened"], None)


def test_a_refused_connect_is_lost(bench: Bench) -> None:
    bench.socket.error = errno.ECONNREFUSED
    bench.stream.open(ADDRESS)
    bench.loop.writable()
    assert (bench.heard, bench.stream.ready) == ([("lost", Outcome.REFUSED, "connection refused")], False)


def test_a_connect_that_fails_at_once_is_lost_in_the_next_turn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(address: Address) -> None:
        raise OSError(errno.EMFILE, "")

    monkeypatch.setattr(module, "connect", connect)
    bench.stream.open(ADDRESS)
    assert bench.heard == []
    bench.loop.turn()
    assert bench.heard == [("lost", Outcome.CLIENT_RESOURCE, "no free descriptor: EMFILE")]


def test_a_connect_that_nobody_heard_of_yet_can_be_caught_up_with(bench: Bench) -> None:
    bench.stream.open(ADDRESS)
    bench.stream.catch_up()
    assert bench.heard == ["opened"]
    bench.stream.catch_up()
    assert bench.heard == []


# write


def test_bytes_that_the_kernel_takes_at_once_are_not_told_of(bench: Bench) -> None:
    bench.open().stream.write(b"request")
    assert (bench.socket.sent, bench.stream.taken, bench.stream.unsent) == (b"request", 7, None)
    assert (bench.heard, bench.loop.writer) == ([], None)


def test_what_the_kernel_has_no_room_for_is_sent_when_it_has(bench: Bench) -> None:
    bench.socket.room = 3
    bench.open().stream.write(b"request")
    assert (bench.socket.sent, bench.stream.taken) == (b"req", 3)
    bench.loop.writable()
    assert bench.stream.unsent is not None, "it was told so too early"
    bench.socket.room = 100
    bench.loop.writable()
    assert (bench.socket.sent, bench.stream.taken, bench.stream.unsent) == (b"request", 7, None)
    assert (bench.heard, bench.loop.writer) == ([], None)


def test_first_bytes_that_are_taken_later_are_told_of_once(bench: Bench) -> None:
    bench.socket.room = 0
    bench.open().stream.write(b"request")
    assert bench.stream.taken == 0
    for _ in range(2):
        bench.socket.room = 2
        bench.loop.writable()
    assert bench.heard == ["wrote"]


def test_what_was_taken_counts_from_the_last_write(bench: Bench) -> None:
    bench.open().stream.write(b"request")
    bench.socket.room = 0
    bench.stream.write(b"another")
    assert bench.stream.taken == 0


def test_a_write_that_fails_is_lost_in_the_next_turn(bench: Bench) -> None:
    bench.socket.room = RESET
    bench.open().stream.write(b"request")
    assert bench.heard == []
    bench.loop.turn()
    assert bench.heard == [(*LOST, "unread")]


def test_the_rest_of_a_write_that_fails_is_lost(bench: Bench) -> None:
    bench.socket.room = 3
    bench.open().stream.write(b"request")
    bench.socket.room = RESET
    bench.loop.writable()
    assert (bench.heard, bench.loop.writer) == ([(*LOST, "unread")], None)


# read


def test_what_comes_is_the_owners_and_has_its_own_stamp(bench: Bench) -> None:
    bench.open().socket.coming.extend([(b"an", 12), (b"swer", 0)])
    bench.loop.readable()
    assert (bench.heard, bench.stream.stamp) == ([("data", b"an"), ("data", b"swer")], 0)
    bench.socket.coming.append((b"!", 34))
    bench.loop.readable()
    assert (bench.heard, bench.stream.stamp) == ([("data", b"!")], 34)


def test_a_write_forgets_the_stamp_of_what_was_read_before(bench: Bench) -> None:
    bench.open().socket.coming.append((b"answer", 12))
    bench.loop.readable()
    bench.stream.write(b"request")
    assert bench.stream.stamp == 0


def test_no_more_is_read_than_the_owner_expects(bench: Bench) -> None:
    bench.open().owner.more = False
    bench.socket.coming.extend([(b"answer", 0), (b"more", 0)])
    bench.loop.readable()
    assert (bench.heard, len(bench.socket.coming)) == ([("data", b"answer")], 1)


@pytest.mark.parametrize(("end", "told"), [((b"", 0), "ended"), (RESET, LOST)])
def test_an_end_behind_data_is_met_in_the_same_turn(
    bench: Bench, end: tuple[bytes, int] | OSError, told: object
) -> None:
    bench.open().socket.coming.extend([(b"part", 0), end])
    bench.loop.readable()
    assert bench.heard == [("data", b"part"), told]


# close


@pytest.mark.parametrize("room", [RESET, 3])
def test_who_has_closed_it_hears_no_more_of_it(bench: Bench, room: int | OSError) -> None:
    bench.socket.room = room
    bench.open().stream.write(b"request")
    bench.stream.close()
    bench.loop.turn()
    assert bench.heard == []
    assert (bench.stream.closed, bench.socket.closed, bench.loop.reader, bench.loop.writer) == (True, True, None, None)


def test_an_owner_that_closes_it_on_data_hears_no_more(bench: Bench) -> None:
    bench.owner.does["data"] = bench.stream.close
    bench.owner.more = False
    bench.open().socket.coming.extend([(b"answer", 0), (b"", 0)])
    bench.loop.readable()
    assert bench.heard == [("data", b"answer")]


def test_one_that_is_closed_needs_no_collector(bench: Bench) -> None:
    class Keeping(Owner):
        def __init__(self) -> None:
            super().__init__()
            self.stream = Stream(bench.endpoint, self)

    owner = Keeping()
    owner.stream.open(ADDRESS)
    bench.loop.writable()
    gone = weakref.ref(owner)
    gc.disable()
    try:
        owner.stream.close()
        del owner
        assert gone() is None
    finally:
        gc.enable()


# TLS


class Server:
    """The other end of a stream's TLS: takes what the socket was given, and lets its answers come."""

    def __init__(self, bench: Bench, chain: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self._bench, self._in, self._out = bench, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_side=True)

    def take(self) -> None:
        self._in.write(bytes(self._bench.socket.sent))
        self._bench.socket.sent.clear()

    def give(self) -> None:
        if data := self._out.read():
            self._bench.socket.coming.append((data, 0))
            self._bench.loop.readable()

    def shake(self) -> None:
        """Both ends of the handshake, to its end."""
        while True:
            self.take()
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.give()
            else:
                self.give()
                return


@pytest.fixture(scope="module")
def files() -> Iterator[tuple[Path, Path, Path]]:
    with Scratch("certificate-") as scratch:
        yield certificate.make(scratch.file)


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path, Path]) -> Iterator[tuple[Bench, Server]]:
    ca, chain, key = files
    bench = Bench(monkeypatch, client_context(ca))
    yield bench, Server(bench, chain, key)


def test_through_tls_it_is_open_when_the_handshake_is_over(secure: tuple[Bench, Server]) -> None:
    bench, server = secure
    bench.stream.open(ADDRESS)
    bench.loop.writable()
    assert (bench.heard, bench.stream.ready) == (["connected"], False)
    server.shake()
    assert (bench.heard, bench.stream.ready, bench.stream.resumed) == (["opened"], True, False)
    assert bench.stream.describe()["tls"] == "TLSv1.3"
    bench.stream.write(b"request")
    server.take()
    assert server.tls.read() == b"request"
    assert bench.stream.taken > len(b"request")
    server.tls.write(b"answer")
    server.give()
    assert bench.heard == [("data", b"answer")]


def test_an_owner_that_closes_it_when_it_is_connected_sends_no_greeting(secure: tuple[Bench, Server]) -> None:
    bench, _ = secure
    bench.owner.does["connected"] = bench.stream.close
    bench.stream.open(ADDRESS)
    bench.loop.writable()
    assert (bench.heard, bytes(bench.socket.sent)) == (["connected"], b"")


def test_a_handshake_that_fails_is_lost(secure: tuple[Bench, Server]) -> None:
    bench, _ = secure
    bench.stream.open(ADDRESS)
    bench.loop.writable()
    bench.socket.coming.append((b"HTTP/1.1 400 Bad Request\r\n\r\n", 0))
    bench.loop.readable()
    connected, (word, outcome, *_) = bench.heard  # type: ignore[misc]
    assert (connected, word, outcome) == ("connected", "lost", Outcome.TLS)
    assert not bench.stream.ready


def test_a_goodbye_in_tls_is_an_end(secure: tuple[Bench, Server]) -> None:
    bench, server = secure
    bench.open()
    server.shake()
    bench.owner.heard.clear()
    server.tls.write(b"answer")
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    seen: list[bool] = []
    bench.owner.does["data"] = lambda: seen.append(bench.stream.ended)
    server.give()
    assert (bench.heard, seen) == ([("data", b"answer"), "ended"], [True])


def test_a_large_request_is_encrypted_as_the_kernel_takes_it(secure: tuple[Bench, Server]) -> None:
    bench, server = secure
    bench.open()
    server.shake()
    body = bytes(range(256)) * (3 * PIECE // 256)
    bench.socket.room = 1000
    bench.stream.write(body)
    assert bench.stream.unsent is not None
    assert len(bench.stream.unsent) < 2 * PIECE, "one piece at the most is encrypted ahead"
    bench.socket.room = 1 << 40
    for _ in range(3):
        if bench.loop.writer:
            bench.loop.writable()
    server.take()
    received = b""
    while len(received) < len(body):
        received += server.tls.read(1 << 20)
    assert received == body


def test_a_session_is_kept_until_it_is_clear_that_it_serves_nothing(bench: Bench) -> None:
    class Tls:
        session_reused = False
        reads = 0

        @property
        def session(self) -> None:
            Tls.reads += 1

    for _ in range(FRUITLESS + 10):
        bench.endpoint.keep_session(cast(ssl.SSLObject, Tls()))
    assert Tls.reads == FRUITLESS
