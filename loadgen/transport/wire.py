"""The wire client: raw sockets, the kernel's receive stamps, TLS by hand, llhttp. No coroutine, no Future per request.

A connection is in one of three states: `x is None` (idle, or opened before the load), an exchange under way, or closed.
`done` is never called from within `send`: a failure that is known at once is reported in the loop's next turn, so
that a load on a dead port neither recurses nor keeps the loop from its other work.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from itertools import cycle

from loadgen.clock import Clock, now, wall
from loadgen.exchange import NEW, RESUMED, REUSED, Exchange, Outcome
from loadgen.net.http1 import AnswerReader, BadResponse, encode
from loadgen.net.names import Address, keeps_credentials
from loadgen.net.sockets import ANCILLARY, STAMPS, StampWarmer, broken, connect, pending_error, timespec
from loadgen.net.tls import Channel
from loadgen.transport import CLOSED_IDLE, FAILED, OPENED, PREOPENED, Counters, Done, Settings
from loadgen.transport import RESUMED as COUNT_RESUMED
from loadgen.transport.faults import of_errno, of_error
from loadgen.transport.sessions import PooledClient

BUFFER = 256 * 1024
PIECE = 256 * 1024  # bytes of a request that are encrypted at once
PREPARE_LIMIT = 10  # seconds for the connections that are opened before the load
FRUITLESS = 300  # TLS sessions that are tried, one after the other, of a target that resumes none


class Wire(PooledClient):
    """The client of `transport.Transport` that loadgen measures with."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, settings: Settings, counters: Counters, done: Done
    ) -> None:
        super().__init__(clock, settings, counters, done)
        self.loop = loop
        self.authorize, self.authority = settings.authorize, settings.origin.authority
        if self.authorize:
            self.done = _forgetting(done)
        self.kernel_stamps = STAMPS
        self.buffers = [bytearray(BUFFER)]
        self.view = memoryview(self.buffers[0])
        self.session: ssl.SSLSession | None = None
        self.fruitless = 0
        self.connections: set[Connection] = set()
        self._addresses = cycle(settings.addresses)
        self._lookups: set[asyncio.Task[None]] = set()
        self._warmer = StampWarmer()

    async def prepare(self) -> None:
        """Open the connections that a shared session starts with, and wait until each is there or has failed."""
        opening = []
        for _ in range(self.settings.preopen):
            self.pool.opening()
            connection = Connection(self, None)
            connection.settled = self.loop.create_future()
            opening.append(connection.settled)
            connection.open(next(self._addresses))
        if opening:
            await asyncio.wait(opening, timeout=PREPARE_LIMIT)
        for connection in list(self.connections):
            if connection.settled and not connection.settled.done():
                connection.fail(Outcome.TIMEOUT, "")
        self.counters.connections[PREOPENED] = len(self.pool.idle)

    def send(self, x: Exchange) -> None:
        request = x.request
        if request.encoded is None:
            if authorize := self.authorize:
                x.encoded = encode(request, self.authority, authorize(request))
            else:
                request.encoded = encode(request, self.authority)
            x.signed = now()
        super().send(x)

    def in_use(self) -> Iterable[Connection]:
        return (connection for connection in self.connections if connection.x)

    async def close(self) -> None:
        for lookup in self._lookups:
            lookup.cancel()
        for connection in list(self.connections):
            connection.close()
        self._warmer.close()

    def keep_session(self, tls: Channel, resumed: bool) -> None:
        """Take a new connection's TLS session for those to come, if it did not resume the one in hand.

        Python 3.11 loses 6 kB each time that a session is read (python/cpython#116810, mended in 3.12 and 3.13).
        """
        if resumed:
            self.fruitless = 0
        elif self.fruitless < FRUITLESS:
            self.fruitless += 1
            self.session = tls.object.session

    def open_for(self, x: Exchange) -> None:
        x.started = now()
        connection = Connection(self, x)
        connection.owner = x.owner
        x.link = connection
        if self.settings.resolve_each:
            lookup = self.loop.create_task(self._resolve(connection))
            self._lookups.add(lookup)
            lookup.add_done_callback(self._lookups.discard)
        else:
            connection.open(next(self._addresses))

    async def _resolve(self, connection: Connection) -> None:
        origin = self.settings.origin
        begun = now()
        try:
            found = await self.loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            connection.fail(*of_error(error))
            return
        if connection.x:
            connection.x.dns = now() - begun
            address = Address(found[0][0], found[0][4])
            if keeps_credentials(address):
                connection.fail(Outcome.DNS, f"the name became {address.host}, which is no target")
            else:
                connection.open(address)


