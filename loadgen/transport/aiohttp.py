"""The aiohttp client: what the user's own program may use, with what it does unasked switched off or made visible.

It retries no request, follows no redirect, keeps no cookie, reads no proxy or password from the environment, adds no
header but Host and Content-Length, decompresses nothing, races no addresses. Its own limit and queue, and its timeouts,
which it rounds up to seconds, are replaced by `sessions.Pool` and `net.deadlines`. It cannot resume a TLS session,
whatever `tls_resumption` says, nor tell a handshake's TCP part from its TLS part.

A seat is what the pool counts as a connection: the right to one exchange at a time. In a shared session all seats go
through one ClientSession; otherwise each has one for itself, which with `renew: client` is made anew, as part of the
service time, and else is taken from those that seats before it have left.
"""

from __future__ import annotations

import asyncio
import io
import math
import ssl
from functools import lru_cache
from typing import Any

from aiohttp import ClientPayloadError, ClientRequest, ClientSession, ClientTimeout, DummyCookieJar, StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from loadgen.clock import Clock, now
from loadgen.exchange import NEW, RESUMED, REUSED, Exchange, Outcome
from loadgen.net.deadlines import Deadlines
from loadgen.transport import PREOPENED, Counters, Done, Settings
from loadgen.transport import RESUMED as COUNT_RESUMED
from loadgen.transport.aiohttp_answers import fault, receive
from loadgen.transport.aiohttp_hooks import Connections, Connector, Resolver, Sender, listener
from loadgen.transport.sessions import Pool

NO_TIMEOUT = ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None, ceil_threshold=math.inf)
ADDED_UNASKED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
LARGE = 64 * 1024  # bytes of a request's body from which on it is sent in pieces
BROKEN_OFF = "Fatal error on SSL protocol"  # uvloop's complaint of data for a handshake that a timeout has broken off
PREPARE_LIMIT = 10  # seconds for the connections that are opened before the load


