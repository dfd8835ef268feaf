"""A worker whose node does not live, or does not say so."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator

import pytest

from loadgen.fleet import worker as workers
from loadgen.fleet.messages import Beat, FromWorker, ToWorker
from loadgen.fleet.pipe import Pipe
from loadgen.fleet.worker import UNHEARD, Worker


class Ended(Exception):
    """In the place of the process's end."""


class Both:
    """A worker, and the node's end of its pipe. `looks` has an entry for each look at whether the node lives."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        self.worker = Worker(loop, theirs)
        self.node: Pipe[ToWorker, FromWorker] = Pipe(loop, ours, lambda message: None, lambda: None)
        self.looks: list[None] = []
        look = self.worker._listen

        def counted() -> None:
            self.looks.append(None)
            look()

        self.worker._listen = counted  # type: ignore[method-assign]

    def close(self) -> None:
        self.worker._listen = lambda: None  # type: ignore[method-assign]
        self.worker.pipe.close()
        self.worker._report_alarm.close()  # type: ignore[attr-defined]
        self.node.close()


@pytest.fixture
async def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:  # type: ignore[misc]
    monkeypatch.setattr(workers, "LISTEN", 0.001)
    made = Both()
    yield made
    made.close()


async def soon(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_one_that_hears_nothing_of_its_node_any_more_ends(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    both.node.send(Beat())
    await soon(lambda: ended)
    assert len(both.looks) >= UNHEARD


async def test_one_that_hears_of_its_node_stays(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "UNHEARD", 1_000)
    both.node.send(Beat())
    await soon(lambda: len(both.looks) > 10)
    both.node.send(Beat())
    await soon(lambda: both.worker._unheard < 5)


async def test_one_that_has_no_node_does_not_listen_for_it(both: Both) -> None:
    assert both.worker._unheard < 0
    assert not both.looks
