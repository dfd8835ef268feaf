"""Where loadgen looks into aiohttp: when an exchange connects, whether its connection is new, when it sends.

All of it is done by aiohttp's own classes; these only tell. What they rely on without aiohttp's promise is guarded by
the contract's tests.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextvars import ContextVar
from itertools import cycle
from typing import Any, Protocol

from aiohttp import ClientRequest, ClientResponse, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, AbstractStreamWriter, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from loadgen.clock import now
from loadgen.net.counters import CLOSED_IDLE, FAILED, OPENED
from loadgen.net.names import Address, keeps_credentials
from loadgen.net.tcp_info import TcpWatch
from loadgen.transport import Settings

KEPT = 365 * 86_400.0  # seconds that an idle connection is kept: longer than any load


class Listener(Protocol):
    """Hears what aiohttp does for an exchange, in this order; a second `begins` or `sends` says nothing."""

    def begins(self) -> None: ...

    def resolved(self, took: int) -> None: ...

    def connected(self, protocol: ResponseHandler, new: bool, took: int) -> None: ...

    def sends(self) -> None: ...

    def closed(self) -> None:
        """Its connection has come to an end while it was on it."""


# that of the exchange whose task this is
current_listener: ContextVar[Listener | None] = ContextVar("current_listener", default=None)


def _socket(protocol: ResponseHandler) -> socket.socket | None:
    """What it is connected by: uvloop's likeness of it, which may be asked and not used."""
    transport = protocol.transport
    sock: socket.socket | None = transport.get_extra_info("socket") if transport else None
    return sock


class Connections:
    """The connections that are open, and who uses each: None for one that is idle."""

    def __init__(self, counters: memoryview[int]) -> None:
        self._counters = counters
        self._users: dict[ResponseHandler, Listener | None] = {}
        self._watch = TcpWatch()

    def __contains__(self, protocol: ResponseHandler) -> bool:
        return protocol in self._users

    def tcp(self, last: bool = False) -> dict[str, Any] | None:
        """What the kernel says of those that are open, since the last time (`TcpWatch.sample`)."""
        return self._watch.sample(list(self._users), last, _socket)

    def sockets(self) -> list[socket.socket]:
        """What they are connected by."""
        return [sock for protocol in self._users if (sock := _socket(protocol))]

    def use(self, protocol: ResponseHandler, user: Listener | None) -> None:
        self._users[protocol] = user

    def leave(self, protocol: ResponseHandler, user: Listener) -> None:
        """`user` needs it no more. aiohttp may have closed it, or have given it to the next already."""
        if self._users.get(protocol) is user:
            if protocol.is_connected():
                self._users[protocol] = None
            else:
                del self._users[protocol]

    def forget(self, protocol: ResponseHandler) -> None:
        """It is about to be closed, and by us."""
        self._users.pop(protocol, None)

    def forget_all(self) -> None:
        self._users.clear()

    def opened(self, protocol: ResponseHandler) -> None:
        self._counters[OPENED] += 1
        if closed := protocol.closed:
            closed.add_done_callback(lambda future: self._ended(protocol, future))

    def failed(self) -> None:
        self._counters[FAILED] += 1

    def closed(self, protocol: ResponseHandler) -> None:
        """It has come to its end, whoever ended it."""
        if protocol in self._users:
            if user := self._users.pop(protocol):
                user.closed()
            else:
                self._counters[CLOSED_IDLE] += 1

    def _ended(self, protocol: ResponseHandler, future: asyncio.Future[None]) -> None:
        if not future.cancelled():
            future.exception()  # or asyncio complains that nobody asked
        self.closed(protocol)


class Connector(TCPConnector):
    """aiohttp's pool and handshakes, which say what they do."""

    def __init__(self, context: ssl.SSLContext | None, resolver: Resolver, connections: Connections) -> None:
        super().__init__(
            ssl=context or True,
            limit=0,
            resolver=resolver,
            use_dns_cache=False,
            happy_eyeballs_delay=None,
            keepalive_timeout=KEPT,
        )
        self._connections = connections

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        listener, connections = current_listener.get(), self._connections
        if listener:
            listener.begins()
        begun = now()
        while True:
            try:
                connection = await super().connect(req, traces, timeout)
            except BaseException:
                connections.failed()
                raise
            protocol = connection.protocol
            assert protocol is not None
            new = protocol not in connections
            if new or not protocol.should_close:
                break
            # an answer that nobody asked for came while it was idle: aiohttp would take it for the next one's
            connections.closed(protocol)
            connection.close()
        if new:
            connections.opened(protocol)
        connections.use(protocol, listener)
        if listener:
            listener.connected(protocol, new, now() - begun)
        return connection


class Sender(ClientRequest):
    """aiohttp's request, which says when its first byte goes out: with the first piece of the body if there is one."""

    async def send(self, conn: Connection) -> ClientResponse:
        response = await super().send(conn)
        if not self.body and (listener := current_listener.get()):
            listener.sends()
        return response

    async def write_bytes(self, writer: AbstractStreamWriter, conn: Connection, *rest: Any) -> None:
        transport, listener = conn.transport, current_listener.get()
        if listener and transport and not transport.is_closing():
            listener.sends()
        await super().write_bytes(writer, conn, *rest)


class Resolver(AbstractResolver):
    """The addresses found before the load, in turn; or with `dns: per-connection` the system's answer each time."""

    def __init__(self, settings: Settings) -> None:
        self._each = settings.resolve_each
        self._addresses = cycle(settings.addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address = await self._system(host, port) if self._each else next(self._addresses)
        numeric = socket.AI_NUMERICHOST
        return [
            ResolveResult(hostname=host, host=address.host, port=port, family=address.family, proto=0, flags=numeric)
        ]

    async def _system(self, host: str, port: int) -> Address:
        begun = now()
        answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if listener := current_listener.get():
            listener.resolved(now() - begun)
        address = Address(answers[0][0], answers[0][4])
        if keeps_credentials(address):
            raise OSError(f"it became {address.host}, which is no target")
        return address

    async def close(self) -> None: ...
