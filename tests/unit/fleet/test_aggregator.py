"""`fleet.aggregator`: it answers with the counts of what it was sent, and is last to get the CPU."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

import pytest
from backlogs import Story, plain

from loadgen.fleet.aggregation import Counted, HandIn, Recorded, ToAggregator
from loadgen.fleet.aggregator import Aggregator, give_way
from loadgen.fleet.pipe import Pipe
from loadgen.record.recorder import Batch

PATIENCE = 10


class Ends:
    """An aggregator on this loop, and the other end of its pipe."""

    def __init__(self) -> None:
        loop, (ours, theirs) = asyncio.get_running_loop(), socket.socketpair()
        self.answers: asyncio.Queue[Counted] = asyncio.Queue()
        self.pipe: Pipe[ToAggregator, Counted] = Pipe(loop, ours, self.answers.put_nowait, lambda: None)
        self.aggregator = Aggregator(loop, theirs)

    async def answer(self) -> Counted:
        async with asyncio.timeout(PATIENCE):
            return await self.answers.get()


async def test_it_hands_in_what_it_counted_since_it_last_did() -> None:
    ends, story = Ends(), Story()
    story.add(0)
    story.add(1)
    story.hand_in()
    story.hand_in()
    for message in story.process.sent:
        ends.pipe.send(message)
    assert plain((await ends.answer()).recording) == plain(story.expected)
    assert plain((await ends.answer()).recording) == ({}, {}, [[], []])
    ends.pipe.close()
    await asyncio.wait_for(ends.aggregator.over, PATIENCE)


@pytest.mark.filterwarnings("ignore:.*:ResourceWarning")
async def test_a_mistake_of_ours_ends_it_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    ends = Ends()
    ends.pipe.send(Recorded(0, Batch(bytes(7), ())))
    ends.pipe.send(HandIn())
    await asyncio.wait_for(ends.aggregator.over, PATIENCE)
    assert capfd.readouterr() == ("", "")
    ends.pipe.close()


@pytest.mark.parametrize("refused", [None, PermissionError()])
def test_it_gives_way_as_far_as_the_system_allows(
    monkeypatch: pytest.MonkeyPatch, refused: PermissionError | None
) -> None:
    asked: list[Any] = []

    def set_scheduler(pid: int, policy: int, parameters: os.sched_param) -> None:
        asked.append((pid, policy))
        if refused:
            raise refused

    monkeypatch.setattr(os, "sched_setscheduler", set_scheduler)
    monkeypatch.setattr(os, "nice", asked.append)
    give_way()
    assert asked == [(0, os.SCHED_IDLE), *([19] if refused else [])]
    monkeypatch.delattr(os, "sched_setscheduler")
    give_way()
    assert asked[-1] == 19
