"""Signals of a run: they cancel it at first, then they do what they are told to, and afterwards they are others'."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from loadgen.errors import Exit
from loadgen.runner.interrupts import Interrupted, interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_before_anybody_took_over_ends_the_block(number: signal.Signals) -> None:
    with pytest.raises(Interrupted) as ended:
        async with asyncio.timeout(10):
            with interrupts():
                os.kill(os.getpid(), number)
                await asyncio.Event().wait()
    assert ended.value.status is Exit.INTERRUPTED


async def test_who_took_over_is_told_of_each() -> None:
    told = list[int]()
    with interrupts() as now:
        now.do = lambda: told.append(len(told))
        for _ in range(2):
            now.take()
    assert (told, now.early) == ([0, 1], False)


async def test_a_signal_that_finds_nothing_to_do_is_remembered() -> None:
    with interrupts() as now:
        now.do = None
        now.take()
        assert now.early


async def test_another_cancellation_is_no_interrupt() -> None:
    async def block() -> None:
        with interrupts():
            await asyncio.Event().wait()

    task = asyncio.create_task(block())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_handlers_are_taken_back() -> None:
    loop = asyncio.get_running_loop()
    with interrupts():
        pass
    assert not any(loop.remove_signal_handler(number) for number in (signal.SIGINT, signal.SIGTERM))
