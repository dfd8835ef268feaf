"""The opening half of the wire client's connection: connect, handshake, and how long these waited for this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

from loadgen.clock import now, wall
from loadgen.exchange import NEW, RESUMED, Exchange, Outcome
from loadgen.net.names import Address
from loadgen.net.sockets import connect, connected, pending_error
from loadgen.net.tls import Channel
from loadgen.transport import OPENED
from loadgen.transport import RESUMED as COUNT_RESUMED
from loadgen.transport.errors import of_errno, of_error
from loadgen.transport.wire.writer import Writer

if TYPE_CHECKING:
    from loadgen.transport.wire.client import Wire


class Opener(Writer):
    """What a connection is opened with, for `x` or ahead of the load. `_ready` is called once it is open, `fail` if it
    comes to nothing."""

    __slots__ = ("_acted", "_address", "_begun", "_connected", "_delay", "_kernel", "closed", "settled")

    def __init__(self, wire: Wire, x: Exchange | None) -> None:
        super().__init__(wire, x)
        self.settled: asyncio.Future[None] | None = None
        self.closed = False
        self._address: Address | None = None
        self._begun = self._connected = self._acted = 0
        self._kernel = 0  # the stamp of what was read last
        self._delay = -1  # ns that the connect has waited for this machine, handshake CPU left out; -1: not known

    def _on_readable(self) -> None:
        raise NotImplementedError

    def _read(self) -> bool:
        raise NotImplementedError

    def _ready(self) -> None:
        raise NotImplementedError

    def fail(self, outcome: Outcome, reason: str) -> None:
        raise NotImplementedError

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
        self._connected = self._acted = now()
        self._delay = wire.watch.opened(self._sock, self._connected - self._begun)
        wire.loop.add_reader(self._sock.fileno(), self._on_readable)
        if wire.settings.context is None:
            self._on_ready()
            return
        resumed = wire.session if wire.settings.resumption else None
        self._tls = Channel(wire.settings.context, wire.settings.origin.host, resumed)
        if not self._too_late():
            self._handshake(b"")

    def _handshake(self, data: bytes | memoryview) -> None:
        tls = self._tls
        assert tls
        begun, cpu = now() if data else self._acted, tls.handshake_cpu
        if data:
            self._waited(begun)
        try:
            out = tls.handshake(data)
        except ssl.SSLError as error:
            self._transmit(tls.pending())
            self.fail(*of_error(error))
            return
        gone_on = self._transmit(out)
        self._acted = now()
        if self._delay >= 0:
            self._delay += max(0, self._acted - begun - (tls.handshake_cpu - cpu))
        if gone_on and tls.ready:
            self._on_ready()

    def _waited(self, at: int) -> None:
        """Count how long what was read of a handshake had been there: since it came, or since this end last acted."""
        if not self._kernel:
            self._delay = -1
        elif self._delay >= 0:
            self._delay += min(max(0, wall() - self._kernel), at - self._acted)

    def _too_late(self) -> bool:
        """Whether the time of the exchange went by while it was connected; it is over then."""
        if self.x is None or now() <= self.x.deadline:
            return False
        self.fail(Outcome.TIMEOUT, "")
        return True

    def _on_ready(self) -> None:
        wire, x, tls = self._wire, self.x, self._tls
        wire.counters.connections[OPENED] += 1
        resumed = tls is not None and bool(tls.object.session_reused)
        if resumed:
            wire.counters.connections[COUNT_RESUMED] += 1
        if self.settled and not self.settled.done():
            self.settled.set_result(None)
        if self._too_late():
            return
        if x:
            self._tell(x, resumed)
        self._ready()

    def _tell(self, x: Exchange, resumed: bool) -> None:
        """What it took, to the exchange that it was opened for."""
        x.connected = now()
        x.connection = RESUMED if resumed else NEW
        x.tcp = self._connected - self._begun
        if self._tls:
            x.tls, x.handshake_cpu = x.connected - self._connected, self._tls.handshake_cpu
        x.connect_delay = self._delay

    def _catch_up(self) -> None:
        """Go on with a connect as far as the kernel has got, so that what it waited for this machine is known."""
        if not self._connected:
            if self._sock and connected(self._sock):
                self._on_connect()
        elif self._tls:
            while not self._tls.ready and not self.closed and self._read():
                pass

    @property
    def sock(self) -> socket.socket | None:
        """What it is connected by, once it is."""
        return self._sock if self._connected else None
