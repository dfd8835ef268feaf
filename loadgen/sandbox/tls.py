"""TLS on a link: an SSLObject between two memory buffers, so that the sandbox can hold back a part of the handshake."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import cast

from loadgen.sandbox.core import Core
from loadgen.sandbox.link import BUFFER, PlainLink


def server_context(chain: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and 1.3, HTTP/1.1, sessions resumed by tickets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(chain, key)
    return context


class TlsLink(PlainLink):
    """The handshake takes as many round trips as it would over a network.

    The server's first flight waits for two round trips: that of TCP, which user space cannot delay, and its own. Each
    further flight waits for one: at the end of a TLS 1.2 handshake that is not resumed, and after a HelloRetryRequest.
    The tickets that TLS 1.3 sends afterwards delay nothing.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        buffer: memoryview,
        plain: bytearray,
        context: ssl.SSLContext,
        core: Core,
    ) -> None:
        super().__init__(loop, sock, buffer)
        self._core, self._plain, self._view = core, plain, memoryview(plain)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._ready = False
        self._flights = 0
        self._held: bytearray | None = None  # bytes that wait for the simulated network

    def send(self, data: bytes) -> None:
        if self.closed or self._last:
            return
        try:
            self._tls.write(data)
        except ssl.SSLError:
            self._shut()
        else:
            self._transmit()

    def close(self) -> None:
        if self._ready and not (self.closed or self._last):
            self._say_goodbye()
        super().close()

    def linger(self) -> None:
        if self._ready and not (self.closed or self._last):
            self._say_goodbye()
        super().linger()

    def received(self, data: memoryview) -> None:
        self._incoming.write(data)
        try:
            if not self._ready:
                self._handshake()
            if self._ready:
                self._read()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self._fail()

    def _handshake(self) -> None:
        try:
            self._tls.do_handshake()
            self._ready = True
            self._core.counters.handshakes += 1
            self._core.counters.resumed += bool(self._tls.session_reused)
        except ssl.SSLWantReadError:
            pass
        if not self._outgoing.pending:
            return
        tickets = self._ready and self._tls.version() == "TLSv1.3"
        round_trips = 0 if tickets else 1 if self._flights else 2
        self._flights += 1
        now = self._core.now()
        leaves = self._core.simulation.leaves(now, round_trips)
        if leaves > now and self._held is None:
            self._held = bytearray()
            self._core.timers.at(leaves, self._release)
        self._transmit()

    def _read(self) -> None:
        tls, incoming = self._tls, self._incoming
        while not self.closed and (incoming.pending or tls.pending()):
            size = cast(int, tls.read(BUFFER, self._plain))  # read into a buffer
            if not size:  # the client's close_notify
                self.connection.ended()
                return
            self.connection.feed(self._view[:size])

    def _transmit(self) -> None:
        data = self._outgoing.read()
        if self._held is not None:
            self._held += data
        elif data:
            super().send(data)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            super().send(bytes(held))

    def _say_goodbye(self) -> None:
        with suppress(ssl.SSLError):  # it would wait for the client's close_notify
            self._tls.unwrap()
        self._transmit()

    def _fail(self) -> None:
        """Tell the client why, if TLS has an alert for it."""
        self._core.counters.failed_handshakes += not self._ready
        self._held = None
        self._transmit()
        PlainLink.close(self)
