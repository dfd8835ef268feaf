"""The only module that reads a clock. Time is integer nanoseconds everywhere.

`now` is CLOCK_MONOTONIC (one origin for all processes of a host, so that workers can start at the same instant);
`wall` is CLOCK_REALTIME, which the kernel stamps received packets with and which people read.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Final, Protocol

SECOND: Final = 1_000_000_000
MILLISECOND: Final = 1_000_000
NEVER: Final = 1 << 62  # an instant that does not come

now = time.monotonic_ns
wall = time.time_ns
cpu = time.process_time_ns
thread_cpu = time.thread_time_ns


class Alarm(Protocol):
    """One absolute alarm: `set` moves it, the callback it was made with runs at or after the instant, never before."""

    def set(self, when: int) -> None: ...

    def clear(self) -> None: ...


class Clock(Protocol):
    """The time an engine is handed: the instant, and alarms."""

    def now(self) -> int: ...

    def alarm(self, callback: Callable[[], None]) -> Alarm: ...


class VirtualAlarm:
    def __init__(self, clock: VirtualClock, callback: Callable[[], None]) -> None:
        self._clock, self._callback, self._turn = clock, callback, 0

    def set(self, when: int) -> None:
        self._turn = turn = self._turn + 1
        self._clock.call_at(when, lambda: self._callback() if turn == self._turn else None)

    def clear(self) -> None:
        self._turn += 1


class VirtualClock:
    """Time that moves only when told to, from one scheduled call to the next: an hour of load in milliseconds.

    Calls at the same instant run in the order in which they were made.
    """

    def __init__(self, start: int = 0) -> None:
        self._now = start
        self._calls: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0

    def now(self) -> int:
        return self._now

    def alarm(self, callback: Callable[[], None]) -> VirtualAlarm:
        return VirtualAlarm(self, callback)

    def call_at(self, when: int, callback: Callable[[], None]) -> None:
        """Run `callback` when time reaches `when` (at once, in order, if that has passed)."""
        self._order += 1
        heapq.heappush(self._calls, (max(when, self._now), self._order, callback))

    def advance(self, by: int) -> None:
        """Let time pass as a busy process would see it: nothing runs meanwhile, and what is due then runs late."""
        self._now += by

    def run(self, until: int | None = None) -> None:
        """Run every call in order of time, up to `until` (by default until none is left)."""
        while self._calls and (until is None or self._calls[0][0] <= until):
            when, _, callback = heapq.heappop(self._calls)
            self._now = max(self._now, when)
            callback()
        if until is not None:
            self._now = max(self._now, until)
