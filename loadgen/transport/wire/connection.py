"""One connection of the wire client: an exchange after the other, and its ends.

It is in one of three states: `x is None` (idle, or opened before the load), an exchange under way, or closed.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from loadgen.clock import now, wall
from loadgen.exchange import NEW, NOT_YET, RESUMED, REUSED, Exchange, Outcome
from loadgen.native import i64
from loadgen.net.counters import CLOSED_IDLE, FAILED, OPENED
from loadgen.net.counters import RESUMED as COUNT_RESUMED
from loadgen.net.http1 import AnswerReader, BadResponse
from loadgen.net.names import Address
from loadgen.transport import Counters, Done
from loadgen.transport.pool import InUse, Pool
from loadgen.transport.wire.stream import Endpoint, Owner, Stream


class Client(Protocol):
    """What a connection needs of the client that it belongs to."""

    endpoint: Endpoint
    pool: Pool
    counters: Counters
    done: Done
    connections: set[Connection]
    numbers: dict[str, int]
    readers: list[AnswerReader]

    def open_for(self, x: Exchange) -> None:
        """Begin a new connection for `x`."""

    def finish(self, x: Exchange, outcome: Outcome, reason: str) -> None:
        """`x` is over without an answer."""


class Connection(Owner, InUse):
    """The exchanges on one stream. Made closed, for `x` or ahead of the load; `open` begins it."""

    __slots__ = (
        "_client",
        "_done",
        "_first",
        "_pool",
        "_reader",
        "_wired",
        "address",
        "owner",
        "settled",
        "stream",
        "x",
    )

    def __init__(self, client: Client, x: Exchange | None) -> None:
        self._client, self.x = client, x
        self._pool, self._wired, self._done = client.pool, client.counters.wired, client.done
        self.owner: object = x.owner if x else None
        self.address: i64 = 0  # the number of its address
        self.settled: asyncio.Future[None] | None = None  # done once it is open, or has failed
        self.stream = Stream(client.endpoint, self)
        self._reader = client.readers.pop() if client.readers else AnswerReader()
        self._first: i64 = 0  # the stamp of the first of several reads of an answer; NOT_YET: it has none
        client.connections.add(self)

    @property
    def dead(self) -> bool:
        return self.stream.closed

    def open(self, address: Address) -> None:
        self.address = self._client.numbers.get(address.host, 0)
        if self.x:
            self.x.address = self.address
        self.stream.open(address)

    # how it is opened

    def connected(self) -> None:
        self._too_late()

    def opened(self) -> None:
        client, stream = self._client, self.stream
        client.counters.connections[OPENED] += 1
        resumed = stream.resumed
        if resumed:
            client.counters.connections[COUNT_RESUMED] += 1
        self._settle()
        if self._too_late():
            return
        x = self.x
        if x is None:
            self._pool.free(self)
            return
        x.connected = now()
        x.connection = RESUMED if resumed else NEW
        x.tcp = stream.connected - stream.begun
        if tls := stream.tls:
            x.tls, x.handshake_cpu = x.connected - stream.connected, tls.handshake_cpu
        x.connect_delay = stream.delay
        x.sent = now()
        self._send(x)

    def _too_late(self) -> bool:
        """Whether the time of the exchange went by while it was connected; it is over then."""
        if self.x is None or now() <= self.x.deadline:
            return False
        self.fail(Outcome.TIMEOUT, "")
        return True

    def _settle(self) -> None:
        if self.settled and not self.settled.done():
            self.settled.set_result(None)

    # one exchange after the other

    def start(self, x: Exchange) -> None:
        """Send an exchange on this connection, which is open and idle."""
        self.x = x
        x.link = self
        x.address = self.address
        x.connection = REUSED
        x.started = x.connected = x.sent = now()
        self._send(x)

    def _send(self, x: Exchange) -> None:
        request, stream = x.request, self.stream
        self._reader.expect(x.wants, request.method == "HEAD")
        data = request.encoded
        stream.write(x.encoded if data is None else data)
        if stream.taken:
            self._wired[x.slot] += 1

    def wrote(self) -> None:
        if self.x and self.x.sent:
            self._wired[self.x.slot] += 1

    def data(self, data: bytes | memoryview) -> bool:
        x, reader = self.x, self._reader
        if x is None:
            self._drop()
            return False
        try:
            complete = reader.feed(data)
        except BadResponse as error:
            self.fail(Outcome.BAD_RESPONSE, str(error))
            return False
        if complete:
            self._answered(x)
            return False
        if not self._first:
            self._first = self.stream.stamp or NOT_YET
        return True

    def _answered(self, x: Exchange) -> None:
        reader, stream = self._reader, self.stream
        x.done = done = now()
        if stream.stamp:
            # the stamp is CLOCK_REALTIME: its age is what counts
            age = wall() - stream.stamp
            if 0 <= age <= done - x.sent:  # a stamp from before it was sent is another packet's
                x.received = x.first = done - age
            x.shared_read = reader.surplus
        if self._first:
            x.first = self._first_byte(x)
        if done > x.deadline and (x.received or done) > x.deadline:
            self.fail(Outcome.TIMEOUT, "")
            return
        x.status = reader.status
        x.encoded = b""  # it is kept for a while, and the headers that were added to it are secret
        if reader.excerpt:
            x.excerpt = reader.plain_excerpt()
        if x.wants:
            x.headers, x.body = reader.kept()
        self.x = None
        if x.connection != REUSED:
            stream.keep_session()
        all_sent = stream.unsent is None and not stream.unencrypted
        if reader.keep_alive and not reader.surplus and all_sent and not stream.ended:
            self._pool.free(self, x)
        else:
            self.close()
            self._pool.gone(self, x)
        self._done(x)

    def _first_byte(self, x: Exchange) -> int:
        """When the kernel had the first byte of an answer that came in several reads; 0 if that is not known."""
        stamp, self._first = self._first, 0
        if stamp == NOT_YET:
            return 0
        first = x.received - (self.stream.stamp - stamp) if x.received else x.done - (wall() - stamp)
        return first if x.sent <= first <= (x.received or x.done) else 0

    def describe(self) -> dict[str, object]:
        """The other end, as of `Transport.peer`."""
        return self.stream.describe()

    # endings

    def ended(self) -> None:
        x, reader = self.x, self._reader
        if x is None:
            self._drop()
        elif not x.sent:
            self.fail(Outcome.RESET, "closed by the target while it was being opened")
        elif self._unused(x):
            self._replace(x)
        elif reader.end():
            self._answered(x)
        elif reader.begun:
            self.fail(Outcome.BAD_RESPONSE, "closed by the target in the middle of an answer")
        else:
            self.fail(Outcome.RESET, "closed by the target without an answer")

    def lost(self, outcome: Outcome, reason: str, unread: bool = False) -> None:
        """What the target said before it closed is an answer, or tells why."""
        x, stream = self.x, self.stream
        if x and self._unused(x):
            self._replace(x)
            return
        while unread and self.x is x and stream.read():
            pass
        if self.x is not x or stream.closed:
            return
        if x:
            self.fail(outcome, reason)
        else:
            self._drop()

    def _unused(self, x: Exchange) -> bool:
        """Whether the connection was idle before, and nothing of `x` was sent on it."""
        return x.connection == REUSED and not self.stream.taken

    def _replace(self, x: Exchange) -> None:
        """It was closed while it was idle, which only the sending told: another takes its place."""
        self._client.counters.connections[CLOSED_IDLE] += 1
        self.x = None
        self.close()
        x.connection, x.connected, x.sent = NEW, 0, 0
        self._client.open_for(x)

    def _drop(self) -> None:
        """The target has closed, or spoiled, a connection that nothing was using."""
        if self.settled and not self.settled.done():  # it was not open yet
            self.fail(Outcome.RESET, "")
            return
        self._client.counters.connections[CLOSED_IDLE] += 1
        self.close()
        self._pool.dropped(self)

    def expire(self) -> None:
        """The time of its exchange is over. What the kernel has had in time is an answer, however late we come to it:
        the alarm may be heard before the socket is."""
        x, stream = self.x, self.stream
        if x and not x.sent:
            stream.catch_up()
        while x and x.sent and self.x is x and stream.taken and stream.read():
            pass
        if self.x is x:
            self.fail(Outcome.TIMEOUT, "")

    def fail(self, outcome: Outcome, reason: str) -> None:
        """The exchange on this connection, if any, is over without an answer, and so is the connection."""
        stream = self.stream
        if stream.closed:
            return
        client, x = self._client, self.x
        self.x = None
        if not stream.ready:
            client.counters.connections[FAILED] += 1
        if x and not x.connected:
            x.connect_delay = stream.delay
        if x and self._reader.answered:
            x.status, x.excerpt = self._reader.status, self._reader.plain_excerpt()
        if x and outcome is Outcome.TIMEOUT:
            # as the stamps tell; if its answer had begun, the time to its first byte is no longer asked
            x.first = 0 if self._first or x.first else NOT_YET
            x.received = x.received or NOT_YET
        self.close()
        self._pool.gone(self)
        if x:
            client.finish(x, outcome, reason)

    def close(self) -> None:
        if self.stream.closed:
            return
        self.stream.close()
        if self._reader.at_rest:
            self._client.readers.append(self._reader)
        else:
            self._reader.close()
        self._client.connections.discard(self)
        self._settle()
