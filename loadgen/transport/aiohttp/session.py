"""What the clients that go through aiohttp have in common: leases, and what aiohttp's hooks tell them.

A lease is what the pool counts as a connection: the right to one exchange at a time. In a shared session all leases use
one ClientSession. Otherwise each lease has a ClientSession of its own: with `renew: connection` one that an earlier
lease has left, else a new one.
"""

from __future__ import annotations

import asyncio
import io
import math
import ssl
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable, Mapping
from functools import lru_cache
from typing import Any

from aiohttp import (
    ClientConnectorError,
    ClientOSError,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    StreamReader,
)
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from loadgen.clock import Clock, now
from loadgen.exchange import NEW, RESUMED, REUSED, Exchange, Outcome
from loadgen.net.counters import PREOPENED
from loadgen.net.counters import RESUMED as COUNT_RESUMED
from loadgen.transport import Counters, Done, Settings
from loadgen.transport.aiohttp.answers import fault, receive, why_lost
from loadgen.transport.aiohttp.hooks import Connections, Connector, Resolver, Sender
from loadgen.transport.pool import PooledClient

NO_TIMEOUT = ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None, ceil_threshold=math.inf)
LARGE = 64 * 1024  # bytes of a request's body from which on it is sent in pieces
BROKEN_OFF = "Fatal error on SSL protocol"  # uvloop's complaint of data for a handshake that a timeout has broken off
PREPARE_LIMIT = 10  # seconds for the connections that are opened before the load

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


