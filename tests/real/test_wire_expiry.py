"""A client that stands still while answers come: what the kernel had in time is no timeout, and all else is one."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from threading import Event, Thread

import pytest
from contract import Bench, on_uvloop

from loadgen.clock import SECOND, now
from loadgen.exchange import Exchange, Outcome

pytestmark = pytest.mark.real

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LIMIT = 10  # seconds


class Server:
    """Answers the first request at once and the second one in two parts, each when it is told to, on a thread."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.told, self.said = [Event(), Event()], [Event(), Event()]
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self._thread.join(LIMIT)

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(WHOLE)
            connection.recv(4096)
            for told, said, part in zip(self.told, self.said, (WHOLE[:30], WHOLE[30:]), strict=True):
                assert told.wait(LIMIT)
                connection.sendall(part)
                said.set()
            connection.recv(4096)

    def say(self, part: int) -> None:
        self.told[part].set()
        assert self.said[part].wait(LIMIT)


def pass_by(instant: int) -> None:
    """Stand still until then, and the loop with us."""
    while (left := instant - now()) >= 0:
        time.sleep(left / SECOND + 1e-4)


async def held_up(during: Callable[[Server, int], None]) -> Exchange:
    """An exchange of which the loop hears no more until its deadline is past and `during(server, deadline)` is over.
    The alarm is ready before the answer is, as it still stands at the deadline of an exchange before."""
    with Server() as server:
        async with Bench("wire", server.url, connections=1) as bench:
            first = await bench.ask(timeout=500)
            assert first.outcome is Outcome.OK
            await asyncio.sleep(0)  # the socket is forgotten to have been readable
            x = bench.send(timeout=2000)
            pass_by(first.deadline)
            during(server, x.deadline)
            pass_by(x.deadline)
            await bench.end(x)
        for told in server.told:
            told.set()
        return x


@on_uvloop
async def test_an_answer_that_was_there_in_time_is_one() -> None:
    def both(server: Server, deadline: int) -> None:
        server.say(0)
        server.say(1)

    x = await held_up(both)
    assert (x.outcome, x.status, x.body) == (Outcome.OK, 200, b"{}")
    assert x.received <= x.deadline < x.done


@on_uvloop
async def test_an_answer_whose_end_came_too_late_is_none() -> None:
    def one(server: Server, deadline: int) -> None:
        server.say(0)
        pass_by(deadline)
        server.say(1)

    x = await held_up(one)
    assert x.outcome is Outcome.TIMEOUT
    assert x.done > x.deadline


@on_uvloop
async def test_an_answer_that_came_too_late_is_none() -> None:
    def none(server: Server, deadline: int) -> None:
        pass_by(deadline)
        server.say(0)
        server.say(1)

    x = await held_up(none)
    assert (x.outcome, x.status) == (Outcome.TIMEOUT, 0)
