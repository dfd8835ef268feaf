"""One request, from its last byte to its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from loadgen.sandbox.answers import Answer
    from loadgen.sandbox.connection import Connection
    from loadgen.sandbox.heads import Heads
    from loadgen.sandbox.simulation import Fate, Simulation


BODY_LIMIT = 10 * 2**20
"""The largest body that is taken; what is larger is read, thrown away and refused."""


class Handler(Protocol):
    """What serves a request: chosen when its head is there."""

    body_limit: int
    """A larger body is not kept for it."""

    def fate(self, request: Request, simulation: Simulation) -> Fate:
        """What happens to it; called as it comes."""
        ...

    def answer(self, request: Request, heads: Heads) -> Answer:
        """What it gets; called when it is due."""
        ...


class Request:
    """`path` is without the query. `body` is whole, or empty where the handler does not read it; `size` is what came.
    A handler whose answer is made as the request comes keeps it there.

    `received`, `intended`, `sent`: see `truth.Truth`. `keep_alive`: the connection may be used again after the answer.
    `headers` are there for a POST to `/`; `operation` is what a handler of several calls it.
    """

    __slots__ = (
        "body",
        "connection",
        "due",
        "fate",
        "handler",
        "headers",
        "intended",
        "keep_alive",
        "method",
        "number",
        "operation",
        "path",
        "received",
        "sent",
        "size",
        "status",
    )

    fate: Fate
    handler: Handler

    def __init__(
        self,
        connection: Connection,
        number: int,
        method: bytes,
        path: bytes,
        size: int,
        keep_alive: bool,
        received: int,
    ) -> None:
        self.connection, self.number, self.method, self.path = connection, number, method, path
        self.body, self.size, self.keep_alive = b"", size, keep_alive
        self.received, self.intended, self.sent, self.status = received, 0, 0, 0
        self.headers: Sequence[tuple[bytes, bytes]] = ()
        self.operation = ""
        self.due = False

    def fall_due(self) -> None:
        self.due = True
        self.connection.flush()
