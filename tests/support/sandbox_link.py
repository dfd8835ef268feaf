"""A sandbox whose connections are lists, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from loadgen.clock import SECOND, VirtualClock
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.connection import ServerConnection
from loadgen.sandbox.core import Core
from loadgen.sandbox.truth import Truth

START = 1_000_000


class ListLink:
    """Takes what is sent; `stuck`: as if the client did not read."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.sent: list[tuple[int, bytes]] = []
        self.ending: tuple[str, int] | None = None
        self.closed = self.backlog = self.paused = self.stuck = False
        self.connection: ServerConnection

    def send(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append((self._clock.now(), data))
        self.backlog = self.stuck

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def close(self) -> None:
        self._end("close")

    def cut(self) -> None:
        self._end("cut")

    def reset(self) -> None:
        self._end("reset")

    def linger(self) -> None:
        self.ending = self.ending or ("linger", self._clock.now())

    def _end(self, how: str) -> None:
        if not self.closed:
            self.closed = True
            self.ending = self.ending or (how, self._clock.now())
            self.connection.gone()

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.sent)

    def unstick(self) -> None:
        self.stuck = self.backlog = False
        self.connection.drained()


class Target:
    """A sandbox of one clock, whose connections are lists. Settings are given as values, times in nanoseconds."""

    def __init__(self, log: Path | None = None, **settings: object) -> None:
        self.clock = VirtualClock(START)
        self.core = Core(SandboxSettings.model_validate(settings), self.clock, Truth(log) if log else None)
        self.counters = self.core.counters

    def connect(self, owed: int = 0) -> ListLink:
        link = ListLink(self.clock)
        link.connection = ServerConnection(self.core, link, 1, owed, lambda connection: None)
        return link

    def run(self, ns: int = SECOND) -> None:
        self.clock.run(until=self.clock.now() + ns)


def request(path: str = "/", method: str = "GET", body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: sandbox", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def feed(link: ListLink, data: bytes) -> None:
    link.connection.feed(memoryview(data))


def answers(data: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Status, headers and body of each answer that has a length."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = int(headers["content-length"])
        found.append((int(status.split()[1]), headers, data[:size]))
        data = data[size:]
    return found


Check = Callable[[ListLink], None]


def ends(how: str, after: int = 0) -> Check:
    """The sandbox ended the connection in this way, `after` ns after START."""

    def check(link: ListLink) -> None:
        assert link.ending == (how, START + after)

    return check


def replies_once(status: int, body: bytes | None = None) -> Check:
    """The sandbox sent one answer, and left the connection open."""

    def check(link: ListLink) -> None:
        [(found, _, text)] = answers(link.data)
        assert found == status
        assert body is None or text == body
        assert link.ending is None

    return check


def goes_on(piece: bytes) -> Check:
    """The sandbox sends `piece` again and again, and never ends."""

    def check(link: ListLink) -> None:
        assert 50 < link.data.count(piece) < 150
        assert link.ending is None

    return check
