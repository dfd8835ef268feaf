"""The sending half of the wire client's connection: bytes to the kernel, through TLS where there is TLS, the rest of
them when the kernel has room."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from loadgen.exchange import Exchange, Outcome
from loadgen.net.tls import Channel
from loadgen.transport.errors import of_error

if TYPE_CHECKING:
    from loadgen.transport.wire.client import Wire

PIECE = 256 * 1024  # bytes of a request that are encrypted at once


class Writer:
    """What a connection sends with. `_lost` and `_cut_off` are told, in the loop's next turn, that it cannot."""

    __slots__ = ("_later", "_rest", "_sock", "_tls", "_wire", "_writing", "x")

    def __init__(self, wire: Wire, x: Exchange | None) -> None:
        self._wire, self.x = wire, x
        self._sock: socket.socket | None = None
        self._tls: Channel | None = None
        self._rest: memoryview | None = None  # of a request that the kernel took only a part of
        self._later: memoryview | None = None  # of a request that is not encrypted yet
        self._writing = False

    def _lost(self, outcome: Outcome, reason: str) -> None:
        raise NotImplementedError

    def _cut_off(self, outcome: Outcome, reason: str) -> None:
        raise NotImplementedError

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
