"""One connection of the wire client: an exchange after the other, and its ends.

It is in one of three states: `x is None` (idle, or opened before the load), an exchange under way, or closed.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from loadgen.clock import now, wall
from loadgen.exchange import NEW, RESUMED, REUSED, Exchange, Outcome
from loadgen.net.http1 import AnswerReader, BadResponse
from loadgen.net.sockets import ANCILLARY, broken, timespec
from loadgen.transport import CLOSED_IDLE, FAILED
from loadgen.transport.errors import of_error
from loadgen.transport.wire.opener import Opener
from loadgen.transport.wire.writer import PIECE

if TYPE_CHECKING:
    from loadgen.transport.wire.client import Wire


class Connection(Opener):
    """One TCP connection, plain or TLS, and the exchange that is on it."""

    __slots__ = ("_reader", "owner")

    def __init__(self, wire: Wire, x: Exchange | None) -> None:
        super().__init__(wire, x)
        self.owner: object = None
        self._reader = AnswerReader()
        wire.connections.add(self)

    def _ready(self) -> None:
        """It is open: for its exchange, or for whoever comes."""
        if x := self.x:
            x.sent = now()
            self._send(x)
        else:
            self._wire.pool.free(self)

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
        if done > x.deadline and (x.received or done) > x.deadline:
            self.fail(Outcome.TIMEOUT, "")
            return
        x.status = reader.status
        x.encoded = b""  # it is kept for a while, and the headers that were added to it are secret
        if reader.excerpt:
            x.excerpt = reader.excerpt
        if x.wants:
            x.headers, x.body = reader.kept()
        self.x = None
        self._writing = False
        if x.connection != REUSED and self._tls and wire.settings.resumption:
            wire.keep_session(self._tls, x.connection == RESUMED)
        ended = self._tls is not None and self._tls.ended
        if reader.keep_alive and not reader.surplus and self._rest is None and not ended:
            wire.pool.free(self, x)
        else:
            self.close()
            wire.pool.gone(self, x)
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

    def expire(self) -> None:
        """The time of its exchange is over. What the kernel has had in time is an answer, however late we come to it:
        the alarm may be heard before the socket is."""
        x = self.x
        if not self._writing:
            self._catch_up()
        while self.x is x and self._writing and not self.closed and self._read():
            pass
        if self.x is x:
            self.fail(Outcome.TIMEOUT, "")

    def fail(self, outcome: Outcome, reason: str) -> None:
        """The exchange on this connection, if any, is over without an answer, and so is the connection."""
        if self.closed:
            return
        wire, x = self._wire, self.x
        self.x = None
        if not self._connected or (self._tls and not self._tls.ready):
            wire.counters.connections[FAILED] += 1
        if x and not x.connected:
            x.connect_delay = self._delay
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
            if self._connected:
                self._wire.watch.closing(self._sock)
            else:
                self._wire.watch.failed(self._sock)
            self._sock.close()
        if self.settled and not self.settled.done():
            self.settled.set_result(None)
