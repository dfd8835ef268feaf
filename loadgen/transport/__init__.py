"""HOW: clients that send an exchange and finish it exactly once.

`wire` is loadgen's own and the default; `aiohttp` and, for DynamoDB, `sdk` are what the user's own program may use;
`scripted` replies on a script. All of them pass one contract test.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from loadgen.aws.credentials import Credentials
from loadgen.clock import Clock
from loadgen.exchange import Exchange, Request
from loadgen.net.names import Address, Origin

# what happened to a client's connections, counted in the ledger
OPENED, RESUMED, CLOSED_IDLE, PREOPENED, FAILED, PEAK = range(6)
CONNECTION_COUNTERS = ("opened", "resumed", "closed_idle", "preopened", "failed", "peak")


Authorize = Callable[[Request], str]
"""Gives the header lines to add to a request, each behind its line break."""


@dataclass(frozen=True, slots=True)
class SdkSettings:
    """What the sdk client is told besides. `endpoint` is a URL, None for AWS's own; `credentials` gives those to sign
    with now, None where each session of the SDK is to find its own, those of `profile_name` if it is named."""

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
    load; `authorize` gives the headers, a signature for example, that are added to a request when it is sent.
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
    authorize: Authorize | None = None
    sdk: SdkSettings | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """Where a client counts: `wired[slot]` exchanges that had a first byte sent, `connections[…]` as named above."""

    wired: memoryview[int]
    connections: memoryview[int]


class Transport(Protocol):
    """A client. `send` returns at once and never raises for what the target does; the exchange is handed to the `done`
    that the client was made with, exactly once, with its instants, outcome and connection label filled in."""

    kernel_stamps: bool

    async def prepare(self) -> None:
        """Open what is to be open before the load. Failures are left to the load to meet."""

    def send(self, x: Exchange) -> None: ...

    def end_iteration(self, owner: object) -> None:
        """An iteration is over: what was kept for it alone can go."""

    def cancel(self) -> None:
        """Finish every exchange that is open as `cancelled`."""

    async def close(self) -> None: ...


Done = Callable[[Exchange], None]
Maker = Callable[[Clock, Settings, Counters, Done], Transport]
