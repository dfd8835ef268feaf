"""The server that stalls: `python -m bench.stall.server FOLDER SERVICE STALL LENGTH`, times in ns.

It answers each request `SERVICE` after it came. `STALL` after the first one it stops answering for `LENGTH`; it goes on
accepting and reading meanwhile, so that its log has the instant at which each request came. `FOLDER`/port tells where
it listens, on 127.0.0.1; when it is asked to end (SIGTERM) it writes `FOLDER`/log.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from array import array
from collections import deque
from pathlib import Path

from loadgen.clock import Clock
from loadgen.net.timerfd import LoopClock, die_with_parent, lower_timer_slack

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """All answers leave in the order in which their requests came, as every one takes equally long."""

    def __init__(self, clock: Clock, service: int, stall: int, length: int) -> None:
        self._now = clock.now
        self._service, self._stall, self._length = service, stall, length
        self.stall = (0, 0)  # from when to when nothing is answered
        self.received, self.answered = array("q"), array("q")
        self.connections = self.held = 0  # `held`: requests whose answers the stall held up
        self._waiting: deque[tuple[int, asyncio.WriteTransport]] = deque()
        self._alarm = clock.alarm(self._answer)

    def take(self, connection: asyncio.WriteTransport) -> None:
        """A request has come."""
        at = self._now()
        if not self.received:
            self.stall = (at + self._stall, at + self._stall + self._length)
        self.received.append(at)
        due = at + self._service
        if self.stall[0] <= due < self.stall[1]:
            due = self.stall[1]
            self.held += 1
        self._waiting.append((due, connection))
        if len(self._waiting) == 1:
            self._alarm.set(due)

    def _answer(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._now():
            _, connection = self._waiting.popleft()
            self.answered.append(self._now())
            connection.write(ANSWER)  # nothing happens if it is gone
        if self._waiting:
            self._alarm.set(self._waiting[0][0])

    def log(self) -> dict[str, object]:
        """What happened, in ns. The n-th answer is that of the n-th request; the last may lack theirs."""
        received, answered = self.received.tolist(), self.answered.tolist()
        counts = {"connections": self.connections, "held": self.held}
        return {"received": received, "answered": answered, "stall": self.stall, **counts}


class Connection(asyncio.Protocol):
    """Takes GETs, the end of whose heads is theirs."""

    def __init__(self, server: Server) -> None:
        self._server, self._text = server, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._server.connections += 1

    def data_received(self, data: bytes) -> None:
        *requests, self._text = (self._text + data).split(b"\r\n\r\n")
        for _ in requests:
            self._server.take(self._transport)


async def main(folder: Path, service: int, stall: int, length: int) -> None:
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    server = Server(clock, service, stall, length)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=4096)
    port = folder / ".port"
    port.write_text(str(listening.sockets[0].getsockname()[1]))
    port.rename(folder / "port")
    await ended.wait()
    (folder / "log.json").write_text(json.dumps(server.log()))
    clock.close()
    listening.close()


if __name__ == "__main__":
    die_with_parent(os.getppid())
    lower_timer_slack()
    where, *times = sys.argv[1:]
    asyncio.run(main(Path(where), *map(int, times)))
