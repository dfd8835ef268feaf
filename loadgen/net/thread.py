"""What blocks, off the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(ask: Callable[[], T], unwanted: Callable[[T], object] | None = None) -> T:
    """What `ask` gives, which may take its time: in a thread that nobody waits for, not even the end of the program.

    `unwanted` gets, in a thread as well, an answer that came when it had been given up.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T) -> None:
        if not answer.done():
            answer.set_result(value)
        elif unwanted:
            _start(lambda: unwanted(value))

    def fail(error: Exception) -> None:
        if not answer.done():
            answer.set_exception(error)

    def run() -> None:
        try:
            value = ask()
        except Exception as error:
            _call(loop, fail, error)
        else:
            _call(loop, settle, value)

    _start(run)
    return await answer


def _start(work: Callable[[], object]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[T], None], argument: T) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(function, argument)