class LeasingClient(PooledClient):
    """A `transport.Transport` through aiohttp; made within the running loop.

    aiohttp's limit and queue, and its timeouts, which it rounds up to seconds, are replaced by `pool.Pool` and
    `net.deadlines`. It cannot resume a TLS session, nor tell a handshake's TCP part from its TLS part.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, settings: Settings, counters: Counters, done: Done
    ) -> None:
        super().__init__(clock, settings, counters, done)
        self.loop = loop
        self.connections = Connections(counters.connections)
        self.resolver = Resolver(settings)
        self.busy: set[Lease] = set()
        self.spare: list[ClientSession] = []
        self._sessions: set[ClientSession] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self.shared = self.new_session() if settings.reuse == "shared" else None
        self._handler = loop.get_exception_handler()
        loop.set_exception_handler(self._complaint)

    @abstractmethod
    def lease(self, owner: object) -> Lease:
        """A new lease, for one iteration where the session is `per-iteration`."""

    @abstractmethod
    def session_options(self) -> dict[str, Any]:
        """The arguments of a ClientSession besides those that all clients give it."""

    def open_for(self, exchange: Exchange) -> None:
        self.lease(exchange.owner).start(exchange)

    def in_use(self) -> Iterable[Lease]:
        return self.busy

    def tcp(self, last: bool = False) -> dict[str, Any] | None:
        return self.connections.tcp(last)

    async def prepare(self) -> None:
        """Open the connections that a shared session starts with, and wait until each is there or has failed."""
        if not self.settings.preopen or not self.shared:
            return
        connector, opening = self.shared.connector, []
        assert connector
        for _ in range(self.settings.preopen):
            self.pool.opening()
            request = ClientRequest("GET", self.url("/"), loop=self.loop)
            opening.append(self.loop.create_task(connector.connect(request, [], NO_TIMEOUT)))
        await asyncio.wait(opening, timeout=PREPARE_LIMIT)
        for task in opening:
            task.cancel()
        # all of them first: aiohttp would give the next what it was given back
        for connection in await asyncio.gather(*opening, return_exceptions=True):
            if isinstance(connection, Connection):
                connection.release()
                self.counters.connections[PREOPENED] += 1
                self.pool.free(self.lease(None))
            else:
                self.pool.gone(self.lease(None))

    async def close(self) -> None:
        self.cancel()
        while tasks := [*self._closing, *(lease.task for lease in self.busy if lease.task)]:
            await asyncio.wait(tasks)
        self.connections.forget_all()
        for session in list(self._sessions):
            await session.close()
        self.loop.set_exception_handler(self._handler)

    def url(self, path: str) -> URL:
        return _url(self.settings.origin.url, path)

    def new_session(self, context: ssl.SSLContext | None = None) -> ClientSession:
        """A ClientSession, with the TLS context of the settings unless another is given."""
        session = ClientSession(
            connector=Connector(context or self.settings.context, self.resolver, self.connections),
            request_class=Sender,
            cookie_jar=DummyCookieJar(),
            timeout=NO_TIMEOUT,
            auto_decompress=False,
            trust_env=False,
            **self.session_options(),
        )
        session._retry_connection = False
        self._sessions.add(session)
        return session

    def end_session(self, session: ClientSession) -> None:
        self._sessions.discard(session)
        self.end(session.close())

    def end(self, closing: Coroutine[Any, Any, None]) -> None:
        """Let something close while the load goes on."""
        task = self.loop.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _complaint(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") == BROKEN_OFF:
            return
        if self._handler:
            self._handler(loop, context)
        else:
            loop.default_exception_handler(context)


class Lease(ABC):
    """The right to one exchange at a time, and the ClientSession that it uses: a `pool.Connection`."""

    __slots__ = (
        "_began",
        "_client",
        "_content",
        "_given",
        "_peer",
        "_protocol",
        "_session",
        "_tls",
        "_wired",
        "exchange",
        "owner",
        "task",
    )

    def __init__(self, client: LeasingClient, owner: object) -> None:
        self._client, self.owner = client, owner
        self.exchange: Exchange | None = None
        self.task: asyncio.Task[None] | None = None
        self._session = client.shared
        self._protocol: ResponseHandler | None = None
        self._began = self._wired = False
        self._given = 0
        self._content: StreamReader | None = None
        self._peer: tuple[Any, ...] | None = None
        self._tls: ssl.SSLObject | None = None

    @property
    def dead(self) -> bool:
        return False  # it is no connection: a target that closes one leaves it as it is

    def start(self, exchange: Exchange) -> None:
        self.exchange = exchange
        exchange.link = self
        self._began = self._wired = False
        self._given = now()
        self._client.busy.add(self)
        self.task = self._client.loop.create_task(self._carry())

    def fail(self, outcome: Outcome, reason: str) -> None:
        """The exchange is over; its task follows."""
        exchange, self.exchange = self.exchange, None
        if not exchange:
            return
        if self._began and self.task:  # a task that has not begun would not even say that it was cancelled
            self.task.cancel()
        self._finish(exchange, outcome, reason)

    def close(self) -> None:
        client, session = self._client, self._session
        if session is None or session is client.shared:
            self._protocol = None
            return
        self._session = None
        self._hang_up()
        if client.settings.renew == "connection":
            client.spare.append(session)
        else:
            client.end_session(session)

    def _hang_up(self) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            self._client.connections.forget(protocol)
            protocol.abort()

    def describe(self) -> dict[str, object]:
        """The other end, as of `Transport.peer`."""
        peer: dict[str, object] = {}
        if self._peer:
            peer["address"] = "{}:{}".format(*self._peer[:2])
        if tls := self._tls:
            cipher = tls.cipher()
            peer |= {"tls": tls.version(), "cipher": cipher[0] if cipher else None, "resumed": tls.session_reused}
            peer["certificate"] = tls.getpeercert()
        return peer

    # the exchange

    async def _carry(self) -> None:
        self._began = True
        answered, outcome, reason = False, Outcome.CANCELLED, "the load ended"
        if self.exchange:
            try:
                await self._perform(self.exchange)
                answered = True
            except asyncio.CancelledError:
                pass
            except Exception as error:
                outcome, reason = self._fault(error)
        client = self._client
        client.busy.discard(self)
        if self._protocol is not None:
            client.connections.leave(self._protocol, self)
        exchange, self.exchange, self._content = self.exchange, None, None  # None: `fail` has finished it
        self._leave(answered and exchange is not None)
        if exchange and answered:
            client.done(exchange)
        elif exchange:
            self._finish(exchange, outcome, reason)

    def _leave(self, usable: bool) -> None:
        """Give the right to a connection back."""
        if usable:
            self._client.pool.free(self)
        else:
            self.close()
            self._client.pool.gone(self)

    def _finish(self, exchange: Exchange, outcome: Outcome, reason: str) -> None:
        if not exchange.started:  # all that was done for it since it has its lease was to build it
            exchange.signed += now() - self._given
        self._client.finish(exchange, outcome, reason)

    @abstractmethod
    async def _perform(self, exchange: Exchange) -> None:
        """Send the exchange and take its answer, up to its `done`. Raises what went wrong, which `_fault` names."""

    def _fault(self, error: Exception) -> tuple[Outcome, str]:
        return fault(error)

    def _own_session(self) -> ClientSession:
        """A ClientSession for this lease alone, whose connections are gone."""
        client = self._client
        if client.settings.renew == "connection" and client.spare:
            return client.spare.pop()
        return client.new_session()

    async def _send_and_receive(
        self, method: str, url: URL, headers: Headers, body: bytes, room: int = 0
    ) -> tuple[ClientResponse, bytes]:
        """One request and its answer, written down in the exchange: what aiohttp knows of it, and the body as far as it
        was held (see `answers.receive`)."""
        data: bytes | io.BytesIO | None = body or None
        if len(body) > LARGE:
            data = io.BytesIO(body)
        assert self._session
        try:
            response = await self._session.request(method, url, headers=headers, data=data, allow_redirects=False)
        except ClientOSError as error:
            if error.errno is not None or isinstance(error, ClientConnectorError):
                raise
            raise await why_lost(self._protocol) from error
        self._content = response.content
        try:
            assert self._protocol is not None
            assert self.exchange
            return response, await receive(response, self.exchange, self._protocol, room)
        finally:
            if response.connection is not None:  # the request's body is still under way, or the answer was not right
                response.close()

    # what the hooks tell

    def begins(self) -> None:
        """The first action towards the target. What aiohttp did up to here, such as building the request, is `sign`;
        what came before the pool gave the lease is `wait`."""
        if (exchange := self.exchange) and not exchange.started:
            exchange.started = now()
            exchange.signed += exchange.started - self._given

    def resolved(self, took: int) -> None:
        if self.exchange:
            self.exchange.dns = took

    def connected(self, protocol: ResponseHandler, new: bool, took: int) -> None:
        self._protocol = protocol
        exchange, transport = self.exchange, protocol.transport
        if new and transport:
            self._peer, self._tls = transport.get_extra_info("peername"), transport.get_extra_info("ssl_object")
        resumed = new and self._tls is not None and bool(self._tls.session_reused)
        if resumed:
            self._client.counters.connections[COUNT_RESUMED] += 1
        if exchange:
            exchange.connected = now()
            exchange.connection = REUSED if not new else RESUMED if resumed else NEW
            if new and not self._tls:
                exchange.tcp = took - max(exchange.dns, 0)

    def sends(self) -> None:
        if self.exchange and not self._wired:
            self._wired = True
            self._client.counters.wired[self.exchange.slot] += 1
            self.exchange.sent = now()

    def closed(self) -> None:
        content = self._content
        if content and not content.is_eof() and content.exception() is None:
            # aiohttp closes the connection on a body that is not right, but does not tell who waits for it
            content.set_exception(ClientPayloadError("a body that is not right"))


@lru_cache(1024)
def _url(base: str, path: str) -> URL:
    return URL(base + path, encoded=True)
