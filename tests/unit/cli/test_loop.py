"""`cli.loop`: a command that is interrupted waits for nothing that hangs."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from loadgen.cli.loop import on_loop
from loadgen.errors import TargetError
from loadgen.interrupts import Interrupted

PATIENCE = 10


def test_nothing_that_hangs_keeps_an_interrupted_command() -> None:
    answer = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def work() -> None:
        loops.append(asyncio.get_running_loop())
        loops[0].run_in_executor(None, answer.wait, PATIENCE)
        raise Interrupted("given up")

    with pytest.raises(Interrupted):
        on_loop(work())
    assert not answer.is_set()
    answer.set()
    loops[0].run_until_complete(loops[0].shutdown_default_executor())
    loops[0].close()


@pytest.mark.parametrize("fails", [False, True])
def test_else_the_loop_is_closed(fails: bool) -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    closed: list[bool] = []

    async def work() -> int:
        loops.append(asyncio.get_running_loop())
        if fails:
            raise TargetError("no")
        return 7

    with suppress(TargetError):
        assert on_loop(work(), lambda: closed.append(loops[0].is_closed())) == 7
    assert loops[0].is_closed()
    assert closed == [False], "the display gives its terminal back first"