def _forgetting(done: Done) -> Done:
    """An exchange is kept for a while when it is over; the headers that were added to it are secret."""

    def forget(x: Exchange) -> None:
        x.encoded = b""
        done(x)

    return forget


class Connection:
    """One TCP connection, plain or TLS, and the exchange that is on it."""

    __slots__ = (
        "_address", "_begun", "_connected", "_kernel", "_later", "_reader", "_rest", "_sock", "_tls", "_wire",
        "_writing", "closed", "owner", "settled", "x",
    )  # fmt: skip

    def __init__(self, wire: Wire, x: Exchange | None) -> None:
        self._wire, self.x = wire, x
        self.owner: object = None
        self.settled: asyncio.Future[None] | None = None
        self.closed = False
        self._address: Address | None = None
        self._sock: socket.socket | None = None
        self._tls: Channel | None = None
        self._reader = AnswerReader()
        self._rest: memoryview | None = None  # of a request that the kernel took only a part of
        self._later: memoryview | None = None  # of a request that is not encrypted yet
        self._writing = False
        self._connected = 0
        self._kernel = 0
        self._begun = 0
        wire.connections.add(self)

    # opening

    def open(self, address: Address) -> None:
        self._begun, self._address = now(), address
        try:
            self._sock, there = connect(address)
        except OSError as error:
            self._wire.loop.call_soon(self._refused, *of_errno(error.errno or 0))
            return
        if there:
            self._on_connected()
        else:
            self._wire.loop.add_writer(self._sock.fileno(), self._on_connect)

    def _refused(self, outcome: Outcome, reason: str) -> None:
        if not self.closed:
            self.fail(outcome, reason)

    def _on_connect(self) -> None:
        assert self._sock
        self._wire.loop.remove_writer(self._sock.fileno())
        if code := pending_error(self._sock):
            self.fail(*of_errno(code))
        else:
            self._on_connected()

    def _on_connected(self) -> None:
        assert self._sock
        wire = self._wire
        self._connected = now()
        wire.loop.add_reader(self._sock.fileno(), self._on_readable)
        if wire.settings.context is None:
            self._on_ready()
            return
        resumed = wire.session if wire.settings.resumption else None
        self._tls = Channel(wire.settings.context, wire.settings.origin.host, resumed)
        self._handshake(b"")

    def _handshake(self, data: bytes | memoryview) -> None:
        assert self._tls
        try:
            out = self._tls.handshake(data)
        except ssl.SSLError as error:
            self._transmit(self._tls.pending())
            self.fail(*of_error(error))
            return
        if self._transmit(out) and self._tls.ready:
            self._on_ready()

    def _on_ready(self) -> None:
        wire, x, tls = self._wire, self.x, self._tls
        wire.counters.connections[OPENED] += 1
        resumed = tls is not None and bool(tls.object.session_reused)
        if resumed:
            wire.counters.connections[COUNT_RESUMED] += 1
        if self.settled and not self.settled.done():
            self.settled.set_result(None)
        if x is None:
            wire.pool.free(self)
            return
        x.connected = now()
        x.connection = RESUMED if resumed else NEW
        x.tcp = self._connected - self._begun
        if tls:
            x.tls, x.handshake_cpu = x.connected - self._connected, tls.handshake_cpu
        x.sent = now()
        self._send(x)

    # one exchange after the other

    def start(self, x: Exchange) -> None:
        """Send an exchange on this connection, which is open and idle."""
        self.x = x
        x.link = self
        x.connection = REUSED
        x.started = x.connected = x.sent = now()
        self._send(x)

    def _send(self, x: Exchange) -> None:
        request = x.request
        self._reader.expect(x.wants, request.method == "HEAD")
        self._kernel = 0
        data = request.encoded
        if data is None:
            data = x.encoded
        if self._tls is None:
            self._transmit(data)
        elif len(data) <= PIECE:
            self._encrypt(data)
        else:
            self._later = memoryview(data)
            self._go_on()

    def _encrypt(self, data: bytes | memoryview) -> bool:
        assert self._tls
        try:
            secret = self._tls.encrypt(data)
        except ssl.SSLError as error:
            self._wire.loop.call_soon(self._lost, *of_error(error))
            return False
        return self._transmit(secret)

    def _go_on(self) -> None:
        """Send more of a large request, as far as the kernel takes it: in pieces, since a TLS buffer never shrinks."""
        while self._later and self._rest is None:
            piece, self._later = self._later[:PIECE], self._later[PIECE:]
            if not self._encrypt(piece):
                return

    def _transmit(self, data: bytes) -> bool:
        """Hand bytes to the kernel, the rest of them when it has room. False if the connection is gone."""
        if not data:
            return True
        assert self._sock
        if self._rest is not None:  # a second write behind one that waits (a TLS message while a body is under way)
            self._rest = memoryview(bytes(self._rest) + data)
            return True
        try:
            taken = self._sock.send(data)
        except BlockingIOError:
            taken = 0
        except OSError as error:
            self._rest = memoryview(data)  # never to be sent: the connection is of no more use
            self._wire.loop.call_soon(self._cut_off, *of_error(error))
            return False
        if taken and not self._writing:
            self._on_wire()
        if taken < len(data):
            self._rest = memoryview(data)[taken:]
            self._wire.loop.add_writer(self._sock.fileno(), self._on_writable)
        return True

    def _on_wire(self) -> None:
        x = self.x
        if x and x.sent:
            self._writing = True
            self._wire.counters.wired[x.slot] += 1

    def _on_writable(self) -> None:
        assert self._sock and self._rest is not None
        try:
            taken = self._sock.send(self._rest)
        except BlockingIOError:
            return
        except OSError as error:
            self._wire.loop.remove_writer(self._sock.fileno())
            self._cut_off(*of_error(error))
            return
        if taken and not self._writing:
            self._on_wire()
        self._rest = self._rest[taken:]
        if not self._rest:
            self._rest = None
            self._wire.loop.remove_writer(self._sock.fileno())
            if self._later:
                self._go_on()

    def _on_readable(self) -> None:
        x = self.x
        self._read()
        if self.x is x and not self.closed and self._sock and broken(self._sock):
            # uvloop tells of a reset only once, even where something else was still to be read
            while self.x is x and not self.closed and self._read():
                pass

    def _read(self) -> bool:
        """One read. False if nothing was there."""
        wire = self._wire
        try:
            size, ancillary, _, _ = self._sock.recvmsg_into(wire.buffers, ANCILLARY)  # type: ignore[union-attr]
        except BlockingIOError:
            return False
        except OSError as error:
            self._lost(*of_error(error))
            return False
        if ancillary:
            seconds, nanoseconds = timespec(ancillary[0][2])
            self._kernel = seconds * 1_000_000_000 + nanoseconds
        else:
            self._kernel = 0
        if not size:
            self._on_end()
        elif self._tls is None:
            self._take(wire.view[:size])
        elif self._tls.ready:
            self._decrypt(wire.view[:size])
        else:
            self._handshake(wire.view[:size])
        return size > 0

    def _decrypt(self, data: memoryview) -> None:
        tls = self._tls
        assert tls
        tls.receive(data)
        try:
            plain = tls.read()
            while more := tls.read():
                plain += more
        except ssl.SSLError as error:
            self._lost(*of_error(error))
            return
        if answer := tls.pending():  # a key update asks for one
            self._transmit(answer)
        if plain:
            self._take(plain)
        if tls.ended and not self.closed:
            self._on_end()

    def _take(self, data: bytes | memoryview) -> None:
        x, reader = self.x, self._reader
        if x is None:
            self._drop()
            return
        try:
            complete = reader.feed(data)
        except BadResponse as error:
            self.fail(Outcome.BAD_RESPONSE, str(error))
            return
        if complete:
            self._answered(x)

    def _answered(self, x: Exchange) -> None:
        reader, wire = self._reader, self._wire
        x.done = done = now()
        if self._kernel:
            # the stamp is CLOCK_REALTIME: its age is what counts
            age = wall() - self._kernel
            if 0 <= age <= done - x.sent:  # a stamp from before it was sent is another packet's
                x.received = done - age
            x.shared_read = reader.surplus
        x.status = reader.status
        if reader.excerpt:
            x.excerpt = reader.excerpt
        if x.wants:
            x.headers, x.body = reader.headers, reader.held()
        self.x = None
        self._writing = False
        if x.connection != REUSED and self._tls and wire.settings.resumption:
            wire.keep_session(self._tls, x.connection == RESUMED)
        ended = self._tls is not None and self._tls.ended
        if reader.keep_alive and not reader.surplus and self._rest is None and not ended:
            wire.pool.free(self)
        else:
            self.close()
            wire.pool.gone(self)
        wire.done(x)

    def describe(self) -> dict[str, object]:
        """The peer: its address, and of TLS the version, cipher, certificate, and whether it was resumed."""
        found: dict[str, object] = {}
        if self._address:
            found["address"] = "{}:{}".format(*self._address.sockaddr[:2])
        if self._tls and self._tls.ready:
            tls = self._tls.object
            cipher = tls.cipher()
            found |= {"tls": tls.version(), "cipher": cipher[0] if cipher else None, "resumed": tls.session_reused}
            found["certificate"] = tls.getpeercert()
        return found

    # endings

    def _on_end(self) -> None:
        x, reader = self.x, self._reader
        if x is None:
            self._drop()
        elif not x.sent:
            self.fail(Outcome.RESET, "closed by the target while it was being opened")
        elif self._unused(x):
            self._replace(x)
        elif reader.end():
            self._answered(x)
        elif reader.begun:
            self.fail(Outcome.BAD_RESPONSE, "closed by the target in the middle of an answer")
        else:
            self.fail(Outcome.RESET, "closed by the target without an answer")

    def _cut_off(self, outcome: Outcome, reason: str) -> None:
        """The kernel takes no more. What the target said before it closed is an answer, or tells why."""
        x = self.x
        if x and self._unused(x):
            self._replace(x)
            return
        while not self.closed and self.x is x and self._read():
            pass
        if self.x is x:
            self._lost(outcome, reason)

    def _unused(self, x: Exchange) -> bool:
        """Whether the connection was idle before, and nothing of `x` was sent on it."""
        return x.connection == REUSED and not self._writing

    def _replace(self, x: Exchange) -> None:
        """It was closed while it was idle, which only the sending told: another takes its place."""
        self._wire.counters.connections[CLOSED_IDLE] += 1
        self.x = None
        self.close()
        x.connection, x.connected, x.sent = NEW, 0, 0
        self._wire.open_for(x)

    def _lost(self, outcome: Outcome, reason: str) -> None:
        if self.closed:
            return
        x = self.x
        if x is None:
            self._drop()
        elif self._unused(x):
            self._replace(x)
        else:
            self.fail(outcome, reason)

    def _drop(self) -> None:
        """The target has closed, or spoiled, a connection that nothing was using."""
        if self.settled and not self.settled.done():  # it was not open yet
            self.fail(Outcome.RESET, "")
            return
        self._wire.counters.connections[CLOSED_IDLE] += 1
        self.close()
        self._wire.pool.dropped(self)

    def fail(self, outcome: Outcome, reason: str) -> None:
        """The exchange on this connection, if any, is over without an answer, and so is the connection."""
        if self.closed:
            return
        wire, x = self._wire, self.x
        self.x = None
        if not self._connected or (self._tls and not self._tls.ready):
            wire.counters.connections[FAILED] += 1
        if x and self._reader.answered:
            x.status, x.excerpt = self._reader.status, self._reader.excerpt
        self.close()
        wire.pool.gone(self)
        if x:
            wire.finish(x, outcome, reason)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._reader.close()
        self._wire.connections.discard(self)
        if self._sock:
            self._wire.loop.remove_reader(self._sock.fileno())
            self._wire.loop.remove_writer(self._sock.fileno())
            self._sock.close()
        if self.settled and not self.settled.done():
            self.settled.set_result(None)
