"""Both listeners of a sandbox, for HTTP and HTTPS, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable

from loadgen.clock import MILLISECOND, cpu
from loadgen.errors import PlanError
from loadgen.sandbox.connection import ServerConnection
from loadgen.sandbox.core import Core
from loadgen.sandbox.link import BUFFER, PlainLink
from loadgen.sandbox.tls import TlsLink

HOST = "127.0.0.1"
ACCEPTS = 64
"""So many connections at most are accepted in one turn of the loop."""
PAUSE = 100 * MILLISECOND
"""How long none is accepted after descriptors ran out."""
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Listener:
    """Accepts on one port and calls `welcome` with each socket. It counts errors while accepting, and goes on."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, core: Core, port: int, welcome: Callable[[socket.socket], None]
    ) -> None:
        """Raises PlanError if the port is taken."""
        self._loop, self._core, self._welcome = loop, core, welcome
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._sock.bind((HOST, port))
        except OSError as error:
            self._sock.close()
            raise PlanError(f"the sandbox cannot listen on {HOST}:{port}: {error.strerror}") from None
        self._sock.listen(4096)
        self._sock.setblocking(False)
        self.port: int = self._sock.getsockname()[1]
        self._listen()

    def close(self) -> None:
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _listen(self) -> None:
        if self._sock.fileno() >= 0:
            self._loop.add_reader(self._sock.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                sock, _ = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._core.counters.accept_errors += 1
                if error.errno in EXHAUSTED:
                    self._loop.remove_reader(self._sock.fileno())
                    self._core.timers.at(self._core.now() + PAUSE, self._listen)
                    return
                continue
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._welcome(sock)


class Server:
    """Serves from its making until `close`, on `loop`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        core: Core,
        context: ssl.SSLContext,
        http_port: int = 0,
        https_port: int = 0,
    ) -> None:
        """Raises PlanError if a port is taken."""
        self._loop, self._core, self._context = loop, core, context
        self._wire, self._plain = memoryview(bytearray(BUFFER)), bytearray(BUFFER)
        self._connections: set[ServerConnection] = set()
        self._numbers = 0
        self._asked, self._cpu = core.now(), cpu()
        self._listeners = [Listener(loop, core, http_port, self._welcome)]
        try:
            self._listeners.append(Listener(loop, core, https_port, self._welcome_tls))
        except PlanError:
            self.close()
            raise
        self.http, self.https = (
            f"{scheme}://{HOST}:{listener.port}"
            for scheme, listener in zip(("http", "https"), self._listeners, strict=True)
        )

    def close(self) -> None:
        """End all connections. Unanswered requests are logged as unanswered."""
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.abandon()

    def stats(self) -> dict[str, object]:
        """Counts since the start; `cpu`, the share of a core, and `lag_ns` are those since the last call."""
        counters, simulation = self._core.counters, self._core.simulation
        asked, used = self._core.now(), cpu()
        share = (used - self._cpu) / max(1, asked - self._asked)
        self._asked, self._cpu = asked, used
        truth = self._core.truth
        if truth:
            truth.flush()
        return {
            "requests": counters.requests,
            "answered": counters.answered,
            "unanswered": counters.unanswered,
            "partial": counters.partial,
            "bad_requests": counters.bad_requests,
            "in_flight": counters.requests - counters.answered - counters.unanswered,
            "status": {str(status): count for status, count in sorted(counters.status.items())},
            "faults": dict(counters.faults),
            "connections": {
                "http": counters.http_connections,
                "https": counters.https_connections,
                "open": len(self._connections),
                "closed_idle": counters.closed_idle,
            },
            "tls": {
                "handshakes": counters.handshakes,
                "resumed": counters.resumed,
                "failed": counters.failed_handshakes,
            },
            "cold_starts": simulation.cold_starts,
            "queue_peak": simulation.queue_peak,
            "throttled": counters.throttled,
            "overflowed": counters.overflowed,
            "refused": dict(counters.refused),
            "downstream": simulation.downstream_counts(),
            "accept_errors": counters.accept_errors,
            "dynamodb": self._core.dynamodb.stats(),
            "lambda": self._core.lambda_api.stats(),
            "cpu": round(share, 4),
            "lag_ns": counters.late.take(),
            "log_problem": truth.problem if truth else "",
        }

    def _welcome(self, sock: socket.socket) -> None:
        self._core.counters.http_connections += 1
        self._connect(PlainLink(self._loop, sock, self._wire), owed=1)

    def _welcome_tls(self, sock: socket.socket) -> None:
        self._core.counters.https_connections += 1
        self._connect(TlsLink(self._loop, sock, self._wire, self._plain, self._context, self._core), owed=0)

    def _connect(self, link: PlainLink, owed: int) -> None:
        self._numbers += 1
        connection = ServerConnection(self._core, link, self._numbers, owed, self._connections.discard)
        self._connections.add(connection)
        link.start(connection)
