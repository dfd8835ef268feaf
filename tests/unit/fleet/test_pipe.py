"""`fleet.pipe`: what the other end said last is heard, whenever it dies."""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
from typing import Any

import pytest

from loadgen.fleet.pipe import Pipe


def message(kind: str, value: Any) -> bytes:
    data = pickle.dumps((kind, value))
    return struct.pack("!I", len(data)) + data


@pytest.mark.parametrize("said", [(), (("reached", 1), ("finished", 2))])
async def test_sending_to_one_that_has_just_died(said: tuple[tuple[str, int], ...]) -> None:
    ours, theirs = socket.socketpair()
    heard: list[tuple[str, Any]] = []
    ended = asyncio.Event()
    pipe = Pipe(asyncio.get_running_loop(), ours, lambda kind, value: heard.append((kind, value)), ended.set)
    theirs.sendall(b"".join(message(*each) for each in said))
    theirs.close()
    pipe.send("enter", 1)
    pipe.send("bye")
    assert not ended.is_set(), "what it said is still to be read"
    async with asyncio.timeout(10):
        await ended.wait()
    assert heard == list(said)
    assert pipe.closed
    pipe.send("bye")


async def test_closing_what_can_no_longer_be_sent() -> None:
    ours, theirs = socket.socketpair()
    pipe = Pipe(asyncio.get_running_loop(), ours, lambda kind, value: None, lambda: None)
    theirs.close()
    pipe.send("bye")
    pipe.close_when_sent()
    assert pipe.closed
