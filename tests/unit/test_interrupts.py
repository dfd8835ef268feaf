"""`interrupts`: signals cancel a run at first, then they do what it says, and afterwards they are others'."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from loadgen.errors import Exit
from loadgen.interrupts import SIGNALS, Interrupted, Interrupts, interrupts


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_signal_before_anybody_took_over_ends_the_block(number: signal.Signals) -> None:
    with pytest.raises(Interrupted, match="anything to report") as ended:
        async with asyncio.timeout(10):
            with interrupts():
                os.kill(os.getpid(), number)
                await asyncio.Event().wait()
    assert ended.value.status is Exit.INTERRUPTED


async def test_a_second_signal_leaves_the_tidying_up_alone() -> None:
    tidied = False
    with pytest.raises(Interrupted), interrupts():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(5):
                await asyncio.sleep(0)
            tidied = True
    assert tidied


async def test_who_took_over_is_told_of_each() -> None:
    told = list[int]()
    with interrupts() as now:
        now.heed(lambda: told.append(len(told)))
        for _ in range(2):
            now.take()
    assert (told, now.kept) == ([0, 1], False)


async def test_a_signal_that_nobody_heeds_is_kept_for_whoever_is_next() -> None:
    told = list[int]()
    signals = Interrupts()
    signals.take()
    assert signals.kept
    signals.heed(lambda: told.append(1))
    assert (told, signals.kept) == ([1], False)
    signals.heed(None)
    signals.take()
    assert not signals.kept, "it has been heeded already that the user wants to stop"


@pytest.mark.parametrize("turns", range(3))
async def test_a_signal_at_the_very_end_is_not_lost(turns: int) -> None:
    with pytest.raises(Interrupted, match="before the result was shown"), interrupts() as now:
        now.heed(None)
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(turns):
            await asyncio.sleep(0)


async def test_another_cancellation_is_no_interrupt() -> None:
    async def block() -> None:
        with interrupts():
            await asyncio.Event().wait()

    task = asyncio.create_task(block())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with interrupts():
        assert not {signal.getsignal(number) for number in SIGNALS} & set(before)
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("end_at_once(); kill(getpid(), SIGHUP); print('goes on')", 130),
        ("signal(SIGHUP, SIG_IGN); end_at_once(); kill(getpid(), SIGHUP)", 0),
        ("end_at_once(); ignore(); [kill(getpid(), number) for number in SIGNALS]", 0),
        ("import atexit; end_at_once(); ignore(); atexit.register(lambda: kill(getpid(), SIGTERM)); exit(7)", 7),
    ],
    ids=["a hangup", "under nohup", "when all is done", "while Python ends"],
)
def test_outside_of_a_run(code: str, status: int) -> None:
    imports = "from os import *; from signal import *; from loadgen.interrupts import SIGNALS, end_at_once, ignore"
    done = subprocess.run([sys.executable, "-c", f"{imports}; {code}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")
