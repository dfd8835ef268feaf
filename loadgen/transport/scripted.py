"""The scripted client: replies on a script, in virtual time. What the engine is tested with, and what a twin of a
target is tried with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from loadgen.clock import VirtualClock
from loadgen.exchange import NEW, NOT_YET, REUSED, Exchange, Outcome
from loadgen.net.counters import OPENED, PREOPENED
from loadgen.transport import Counters, Done, Settings
from loadgen.transport.pool import PooledClient

NEVER = -1


@dataclass(frozen=True, slots=True)
class Reply:
    """What becomes of an exchange: an answer, or a failure, `after` ns from when it was sent (NEVER: nothing at all).

    A new connection takes `connect` ns before; the first byte comes after `first`, if that is not 0; `client_delay` is
    how late the client then looks. `then` decides all but `connect` when the request is sent.
    """

    after: int = 0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    outcome: Outcome = Outcome.OK
    reason: str = ""
    connect: int = 0
    first: int = 0
    client_delay: int = 0
    then: Callable[[Exchange], Reply] | None = None


class Scripted(PooledClient):
    """A `transport.Transport` on a virtual clock. `script(exchange)` says what becomes of each."""

    def __init__(
        self,
        clock: VirtualClock,
        settings: Settings,
        counters: Counters,
        done: Done,
        script: Callable[[Exchange], Reply],
    ) -> None:
        super().__init__(clock, settings, counters, done)
        self._clock, self._script = clock, script
        self._open: set[_Connection] = set()

    async def prepare(self) -> None:
        """Open the connections that are to be open before the load, at once."""
        self.preopen()

    def preopen(self) -> None:
        for _ in range(self.settings.preopen):
            connection = _Connection(self, None)
            self._open.add(connection)
            self.pool.opening()
            self.counters.connections[OPENED] += 1
            self.counters.connections[PREOPENED] += 1
            self.pool.free(connection)

    def in_use(self) -> Iterable[_Connection]:
        return (connection for connection in self._open if connection.x)

    async def close(self) -> None:
        self._open.clear()

    def open_for(self, x: Exchange) -> None:
        connection = _Connection(self, x.owner)
        self._open.add(connection)
        x.started = self._clock.now()
        x.connection = NEW
        connection.take(x, self._script(x))


class _Connection:
    def __init__(self, client: Scripted, owner: object) -> None:
        self.client, self.owner = client, owner
        self.x: Exchange | None = None
        self.dead = False

    def start(self, x: Exchange) -> None:
        x.started = self.client._clock.now()
        x.connection = REUSED
        self.take(x, self.client._script(x))

    def take(self, x: Exchange, reply: Reply) -> None:
        self.x, x.link = x, self
        clock = self.client._clock
        wait = reply.connect if x.connection == NEW else 0
        clock.call_at(clock.now() + wait, lambda: self._sent(x, reply))

    def _sent(self, x: Exchange, reply: Reply) -> None:
        if self.x is not x:
            return
        client = self.client
        x.connected = x.sent = client._clock.now()
        if x.connection == NEW:
            client.counters.connections[OPENED] += 1
            x.tcp = x.connected - x.started
            x.connect_delay = x.tcp - reply.connect
        client.counters.wired[x.slot] += 1
        if reply.then:
            reply = reply.then(x)
        if reply.after != NEVER:
            client._clock.call_at(x.sent + reply.after + reply.client_delay, lambda: self._answer(x, reply))

    def _answer(self, x: Exchange, reply: Reply) -> None:
        if self.x is not x:
            return
        if reply.outcome:
            self.fail(reply.outcome, reply.reason)
            return
        self.x = None
        x.done = self.client._clock.now()
        x.received = x.sent + reply.after  # whenever it is looked at
        x.first = x.sent + (reply.first or reply.after)
        x.status, x.headers, x.body = reply.status, reply.headers, reply.body
        self.client.pool.free(self, x)
        self.client.done(x)

    def fail(self, outcome: Outcome, reason: str) -> None:
        x, self.x = self.x, None
        self.close()
        self.client.pool.gone(self)
        if x:
            if outcome is Outcome.TIMEOUT:
                x.first = x.received = NOT_YET
            self.client.finish(x, outcome, reason)

    def describe(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        self.dead = True
        self.client._open.discard(self)
