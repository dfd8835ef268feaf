"""One stream of bytes to the target: a socket, and TLS on it where there is TLS. It connects, writes and reads.

It knows no request and no answer. What happens on it, it tells its owner, who may close it at any of these calls.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Final, Protocol

from loadgen.clock import SECOND, now, wall
from loadgen.exchange import Outcome
from loadgen.native import i64
from loadgen.net.names import Address
from loadgen.net.sockets import ANCILLARY, broken, connect, connected, pending_error, timespec
from loadgen.net.tcp_info import TcpWatch
from loadgen.net.tls import Channel
from loadgen.transport.errors import of_errno, of_error

BUFFER: Final = 256 * 1024
PIECE: Final = 256 * 1024  # bytes of a request that are encrypted at once
FRUITLESS = 300  # TLS sessions that are tried, one after the other, of a target that resumes none


class Owner(Protocol):
    """What a stream is handed to tell what happens on it. A class that says that it is one is called without a look-up
    by compiled code."""

    __slots__ = ()

    def connected(self) -> None:
        """TCP is connected. The handshake of TLS comes next; without TLS this is not called."""

    def opened(self) -> None:
        """It is open: `write` may be called."""

    def wrote(self) -> None:
        """The kernel has taken the first bytes, which it had no room for when `write` was called."""

    def data(self, data: bytes | memoryview) -> bool:
        """Bytes have come; they are valid during this call only. Returns whether more are expected."""

    def ended(self) -> None:
        """The target has closed its side."""

    def lost(self, outcome: Outcome, reason: str, unread: bool = False) -> None:
        """It is of no more use, or could not be opened. `unread`: it takes no more bytes, but what the target sent
        before can still be read."""


class Endpoint:
    """What all streams of a client share. `context` is None for plain TCP, `host` the name that TLS checks."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext | None, host: str, resumption: bool
    ) -> None:
        self.loop, self.context, self.host, self.resumption = loop, context, host, resumption
        self.buffers = [bytearray(BUFFER)]
        self.view = memoryview(self.buffers[0])
        self.watch = TcpWatch()
        self.session: ssl.SSLSession | None = None  # to resume
        self._fruitless = 0

    def keep_session(self, tls: ssl.SSLObject) -> None:
        """Take a new connection's TLS session for those to come, if it did not resume the one in hand.

        Python 3.11 loses 6 kB each time that a session is read (python/cpython#116810, mended in 3.12 and 3.13).
        """
        if tls.session_reused:
            self._fruitless = 0
        elif self._fruitless < FRUITLESS:
            self._fruitless += 1
            self.session = tls.session