class Aiohttp:
    """A `transport.Transport`; made within the running loop."""

    kernel_stamps = False

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, settings: Settings, counters: Counters, done: Done
    ) -> None:
        self.loop, self.settings, self.counters, self.done = loop, settings, counters, done
        self.pool = Pool(settings.reuse, settings.connections, self._open_for, counters.connections)
        self.deadlines = Deadlines(clock, self._expire)
        self.connections = Connections(counters.connections)
        self.resolver = Resolver(settings)
        self.busy: set[Seat] = set()
        self.renews_client = settings.renew == "client"
        self.spare: list[ClientSession] = []
        self._sessions: set[ClientSession] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self.shared = self.new_session() if settings.reuse == "shared" else None
        self._handler = loop.get_exception_handler()
        loop.set_exception_handler(self._complaint)

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
                self.pool.free(Seat(self, None))
            else:
                self.pool.gone(Seat(self, None))

    def send(self, x: Exchange) -> None:
        self.deadlines.add(x)
        self.pool.send(x)

    def end_iteration(self, owner: object) -> None:
        self.pool.end_iteration(owner)

    def cancel(self) -> None:
        for x in list(self.pool.waiting):
            if not x.done:
                self.finish(x, Outcome.CANCELLED, "the load ended while it waited for a connection")
        self.pool.waiting.clear()
        for seat in list(self.busy):
            seat.give_up(Outcome.CANCELLED, "the load ended")

    async def close(self) -> None:
        self.cancel()
        while tasks := [*self._closing, *(seat.task for seat in self.busy if seat.task)]:
            await asyncio.wait(tasks)
        self.connections.forget_all()
        for session in list(self._sessions):
            await session.close()
        self.loop.set_exception_handler(self._handler)

    def finish(self, x: Exchange, outcome: Outcome, reason: str) -> None:
        """An exchange is over without an answer."""
        x.done = now()
        x.outcome, x.reason = outcome, reason
        self.done(x)

    def url(self, path: str) -> URL:
        return _url(self.settings.origin.url, path)

    def new_session(self) -> ClientSession:
        session = ClientSession(
            connector=Connector(self.settings, self.resolver, self.connections),
            request_class=Sender,
            cookie_jar=DummyCookieJar(),
            skip_auto_headers=ADDED_UNASKED,
            timeout=NO_TIMEOUT,
            auto_decompress=False,
            trust_env=False,
        )
        session._retry_connection = False
        self._sessions.add(session)
        return session

    def end_session(self, session: ClientSession) -> None:
        self._sessions.discard(session)
        task = self.loop.create_task(session.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _complaint(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") == BROKEN_OFF:
            return
        if self._handler:
            self._handler(loop, context)
        else:
            loop.default_exception_handler(context)

    def _open_for(self, x: Exchange) -> None:
        Seat(self, x.owner).start(x)

    def _expire(self, x: Exchange) -> None:
        if isinstance(x.link, Seat):
            x.link.give_up(Outcome.TIMEOUT, "")
        else:
            self.finish(x, Outcome.TIMEOUT, "while it waited for a connection")


class Seat:
    """The right to one exchange at a time, and what it goes through: a `sessions.Connection`."""

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
        "owner",
        "task",
        "x",
    )

    def __init__(self, client: Aiohttp, owner: object) -> None:
        self._client, self.owner = client, owner
        self.x: Exchange | None = None
        self.task: asyncio.Task[None] | None = None
        self._session = client.shared
        self._protocol: ResponseHandler | None = None
        self._began = self._wired = False
        self._given = 0
        self._content: StreamReader | None = None
        self._peer: tuple[Any, ...] | None = None
        self._tls: ssl.SSLObject | None = None

    def start(self, x: Exchange) -> None:
        self.x = x
        x.link = self
        self._began = self._wired = False
        self._given = now()
        self._client.busy.add(self)
        self.task = self._client.loop.create_task(self._carry(x))

    def give_up(self, outcome: Outcome, reason: str) -> None:
        """The exchange is over; its task follows."""
        x, self.x = self.x, None
        if not x:
            return
        if self._began and self.task:  # a task that has not begun would not even say that it was cancelled
            self.task.cancel()
        self._client.finish(x, outcome, reason)

    def close(self) -> None:
        client, session, protocol = self._client, self._session, self._protocol
        self._protocol = None
        if session is None or session is client.shared:
            return
        self._session = None
        if protocol is not None:
            client.connections.forget(protocol)
            protocol.abort()
        if client.renews_client:
            client.end_session(session)
        else:
            client.spare.append(session)

    def describe(self) -> dict[str, object]:
        """The peer: its address, and of TLS the version, cipher, certificate, and whether it was resumed."""
        found: dict[str, object] = {}
        if self._peer:
            found["address"] = "{}:{}".format(*self._peer[:2])
        if tls := self._tls:
            cipher = tls.cipher()
            found |= {"tls": tls.version(), "cipher": cipher[0] if cipher else None, "resumed": tls.session_reused}
            found["certificate"] = tls.getpeercert()
        return found

    # the exchange

    async def _carry(self, x: Exchange) -> None:
        self._began = True
        answered, outcome, reason = False, Outcome.CANCELLED, "the load ended"
        if self.x is x:
            try:
                await self._exchange(x)
                answered = True
            except asyncio.CancelledError:
                pass
            except Exception as error:
                outcome, reason = fault(error)
        client = self._client
        client.busy.discard(self)
        if self._protocol is not None:
            client.connections.leave(self._protocol, self)
        told, self.x, self._content = self.x is not x, None, None
        if answered and not told:
            client.pool.free(self)
            client.done(x)
            return
        self.close()
        client.pool.gone(self)
        if not told:
            client.finish(x, outcome, reason)

    async def _exchange(self, x: Exchange) -> None:
        client, request = self._client, x.request
        authorize = client.settings.authorize
        headers = request.headers + authorize(request) if authorize else request.headers
        listener.set(self)
        if self._session is None:
            self._session = self._own_session()
        body: bytes | io.BytesIO | None = request.body or None
        if len(request.body) > LARGE:
            body = io.BytesIO(request.body)
        response = await self._session.request(
            request.method, client.url(request.path), headers=headers, data=body, allow_redirects=False
        )
        self._content = response.content
        try:
            assert self._protocol is not None
            await receive(response, x, self._protocol)
            x.done = now()
        finally:
            if response.connection is not None:  # the request's body is still under way, or the answer was not right
                response.close()

    def _own_session(self) -> ClientSession:
        client = self._client
        if client.renews_client:
            self.begins()
            return client.new_session()
        return client.spare.pop() if client.spare else client.new_session()

    # what the hooks tell

    def begins(self) -> None:
        """The first action towards the target. What aiohttp did up to here, such as building the request, is `sign`;
        what came before the pool gave the seat is `wait`."""
        if (x := self.x) and not x.started:
            x.started = now()
            x.signed += x.started - self._given

    def resolved(self, took: int) -> None:
        if self.x:
            self.x.dns = took

    def connected(self, protocol: ResponseHandler, new: bool, took: int) -> None:
        self._protocol = protocol
        x, transport = self.x, protocol.transport
        if new and transport:
            self._peer, self._tls = transport.get_extra_info("peername"), transport.get_extra_info("ssl_object")
        resumed = new and self._tls is not None and bool(self._tls.session_reused)
        if resumed:
            self._client.counters.connections[COUNT_RESUMED] += 1
        if x:
            x.connected = now()
            x.connection = REUSED if not new else RESUMED if resumed else NEW
            if new and not self._tls:
                x.tcp = took - max(x.dns, 0)

    def sends(self) -> None:
        if self.x and not self._wired:
            self._wired = True
            self._client.counters.wired[self.x.slot] += 1
            self.x.sent = now()

    def closed(self) -> None:
        content = self._content
        if content and not content.is_eof() and content.exception() is None:
            # aiohttp closes the connection on a body that is not right, but does not tell who waits for it
            content.set_exception(ClientPayloadError("a body that is not right"))


@lru_cache(1024)
def _url(base: str, path: str) -> URL:
    return URL(base + path, encoded=True)
