"""The event loop that a command runs on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from loadgen.interrupts import Interrupted

T = TypeVar("T")


def on_loop(work: Coroutine[Any, Any, T], done: Callable[[], object] = lambda: None) -> T:
    """What `work` comes to. `done` is called as soon as it has ended, before the loop is closed: a signal may end the
    process meanwhile, and a terminal would be left without its cursor.

    After Interrupted the loop stays open. To close it is to wait for every look-up of a name that hangs, and the
    process ends anyway.
    """
    import asyncio

    import uvloop

    async def working() -> T:
        try:
            return await work
        finally:
            done()

    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        result = runner.run(working())
    except Interrupted:
        raise
    except BaseException:
        runner.close()
        raise
    runner.close()
    return result