class Stream:
    """Made closed; `open` begins to connect.

    `begun` and `connected` are the instants when TCP began to connect and was connected, 0 before. `delay` is how long
    (ns) the connect has waited for this machine, handshake CPU left out, -1 if that is not known. `stamp` is the
    kernel's receive stamp of what was read last, in wall-clock ns, 0 for none. `taken` counts the bytes that the kernel
    has taken since `write` was last called, `unsent` are those that it had no room for, `unencrypted` those that TLS
    has not taken yet. `ended`: TLS has been closed by the target.
    """

    __slots__ = (
        "_acted",
        "_address",
        "_endpoint",
        "_owner",
        "_sock",
        "begun",
        "closed",
        "connected",
        "delay",
        "ended",
        "stamp",
        "taken",
        "tls",
        "unencrypted",
        "unsent",
    )

    def __init__(self, endpoint: Endpoint, owner: Owner) -> None:
        self._endpoint, self._owner = endpoint, owner
        self._sock: socket.socket | None = None
        self._address: Address | None = None
        self._acted: i64 = 0  # when this end of a handshake last acted
        self.tls: Channel | None = None
        self.begun: i64 = 0
        self.connected: i64 = 0
        self.delay: i64 = -1
        self.stamp: i64 = 0
        self.taken: i64 = 0
        self.unsent: memoryview | None = None
        self.unencrypted: memoryview | None = None
        self.closed = self.ended = False

    @property
    def ready(self) -> bool:
        """Whether it is connected, and the handshake of TLS over."""
        return bool(self.connected) and (self.tls is None or self.tls.ready)

    @property
    def resumed(self) -> bool:
        """Whether its handshake resumed an earlier TLS session."""
        return self.tls is not None and bool(self.tls.object.session_reused)

    @property
    def sock(self) -> socket.socket | None:
        """What it is connected by, once it is."""
        return self._sock if self.connected else None

    def keep_session(self) -> None:
        """Let streams to come resume this one's TLS session, if it has one and they may."""
        if self.tls and self._endpoint.resumption:
            self._endpoint.keep_session(self.tls.object)

    def describe(self) -> dict[str, object]:
        """The other end, as of `Transport.peer`."""
        peer: dict[str, object] = {}
        if self._address:
            peer["address"] = "{}:{}".format(*self._address.sockaddr[:2])
        if self.tls and self.tls.ready:
            tls = self.tls.object
            cipher = tls.cipher()
            peer |= {"tls": tls.version(), "cipher": cipher[0] if cipher else None, "resumed": tls.session_reused}
            peer["certificate"] = tls.getpeercert()
        return peer

    def close(self) -> None:
        """Close it. Its owner hears no more of it."""
        self.closed = True
        self._owner = _NOBODY  # it holds this stream: no cycle is left for a collector
        if sock := self._sock:
            endpoint, number = self._endpoint, sock.fileno()
            if self.connected:
                endpoint.loop.remove_reader(number)
                endpoint.watch.closing(sock)
            else:
                endpoint.watch.failed(sock)
            if not self.connected or self.unsent is not None:
                endpoint.loop.remove_writer(number)
            sock.close()

    # connect

    def open(self, address: Address) -> None:
        """Begin to connect. `opened` or `lost` follows; `lost` not before the loop's next turn."""
        self.begun, self._address = now(), address
        try:
            self._sock, there = connect(address)
        except OSError as error:
            self._lose_soon(*of_errno(error.errno or 0))
            return
        if there:
            self._on_connected()
        else:
            self._endpoint.loop.add_writer(self._sock.fileno(), self._on_connect)

    def catch_up(self) -> None:
        """Go on with a connect as far as the kernel has got, so that what it waited for this machine is known."""
        if not self.connected:
            if self._sock and connected(self._sock):
                self._on_connect()
        elif self.tls:
            while not self.tls.ready and not self.closed and self.read():
                pass

    def _on_connect(self) -> None:
        assert self._sock
        if code := pending_error(self._sock):
            self._endpoint.loop.remove_writer(self._sock.fileno())
            self._owner.lost(*of_errno(code))
        else:
            self._on_connected()

    def _on_connected(self) -> None:
        assert self._sock
        endpoint = self._endpoint
        self.connected = self._acted = now()
        self.delay = endpoint.watch.opened(self._sock, self.connected - self.begun)
        endpoint.loop.add_reader(self._sock.fileno(), self._on_readable)
        endpoint.loop.remove_writer(self._sock.fileno())  # afterwards: uvloop would else make a second handle
        if endpoint.context is None:
            self._owner.opened()
            return
        self.tls = Channel(endpoint.context, endpoint.host, endpoint.session if endpoint.resumption else None)
        self._owner.connected()
        if not self.closed:
            self._handshake(self.tls, b"")

    def _handshake(self, tls: Channel, data: bytes | memoryview) -> None:
        begun, cpu = now() if data else self._acted, tls.handshake_cpu
        if data:
            self._count_waited(begun)
        try:
            out = tls.handshake(data)
        except ssl.SSLError as error:
            self._transmit(tls.pending())
            self._owner.lost(*of_error(error))
            return
        gone_on = self._transmit(out)
        self._acted = now()
        if self.delay >= 0:
            self.delay += max(0, self._acted - begun - (tls.handshake_cpu - cpu))
        if gone_on and tls.ready:
            self._owner.opened()

    def _count_waited(self, until: int) -> None:
        """Count how long what was read of a handshake had been there: since it came, or since this end last acted."""
        if not self.stamp:
            self.delay = -1
        elif self.delay >= 0:
            self.delay += min(max(0, wall() - self.stamp), until - self._acted)

    # write

    def write(self, data: bytes) -> None:
        """Send bytes, through TLS if there is TLS: what the kernel has no room for now, when it has. The owner hears
        of a failure in the loop's next turn at the earliest."""
        self.taken = self.stamp = 0
        if self.tls is None:
            self._transmit(data)
        elif len(data) <= PIECE:
            self._encrypt(self.tls, data)
        else:
            self.unencrypted = memoryview(data)
            self._encrypt_more(self.tls)

    def _encrypt(self, tls: Channel, data: bytes | memoryview) -> bool:
        """Send these bytes. False if the connection is gone, or the target negotiates anew: then they stay in
        `unencrypted` until the target replies."""
        try:
            secret = tls.encrypt(data)
        except ssl.SSLWantReadError:
            self.unencrypted = self.unencrypted or memoryview(data)
            return False
        except ssl.SSLError as error:
            self._lose_soon(*of_error(error))
            return False
        return self._transmit(secret)

    def _encrypt_more(self, tls: Channel) -> None:
        """Send more of a large request, as far as the kernel takes it: in pieces, since a TLS buffer never shrinks."""
        while self.unencrypted and self.unsent is None:
            if not self._encrypt(tls, self.unencrypted[:PIECE]):
                return
            self.unencrypted = self.unencrypted[PIECE:]

    def _transmit(self, data: bytes) -> bool:
        """Hand bytes to the kernel, the rest of them when it has room. False if the connection is gone."""
        if not data:
            return True
        assert self._sock
        if self.unsent is not None:  # a second write behind one that waits (a TLS message while a body is under way)
            self.unsent = memoryview(bytes(self.unsent) + data)
            return True
        try:
            taken = self._sock.send(data)
        except BlockingIOError:
            taken = 0
        except OSError as error:
            self.unsent = memoryview(data)  # never to be sent: the connection is of no more use
            self._lose_soon(*of_error(error), unread=True)
            return False
        self.taken += taken
        if taken < len(data):
            self.unsent = memoryview(data)[taken:]
            self._endpoint.loop.add_writer(self._sock.fileno(), self._on_writable)
        return True

    def _on_writable(self) -> None:
        assert self._sock and self.unsent is not None
        try:
            taken = self._sock.send(self.unsent)
        except BlockingIOError:
            return
        except OSError as error:
            self._endpoint.loop.remove_writer(self._sock.fileno())
            self._owner.lost(*of_error(error), unread=True)
            return
        first = not self.taken
        self.taken += taken
        self.unsent = self.unsent[taken:] or None
        if self.unsent is None:
            self._endpoint.loop.remove_writer(self._sock.fileno())
        if first:
            self._owner.wrote()
        if self.unencrypted and self.unsent is None and self.tls:
            self._encrypt_more(self.tls)

    def _lose_soon(self, outcome: Outcome, reason: str, unread: bool = False) -> None:
        """Tell the owner in the loop's next turn, unless it closes the stream before."""
        self._endpoint.loop.call_soon(self._lose, outcome, reason, unread)

    def _lose(self, outcome: Outcome, reason: str, unread: bool) -> None:
        self._owner.lost(outcome, reason, unread)

    # read

    def _on_readable(self) -> None:
        if self.read() and self._sock and broken(self._sock):
            # uvloop tells of a reset only once, even where something else was still to be read
            while self.read():
                pass

    def read(self) -> bool:
        """One read, whose bytes go to the owner. False if nothing was there, or no more is expected."""
        endpoint = self._endpoint
        try:
            size, ancillary, _, _ = self._sock.recvmsg_into(endpoint.buffers, ANCILLARY)  # type: ignore[union-attr]
        except BlockingIOError:
            return False
        except OSError as error:
            self._owner.lost(*of_error(error))
            return False
        if ancillary:
            seconds: i64
            nanoseconds: i64
            seconds, nanoseconds = timespec(ancillary[0][2])
            self.stamp = seconds * SECOND + nanoseconds
        else:
            self.stamp = 0
        if not size:
            self._owner.ended()
            return False
        tls = self.tls
        if tls is None:
            return self._owner.data(endpoint.view[:size])
        if tls.ready:
            return self._decrypt(tls, endpoint.view[:size])
        self._handshake(tls, endpoint.view[:size])
        return not self.closed

    def _decrypt(self, tls: Channel, data: memoryview) -> bool:
        tls.receive(data)
        try:
            plain = tls.read()
            while more := tls.read():
                plain += more
        except ssl.SSLError as error:
            self._owner.lost(*of_error(error))
            return False
        if answer := tls.pending():  # a target that negotiates anew waits for one
            taken = self.taken
            self._transmit(answer)
            self.taken = taken  # nothing of a request
        self.ended = tls.ended
        expected = self._owner.data(plain) if plain else True
        if tls.ended and not self.closed:
            self._owner.ended()
            return False
        if self.unencrypted and self.unsent is None and not self.closed:
            first = not self.taken
            self._encrypt_more(tls)
            if first and self.taken:
                self._owner.wrote()
        return expected


class _Nobody(Owner):
    """The owner of a stream that is closed."""

    def connected(self) -> None: ...

    def opened(self) -> None: ...

    def wrote(self) -> None: ...

    def data(self, data: bytes | memoryview) -> bool:
        return False

    def ended(self) -> None: ...

    def lost(self, outcome: Outcome, reason: str, unread: bool = False) -> None: ...


_NOBODY = _Nobody()
