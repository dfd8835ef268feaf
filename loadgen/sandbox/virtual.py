"""The sandbox without sockets: it is handed a request, and says what becomes of it. For time that is virtual."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen import exchange
from loadgen.clock import Clock
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.core import Core
from loadgen.sandbox.messages import Ending, Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets: its status, 0 if the connection is reset; `after` so many ns from when it was sent."""

    after: int
    status: int
    head: bytes = b""
    body: bytes = b""


class VirtualSandbox:
    """A sandbox on that clock. Calls of a DynamoDB take their time, and find no table: the answer is `{}`.

    It has no answers in pieces: a fault other than errors and reset is an answer that is whole. It accepts every
    signature.
    """

    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        function = settings.function.model_copy(update={"signatures": "ignore"})
        self._core = Core(settings.model_copy(update={"function": function}), clock)
        self._now = clock.now
        self._tls = settings.tls

    def connect(self) -> int:
        """The time in ns from the first packet of a connection until it is ready; over HTTP that of the first answer is
        longer."""
        return self._core.simulation.leaves(self._now(), 2) - self._now() if self._tls else 0

    def answer(self, asked: exchange.Request, first: bool) -> Answer:
        """What becomes of a request that is sent now; `first` on its connection."""
        now, simulation = self._now(), self._core.simulation
        owed = 0 if self._tls or not first else 1
        if asked.operation and asked.path == "/":  # of DynamoDB
            fate = simulation.serve(now, asked.operation.encode())
            status = 500 if fate.fault == "errors" else 200
            return Answer(simulation.leaves(fate.ready, 1 + owed) - now, status, b"HTTP/1.1 %d \r\n" % status, b"{}")
        path, _, query = asked.path.encode().partition(b"?")
        handler = self._core.choose(path, ())
        request = Request(1, now, 1, asked.method.encode(), path, len(asked.body), True, now, _nothing)
        request.query = query
        request.headers = [(name.encode(), value.encode()) for name, value in asked.headers]
        request.body = asked.body if len(asked.body) <= handler.body_limit else b""
        request.fate = handler.fate(request)
        after = simulation.leaves(request.fate.ready, 1 + owed) - now
        reply = handler.answer(request)
        if reply.ending is Ending.RESET:
            return Answer(after, 0)
        head, _, body = reply.data.partition(b"\r\n\r\n")
        return Answer(after, reply.status, head, body)

    def serve(self, now: int, method: bytes, path: bytes) -> tuple[int, bool, bool]:
        """When the function is ready with a request that comes at `now`, which never goes back; whether it started
        cold; and whether it is answered, not refused or failed."""
        fate = self._core.simulation.admit(now, method=method, path=path)
        return fate.ready, fate.cold, not fate.status


def _nothing() -> None: ...
