"""`fleet.pipe`: what the other end said last is heard, whenever it dies."""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct

import pytest

from loadgen.fleet.messages import Bye, Enter, Finished, FromWorker, Reached, ToWorker
from loadgen.fleet.pipe import Pipe
from loadgen.record.samples import Kept


def on_the_wire(message: FromWorker) -> bytes:
    data = pickle.dumps(message)
    return struct.pack("!I", len(data)) + data


@pytest.mark.parametrize("sent", [(), (Reached(1), Finished(Kept([], [], {}, [])))])
async def test_sending_to_one_that_has_just_died(sent: tuple[FromWorker, ...]) -> None:
    ours, theirs = socket.socketpair()
    received: list[FromWorker] = []
    ended = asyncio.Event()
    pipe: Pipe[ToWorker, FromWorker] = Pipe(asyncio.get_running_loop(), ours, received.append, ended.set)
    theirs.sendall(b"".join(on_the_wire(message) for message in sent))
    theirs.close()
    pipe.send(Enter(1, 0))
    pipe.send(Bye())
    assert not ended.is_set(), "what it said is still to be read"
    async with asyncio.timeout(10):
        await ended.wait()
    assert received == list(sent)
    assert pipe.closed
    pipe.send(Bye())


async def test_closing_what_can_no_longer_be_sent() -> None:
    ours, theirs = socket.socketpair()
    ended: list[bool] = []
    pipe: Pipe[ToWorker, FromWorker] = Pipe(
        asyncio.get_running_loop(), ours, lambda message: None, lambda: ended.append(True)
    )
    theirs.close()
    pipe.send(Bye())
    pipe.close()
    await asyncio.sleep(0)
    assert pipe.closed
    assert ended == [], "it was closed from here"


async def test_a_message_larger_than_the_socket_takes_arrives_whole_and_in_its_turn() -> None:
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    received: list[FromWorker] = []
    over = asyncio.Event()
    sender: Pipe[FromWorker, ToWorker] = Pipe(loop, theirs, lambda message: None, lambda: None)
    receiver: Pipe[ToWorker, FromWorker] = Pipe(loop, ours, received.append, over.set)
    large = Finished(Kept([], [], {(0, 1, "x" * 5_000_000): 1}, []))
    for message in (Reached(1), large, Reached(2)):
        sender.send(message)
    async with asyncio.timeout(10):
        while len(received) < 3:
            await asyncio.sleep(0)
    assert received == [Reached(1), large, Reached(2)]
    sender.close()
    async with asyncio.timeout(10):
        await over.wait()
    assert receiver.closed
