"""`net.thread`: what blocks holds nothing up, and may be given up."""

from __future__ import annotations

import asyncio
import queue
import threading

import pytest

from loadgen.errors import LoadgenError
from loadgen.net.thread import in_thread

PATIENCE = 10


async def test_asking_holds_nothing_up_and_may_be_given_up() -> None:
    release = threading.Event()
    late: queue.Queue[str] = queue.Queue()

    def ask() -> str:
        assert release.wait(PATIENCE)
        return "late"

    asking = asyncio.ensure_future(in_thread(ask, late.put))
    await asyncio.sleep(0)  # the loop goes on
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert late.empty()
    release.set()
    assert await in_thread(lambda: late.get(timeout=PATIENCE)) == "late", "who asked takes back what is not wanted"


async def test_an_answer_that_is_wanted_and_one_that_fails() -> None:
    def fail() -> str:
        raise LoadgenError("no")

    assert await in_thread(lambda: "now") == "now"
    with pytest.raises(LoadgenError, match="no"):
        await in_thread(fail)
