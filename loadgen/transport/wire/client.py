"""The wire client: raw sockets, the kernel's receive stamps, TLS in memory, llhttp. No coroutine, no Future per
request.

`done` is never called from within `send`. A failure that is known at once is reported in the loop's next turn, so that
a load on a dead port neither recurses nor keeps the loop from its other work.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from itertools import cycle
from typing import Any

from loadgen.clock import SECOND, Clock, now
from loadgen.exchange import Exchange, Outcome
from loadgen.net.counters import PREOPENED
from loadgen.net.http1 import AnswerReader, encode
from loadgen.net.names import Address, keeps_credentials, numbered
from loadgen.net.sockets import StampWarmer
from loadgen.transport import Counters, Done, Retried, Settings, Transport
from loadgen.transport.errors import of_error
from loadgen.transport.pool import PooledClient
from loadgen.transport.wire.connection import Connection
from loadgen.transport.wire.stream import Endpoint

# How the connections that are opened before the load come: so many each so many seconds, and no more on their way at a
# time, so that no listener's queue is overrun. It gives up when none was opened, or failed, for `PATIENCE` seconds.
BATCH, PAUSE, ON_THEIR_WAY = 20, 0.01, 64
PATIENCE = 10


def make(
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    settings: Settings,
    counters: Counters,
    done: Done,
    retried: Retried | None,
) -> Transport:
    return Wire(loop, clock, settings, counters, done)


class Wire(PooledClient):
    """loadgen's own `transport.Transport`, the default client."""

    makes_cycles = False

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, settings: Settings, counters: Counters, done: Done
    ) -> None:
        super().__init__(clock, settings, counters, done)
        self.loop = loop
        self.authorize, self.authority = settings.authorize, settings.origin.authority
        self.endpoint = Endpoint(loop, settings.context, settings.origin.host, settings.resumption)
        self.connections: set[Connection] = set()
        self._addresses = cycle(settings.addresses)
        self.numbers = numbered(settings.addresses)
        self._lookups: set[asyncio.Task[None]] = set()
        self.readers: list[AnswerReader] = []  # those of closed connections, for the next ones
        self._warmer = StampWarmer()

    async def prepare(self) -> None:
        """Open the connections that a shared session starts with, and wait until each is there or has failed."""
        left, on_their_way, settled_at = self.settings.preopen, list[asyncio.Future[None]](), now()
        while (left or on_their_way) and now() - settled_at < PATIENCE * SECOND:
            more = min(left, BATCH, ON_THEIR_WAY - len(on_their_way))
            left -= more
            on_their_way += [self._preopen() for _ in range(more)]
            await asyncio.sleep(PAUSE)
            waiting = [settled for settled in on_their_way if not settled.done()]
            if len(waiting) < len(on_their_way):
                on_their_way, settled_at = waiting, now()
        for connection in list(self.connections):
            if connection.settled and not connection.settled.done():
                connection.fail(Outcome.TIMEOUT, "")
        self.counters.connections[PREOPENED] = len(self.pool.idle)

    def _preopen(self) -> asyncio.Future[None]:
        self.pool.opening()
        connection = Connection(self, None)
        connection.settled = settled = self.loop.create_future()
        connection.open(next(self._addresses))
        return settled

    def send(self, x: Exchange) -> None:
        request = x.request
        if request.encoded is None:
            if authorize := self.authorize:
                x.encoded = encode(request, self.authority, authorize(request))
            else:
                request.encoded = encode(request, self.authority)
            x.signed = now()
        self.deadlines.add(x)
        self.pool.send(x)

    def _expire(self, x: Exchange) -> None:
        if isinstance(x.link, Connection):
            x.link.expire()
        else:
            super()._expire(x)

    def in_use(self) -> Iterable[Connection]:
        return [connection for connection in self.connections if connection.x]

    def tcp(self, last: bool = False) -> dict[str, Any] | None:
        return self.endpoint.watch.sample(list(self.connections), last, _socket)

    async def close(self) -> None:
        for lookup in self._lookups:
            lookup.cancel()
        for connection in list(self.connections):
            connection.close()
        for reader in self.readers:
            reader.close()
        self._warmer.close()

    def open_for(self, x: Exchange) -> None:
        x.started = now()
        connection = Connection(self, x)
        x.link = connection
        if self.settings.resolve_each:
            lookup = self.loop.create_task(self._resolve(connection))
            self._lookups.add(lookup)
            lookup.add_done_callback(self._lookups.discard)
        else:
            connection.open(next(self._addresses))

    async def _resolve(self, connection: Connection) -> None:
        origin, route = self.settings.origin, next(self._addresses)
        begun = now()
        try:
            answers = await self.loop.getaddrinfo(
                origin.host, origin.port, family=route.family if route.source else 0, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            connection.fail(*of_error(error))
            return
        if connection.x:
            connection.x.dns = now() - begun
            address = Address(answers[0][0], answers[0][4], route.source)
            if keeps_credentials(address):
                connection.fail(Outcome.DNS, f"the name became {address.host}, which is no target")
            else:
                connection.open(address)


def _socket(connection: Connection) -> socket.socket | None:
    return connection.stream.sock
