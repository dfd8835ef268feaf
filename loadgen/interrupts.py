"""The signals that stop the program, and what one of them does, from its first line to its last.

A run decides what a signal does while it lasts (`interrupts`). Before and after that, a signal ends the process at once
(`end_at_once`). When all is done it changes nothing any more (`ignore`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from loadgen.errors import Exit, LoadgenError

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_at_the_end: list[Callable[[], object]] = []

NOTHING = "interrupted before there was anything to report"


class Interrupted(LoadgenError):
    """The user gave up before there was anything to report."""

    status = Exit.INTERRUPTED


class Interrupts:
    """What a signal does now. A first one that nobody heeds is `kept` for whoever heeds the next."""

    def __init__(self) -> None:
        self._do: Callable[[], object] | None = None
        self._heeded = self.kept = False

    def heed(self, do: Callable[[], object] | None) -> None:
        """From now on a signal does this; None: nobody heeds it."""
        self._do = do
        if do and self.kept:
            self.take()

    def take(self) -> None:
        """A signal has come."""
        self.kept = not (self._do or self._heeded)
        if self._do:
            self._heeded = True
            self._do()

    @contextmanager
    def giving_up(self) -> Iterator[None]:
        """A signal cancels the block, which then raises Interrupted, until somebody in it heeds signals otherwise."""
        import asyncio  # the start of the program does not wait for it

        task = asyncio.current_task()
        assert task
        given_up = False

        def give_up() -> None:
            nonlocal given_up
            given_up = given_up or task.cancel()

        if self.kept:
            raise Interrupted(NOTHING)
        self.heed(give_up)
        try:
            yield
        except asyncio.CancelledError:
            if not given_up:
                raise
            task.uncancel()
            raise Interrupted(NOTHING) from None
        finally:
            self.heed(None)


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Takes the signals while the block lasts. At first they cancel it: then it raises Interrupted. It does so at its
    end as well, if a signal came that nobody heeded."""
    import asyncio

    loop, now, coming = asyncio.get_running_loop(), Interrupts(), 0

    def come(number: int, frame: FrameType | None) -> None:
        nonlocal coming
        coming += 1
        loop.call_soon_threadsafe(take)

    def take() -> None:
        nonlocal coming
        coming -= 1
        now.take()

    before = [(number, signal.signal(number, come)) for number in heeded()]
    try:
        with now.giving_up():
            yield now
        for _ in range(coming):
            now.take()
        if now.kept:
            raise Interrupted("interrupted before the result was shown")
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def heeded() -> list[signal.Signals]:
    """The signals that this process heeds: a hangup not if it is to survive it, by nohup."""
    return [number for number in SIGNALS if number.name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN]


def end_at_once() -> None:
    """From now on a signal ends the process with the status of an interrupt. No exception could do that: wherever one
    is raised, somebody may catch it, and the next signal would meet the handling of the first."""
    for number in heeded():
        signal.signal(number, _end)


def at_the_end(do: Callable[[], object]) -> None:
    """Do this before a signal ends the process at once: give back what is not this process's own, such as the modes of
    a terminal."""
    _at_the_end.append(do)


def no_more(do: Callable[[], object]) -> None:
    """It need not be done any more."""
    _at_the_end.remove(do)


def _end(number: int, frame: FrameType | None) -> None:
    try:
        for do in _at_the_end:
            do()
    finally:
        os._exit(Exit.INTERRUPTED)


def ignore() -> None:
    """From now on a signal does nothing. Python takes its handlers back before it ends, and a signal that came then
    would change the exit status."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
