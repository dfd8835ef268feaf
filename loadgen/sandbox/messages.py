"""What connections and handlers exchange: a request, its fate, the reply. These know nothing of either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from loadgen.sandbox.downstream import Visit
from loadgen.sandbox.fetched import Fetch
from loadgen.sandbox.invocation import Invocation

BODY_LIMIT = 10 * 2**20
"""The largest body that is taken; what is larger is read, thrown away and refused."""


@dataclass(slots=True)
class Fate:
    """When the reply is ready, and why. Times are nanoseconds.

    `status` is 0 if the function decides it; `fault`: throttle, overflow, timeout, a key of `Faults`, or empty.
    `reason`: why Lambda refused it, in Lambda's words. `queued` is the time from the request to its start, a stall
    included. `environment` is 0 if there is no pool, or if the request reached none. `service` includes the times of
    what it had to `fetch`, and of the `visit` to the service behind. `gateway` is the gateway's own time. `prepared` is
    how long a provisioned environment took to start, at its first request, which did not wait for it. `overhead` is
    Lambda's own time, behind a gateway. `invocation` is there for an Invoke that ran, and for what ran behind a
    gateway.
    """

    ready: int
    status: int = 0
    fault: str = ""
    environment: int = 0
    cold: bool = False
    service: int = 0
    init: int = 0
    queued: int = 0
    visit: Visit | None = None
    fetch: Fetch | None = None
    reason: str = ""
    gateway: int = 0
    prepared: int = 0
    overhead: int = 0
    invocation: Invocation | None = None


class Ending(Enum):
    KEEP = "the connection stays, unless the request said otherwise"
    CLOSE = "it closes in good order"
    CUT = "it ends without TLS saying so"
    RESET = "it is reset"
    LINGER = (
        "our side of it closes; what still comes is thrown away for a while, so that the reply is not lost to a reset"
    )
    HANG = "nothing more happens until the client goes"


class Piece(NamedTuple):
    """`data` leaves `pause` ns after the bytes before it are in the kernel."""

    pause: int
    data: bytes


class Reply(NamedTuple):
    """A reply: `data` at once, then the `pieces`, then the `ending`. `status` 0: there is none."""

    status: int
    data: bytes = b""
    pieces: Iterator[Piece] | None = None
    ending: Ending = Ending.KEEP


class Handler(Protocol):
    """Serves a request. It is chosen when the head of the request is there."""

    body_limit: int
    """A larger body is not kept for it."""

    def fate(self, request: Request) -> Fate:
        """The fate of the request; called when it comes."""
        ...

    def answer(self, request: Request) -> Reply:
        """The answer to the request; called when it is due."""
        ...


class Request:
    """One request, from its last byte to its reply: number `number` on the connection `connection`, which was accepted
    at the instant `accepted`. `on_due` is called when the reply is due.

    `path` is without the `query`. `body` is whole, or empty if the handler does not read it; `size` is the number of
    bytes that came. A handler that makes the reply when the request comes keeps it there.

    `received`, `intended`, `sent`: see `truth.Truth`. `keep_alive`: the connection may be used again after the reply.
    `headers` are there if the request may be for an AWS service; `operation` is the name that the handler gives to the
    operation, and `extra` the lines that it adds to the head of the reply.
    """

    __slots__ = (
        "accepted",
        "body",
        "connection",
        "due",
        "extra",
        "fate",
        "handler",
        "headers",
        "intended",
        "keep_alive",
        "method",
        "number",
        "on_due",
        "operation",
        "path",
        "query",
        "received",
        "sent",
        "size",
        "status",
    )

    fate: Fate
    handler: Handler

    def __init__(
        self,
        connection: int,
        accepted: int,
        number: int,
        method: bytes,
        path: bytes,
        size: int,
        keep_alive: bool,
        received: int,
        on_due: Callable[[], None],
    ) -> None:
        self.connection, self.accepted, self.number, self.on_due = connection, accepted, number, on_due
        self.method, self.path = method, path
        self.body, self.size, self.keep_alive = b"", size, keep_alive
        self.received, self.intended, self.sent, self.status = received, 0, 0, 0
        self.headers: Sequence[tuple[bytes, bytes]] = ()
        self.operation = ""
        self.query = self.extra = b""
        self.due = False

    def fall_due(self) -> None:
        self.due = True
        self.on_due()
