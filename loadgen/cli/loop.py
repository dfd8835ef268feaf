"""The event loop that a command runs on."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from loadgen.interrupts import Interrupted

T = TypeVar("T")


def on_loop(work: Coroutine[Any, Any, T]) -> T:
    """What `work` comes to. After Interrupted the loop stays open: to close it is to wait for every look-up of a name,
    and the process ends at once."""
    import asyncio

    import uvloop

    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        result = runner.run(work)
    except Interrupted:
        raise
    except BaseException:
        runner.close()
        raise
    runner.close()
    return result
