"""The function behind the front, which answers every path that is not special."""

from __future__ import annotations

import json
from collections.abc import Callable

from loadgen.clock import MILLISECOND
from loadgen.profile.units import duration
from loadgen.sandbox.heads import JSON, Heads
from loadgen.sandbox.messages import Fate, Reply, Request
from loadgen.sandbox.replies import faulty, message
from loadgen.sandbox.simulation import Simulation

READ_LIMIT = 65536
"""A larger body is not looked into."""

# status: (body, the name of the error in a REST API)
REFUSALS = {
    429: (b'{"message":"Too Many Requests"}', b"TooManyRequestsException"),
    500: (b'{"message": "Internal server error"}', b"InternalServerErrorException"),
    502: (b'{"message": "Internal server error"}', b"InternalServerErrorException"),
    503: (b'{"message":"Service Unavailable"}', b"ServiceUnavailableException"),
    504: (b'{"message": "Endpoint request timed out"}', b"InternalServerErrorException"),
}


# what Lambda itself answers, to an Invoke or at a function's URL
THROTTLED = b'{"Reason":"%s","Type":"User","message":"Rate Exceeded."}'


Logged = Callable[[Request, Fate], bytes]


class Body:
    """What a function answers: JSON of `size` bytes. `id` is that of the request's JSON, or the sandbox's own."""

    def __init__(self, size: int) -> None:
        self._padding = b"x" * size
        self._own_ids = 0

    def make(self, asked: bytes, more: bytes = b"") -> bytes:
        """The answer to the body `asked`; `more`: further members, each with a comma behind it."""
        own = _own_id(asked)
        if own is None:
            self._own_ids += 1
            own = b'"%016x"' % self._own_ids
        body = b'{"id": %s, "message": "simulated", %s"padding": "' % (own, more)
        return b'%s%s"}' % (body, self._padding[len(body) + 2 :])


class Function:
    """Answers 200, or 201 to POST, with a `Body` of `size` bytes."""

    body_limit = READ_LIMIT

    def __init__(self, simulation: Simulation, heads: Heads, size: int, logged: Logged | None = None) -> None:
        """`logged` hears of each request, and gives the id that the gateway has for it."""
        self._simulation, self._heads, self._logged = simulation, heads, logged
        self._body = Body(size)

    def fate(self, request: Request) -> Fate:
        keep_alive = _keep_alive(request.body) if self._simulation.downstream else None
        fate = self._simulation.admit(request.received, keep_alive=keep_alive, method=request.method, path=request.path)
        return self._heard(request, fate)

    def _heard(self, request: Request, fate: Fate) -> Fate:
        if self._logged:
            request.extra = self._logged(request, fate)
        return fate

    def answer(self, request: Request) -> Reply:
        fate, heads = request.fate, self._heads
        if fate.status:
            body, error = REFUSALS[fate.status]
            if fate.status == 429 and fate.reason:
                body = THROTTLED % fate.reason.encode()
            return Reply(
                fate.status, heads.whole(request, fate.status, body, extra=b"x-amzn-errortype: %s\r\n" % error)
            )
        status = 201 if request.method == b"POST" else 200
        extra = _answer(fate)
        body = self._body.make(request.body)
        if fate.fault and request.method != b"HEAD":
            return faulty(
                fate.fault,
                status,
                lambda length, framing: heads.head(request, status, length, JSON, framing + extra),
                body,
            )
        return Reply(status, heads.whole(request, status, body, extra=extra))


class Delay(Function):
    """`/delay/25ms`: the function, running for the time in the path."""

    def fate(self, request: Request) -> Fate:
        try:
            service = duration(request.path.rpartition(b"/")[2].decode("latin-1"))
        except ValueError:
            return self._simulation.bypass(request.received)
        return self._heard(request, self._simulation.admit(request.received, service))

    def answer(self, request: Request) -> Reply:
        try:
            duration(request.path.rpartition(b"/")[2].decode("latin-1"))
        except ValueError:
            return message(request, self._heads, 400, "expected a path such as /delay/25ms")
        return super().answer(request)


def _answer(fate: Fate) -> bytes:
    """What a function reports about itself: a flag for its first call, its environment, its time in ms, and its calls
    of the service behind."""
    init = b", init;dur=%.3f" % (fate.init / MILLISECOND) if fate.cold else b""
    behind, opened = b"", b""
    if visit := fate.visit:
        behind, opened = b", db;dur=%.3f" % (visit.time / MILLISECOND), b"x-opened: %d\r\n" % visit.opened
    fetched = b""
    if fetch := fate.fetch:
        behind += b", fetch;dur=%.3f" % (fetch.time / MILLISECOND)
        fetched = b"x-fetched: %d\r\n" % fetch.number
    return b"x-cold: %s\r\nx-env: %d\r\n%sserver-timing: fn;dur=%.3f%s%s\r\n" % (
        b"true" if fate.cold else b"false",
        fate.environment,
        opened + fetched,
        fate.service / MILLISECOND,
        behind,
        init,
    )


def _keep_alive(body: bytes) -> bool | None:
    """The value of `keepAlive` in the request's JSON."""
    chosen = _member(body, "keepAlive")
    return chosen if isinstance(chosen, bool) else None


def _own_id(body: bytes) -> bytes | None:
    """The JSON of `id` in the request's body, if it is a string or a number."""
    own = _member(body, "id")
    try:
        return json.dumps(own, allow_nan=False).encode() if isinstance(own, str | int | float) else None
    except ValueError:
        return None


def _member(body: bytes, name: str) -> object:
    """A member of the body's JSON; None if there is none."""
    if b'"%s"' % name.encode() not in body:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value.get(name) if isinstance(value, dict) else None
