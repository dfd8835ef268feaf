"""SIGINT and SIGTERM, from the beginning of a run to its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from loadgen.errors import Exit, LoadgenError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(LoadgenError):
    """The user interrupted the run before there was anything to report."""

    status = Exit.INTERRUPTED


@dataclass
class Interrupts:
    """What a signal does now. It can be changed. A signal that comes while nothing is set is kept as `early`, for the
    code that sets the next action."""

    do: Callable[[], object] | None = None
    early: bool = False

    def take(self) -> None:
        if self.do:
            self.do()
        else:
            self.early = True


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Handle both signals while the block lasts. At first a signal cancels the block, which then raises Interrupted."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    given_up = False

    def give_up() -> None:
        nonlocal given_up
        if not given_up and task:
            given_up = task.cancel()

    now = Interrupts(give_up)
    for number in SIGNALS:
        loop.add_signal_handler(number, now.take)
    try:
        yield now
    except asyncio.CancelledError:
        if given_up:
            raise Interrupted("interrupted before there was anything to report") from None
        raise
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
