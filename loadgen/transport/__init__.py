"""HOW: clients that send an exchange and finish it exactly once.

    registry   makes a profile's client
    pool       which exchange gets which connection
    errors     the outcome of an exchange for each socket error
    wire       loadgen's own client, the default
    aiohttp    the client that the user's own program may use
    sdk        aioboto3, for DynamoDB
    scripted   replies from a script, for tests

A client is a folder with a `client.py` that has `make`, a `Maker`, and one line in `profile/clients.py` that says what
it can do. All of them pass one contract test. This module has the values that a client gets and the protocol that it
implements.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from loadgen.aws.credentials import Credentials
from loadgen.clock import Clock
from loadgen.exchange import Exchange, Request
from loadgen.net.names import Address, Origin

Authorize = Callable[[Request], str]
"""Gives the header lines to add to a request, each behind its line break."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What a client that calls an AWS service by itself is told besides. `name` is the service's, as botocore has it;
    `endpoint` is a URL, None for AWS's own;
    `credentials` gives those to sign with now, None where each session of an SDK is to find its own, those of
    `profile_name` if it is named."""

    name: str
    region: str
    endpoint: str | None
    credentials: Callable[[], Credentials | None]
    profile_name: str | None
    account_id_endpoint: bool
    retry_mode: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client is told. `connections` caps those open at once in this worker; `preopen` are opened before the
    load; `fifo`: an exchange of a shared session gets the connection that has been idle longest, not the one used last;
    `authorize` gives the headers, a signature for example, that are added to a request when it is sent; `new_context`
    makes another TLS context like `context`; `service` is there where the target is an AWS service.
    """

    origin: Origin
    addresses: tuple[Address, ...]
    context: ssl.SSLContext | None
    reuse: str
    renew: str
    connections: int
    preopen: int
    resolve_each: bool
    resumption: bool
    fifo: bool = False
    authorize: Authorize | None = None
    new_context: Callable[[], ssl.SSLContext] | None = None
    service: ServiceSettings | None = None


class Counters:
    """Where a client counts: `wired[slot]` exchanges that had a first byte sent, `connections[…]` as
    `net.counters` names them."""

    __slots__ = ("connections", "wired")

    def __init__(self, wired: memoryview, connections: memoryview) -> None:
        self.wired, self.connections = wired, connections


class Transport(Protocol):
    """A client. `send` returns at once and never raises for what the target does; the exchange is handed to the `done`
    that the client was made with, exactly once, with its instants, outcome and connection label filled in.

    `makes_cycles`: it leaves objects behind that only Python's garbage collector frees.
    """

    makes_cycles: bool

    async def prepare(self) -> None:
        """Open what is to be open before the load. Failures are left to the load to meet."""

    def send(self, x: Exchange) -> None: ...

    def end_iteration(self, owner: object) -> None:
        """An iteration is over: what was kept for it alone can go."""

    def cancel(self) -> None:
        """Finish every exchange that is open as `cancelled`."""

    async def close(self) -> None: ...

    def peer(self, x: Exchange) -> dict[str, object]:
        """The other end of the connection that `x` is on: its `address`, and of TLS `tls` (the version), `cipher`,
        `resumed` and `certificate`. Empty where there is no connection, or none that is known."""

    def tcp(self, last: bool = False) -> dict[str, Any] | None:
        """What the kernel says of the connections since the last time, as `TcpWatch.sample`; None if it says
        nothing."""

    def built(self) -> int:
        """How long it has taken so far, in ns, to make what the session makes anew for requests, and to let go of
        it."""

    def options(self) -> dict[str, Any]:
        """What the library below the client is and does, for the result: plain values. Empty if there is none."""


Done = Callable[[Exchange], None]
"""Is handed an exchange that is over."""

Retried = Callable[[Exchange], Exchange]
"""Is handed an attempt that is over, where the client retries by itself; gives the exchange of the next attempt."""

Maker = Callable[[asyncio.AbstractEventLoop, Clock, Settings, Counters, Done, Retried | None], Transport]
"""Makes a client within the running loop."""
