"""Which exchange gets which connection: the session modes, and the cap that holds in each of them.

    shared          an idle connection, the one used last, or by `fifo` the one that is idle longest; a new one while
                    fewer than the cap are open
    per-iteration   one that belongs to the iteration, opened at its first exchange, closed at its end
    per-request     a new one each time, closed after the answer

An exchange that gets no connection waits, first come first served, and its wait is measured separately. A client that
works so is a `PooledClient`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

from loadgen.clock import Clock
from loadgen.exchange import Exchange, Outcome
from loadgen.native import mypyc_attr
from loadgen.net.counters import PEAK
from loadgen.net.deadlines import Deadlines
from loadgen.transport import Counters, Done, Settings


class Connection(Protocol):
    """What a pool needs of a connection. `owner` is the iteration that it is kept for, if any."""

    __slots__ = ()

    owner: object

    @property
    def dead(self) -> bool:
        """Whether it has been closed."""

    def start(self, x: Exchange) -> None:
        """Send `x` on this connection, which is open and idle."""

    def close(self) -> None:
        """Close it. Its owner, if it is in use, has been told; the pool has forgotten it."""


class InUse(Connection, Protocol):
    """A connection as an exchange's `link`."""

    __slots__ = ()

    def fail(self, outcome: Outcome, reason: str) -> None:
        """Its exchange, if it is not over, is over without an answer; and so is the connection."""

    def describe(self) -> dict[str, object]:
        """Its other end, as of `Transport.peer`."""


class Pool:
    """Hands connections to exchanges. `open_for(x)` begins a new connection for an exchange, and never raises."""

    def __init__(
        self, reuse: str, cap: int, open_for: Callable[[Exchange], None], counters: memoryview[int], fifo: bool = False
    ) -> None:
        self._reuse, self._cap, self._open_for, self._counters, self._fifo = reuse, cap, open_for, counters, fifo
        # with `_stale` that the target has closed meanwhile: to look for one among thousands would take too long
        self._idle: deque[Connection] = deque()
        self._stale = 0
        self.waiting: deque[Exchange] = deque()
        self.open = 0
        self._kept: dict[object, Connection] = {}

    def send(self, x: Exchange) -> None:
        """Start `x` on the connection that its session mode gives it, or let it wait."""
        while self._idle:  # only ever filled in a shared session
            connection = self._idle.popleft() if self._fifo else self._idle.pop()
            if self._stale and connection.dead:
                self._stale -= 1
                continue
            connection.start(x)
            return
        if self._kept and (kept := self._kept.pop(x.owner, None)):
            kept.start(x)
        elif self.open < self._cap:
            self._begin(x)
        else:
            while self.waiting and self.waiting[0].done:  # they have timed out
                self.waiting.popleft()
            self.waiting.append(x)

    def free(self, connection: Connection, over: Exchange | None = None) -> None:
        """A connection's exchange is over and it could serve another. Whoever is to know what waits were made by this
        machine says which exchange: its answer is read."""
        if self._reuse == "shared":
            if self.waiting and (x := self._next()):
                if over:
                    x.wait_delay = waited_for_us(x, over)
                connection.start(x)
            else:
                self._idle.append(connection)
        elif self._reuse == "per-iteration" and connection.owner is not None:
            self._kept[connection.owner] = connection
        else:
            connection.close()
            self.gone(connection, over)

    def gone(self, connection: Connection, over: Exchange | None = None) -> None:
        """A connection is closed, whoever closed it: it makes room for the next that waits. `over` as of `free`."""
        self.open -= 1
        if x := self._next():
            if over:
                x.wait_delay = waited_for_us(x, over)
            self._begin(x)

    def dropped(self, connection: Connection) -> None:
        """The target closed a connection that nothing was using."""
        if self._kept.get(connection.owner) is connection:
            del self._kept[connection.owner]
        else:
            self._stale += 1
        self.gone(connection)

    def end_iteration(self, owner: object) -> None:
        """Close what was kept for an iteration that is over."""
        if self._kept and (connection := self._kept.pop(owner, None)):
            connection.close()
            self.gone(connection)

    @property
    def idle(self) -> list[Connection]:
        """The open connections that nothing uses, of a shared session."""
        return [connection for connection in self._idle if not connection.dead]

    def opening(self) -> None:
        """One more connection is about to be opened."""
        self.open += 1
        if self.open > self._counters[PEAK]:
            self._counters[PEAK] = self.open

    def _begin(self, x: Exchange) -> None:
        self.opening()
        self._open_for(x)

    def _next(self) -> Exchange | None:
        while self.waiting:
            x = self.waiting.popleft()
            if not x.done:  # it may have timed out while it waited
                return x
        return None


def waited_for_us(x: Exchange, over: Exchange) -> int:
    """How much less (ns) `x`, which starts now that `over` is done, would have waited without delays of this machine.

    `over` would have been done when the kernel had its answer, and earlier by its own delays. `x` would then have
    waited from when it was due. The result is negative if `x` would have waited longer, because it would have left on
    time, but by no more than it was late. It is exact for one connection; with several, a request might have got
    another one.
    """
    late = over.released - over.due + over.wait_delay + max(0, over.connect_delay) + max(0, over.handshake_cpu)
    free = (over.received if over.received > 0 else over.done) - late  # NOT_YET is no instant
    least = max(0, free - (x.signed - (x.released - x.due)))
    return over.done - x.signed - least


@mypyc_attr(allow_interpreted_subclasses=True)
class PooledClient(ABC):
    """What clients with a pool have in common: an exchange gets a connection or waits for one, and ends exactly once,
    at the latest at its deadline. A subclass opens a connection for an exchange, which becomes the exchange's
    `link`."""

    makes_cycles = True

    def __init__(self, clock: Clock, settings: Settings, counters: Counters, done: Done) -> None:
        self.settings, self.counters, self.done = settings, counters, done
        self.pool = Pool(settings.reuse, settings.connections, self.open_for, counters.connections, settings.fifo)
        self.deadlines = Deadlines(clock, self._expire)
        self._now = clock.now

    @abstractmethod
    def open_for(self, x: Exchange) -> None:
        """Begin a new connection for an exchange."""

    @abstractmethod
    def in_use(self) -> Iterable[InUse]:
        """The connections that have an exchange."""

    def send(self, x: Exchange) -> None:
        self.deadlines.add(x)
        self.pool.send(x)

    def end_iteration(self, owner: object) -> None:
        self.pool.end_iteration(owner)

    def peer(self, x: Exchange) -> dict[str, object]:
        return {} if x.link is None else cast(InUse, x.link).describe()

    def tcp(self, last: bool = False) -> dict[str, Any] | None:
        return None

    def built(self) -> int:
        return 0

    def options(self) -> dict[str, Any]:
        return {}

    def cancel(self) -> None:
        for x in list(self.pool.waiting):  # first, or they would get the connections that the others leave
            if not x.done:
                self.finish(x, Outcome.CANCELLED, "the load ended while it waited for a connection")
        self.pool.waiting.clear()
        for connection in list(self.in_use()):
            connection.fail(Outcome.CANCELLED, "the load ended")

    def finish(self, x: Exchange, outcome: Outcome, reason: str) -> None:
        """An exchange is over without an answer."""
        x.done = self._now()
        x.outcome, x.reason, x.encoded = outcome, reason, b""
        self.done(x)

    def _expire(self, x: Exchange) -> None:
        if x.link is None:
            self.finish(x, Outcome.TIMEOUT, "while it waited for a connection")
        else:
            cast(InUse, x.link).fail(Outcome.TIMEOUT, "")
