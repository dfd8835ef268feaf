"""What comes when: a stream of arrivals, and single calls, in the order of their instants, on one alarm."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator

from loadgen.clock import NEVER, Clock
from loadgen.native import i64
from loadgen.pacing import Instants


class Agenda:
    """At each wake-up everything that is due is done: `arrive(due)` for an arrival, and calls made with `at`. What
    becomes due meanwhile is left to the next one, so that answers are read in between.
    """

    def __init__(self, clock: Clock, arrive: Callable[[int], None]) -> None:
        self._now, self._arrive = clock.now, arrive
        self._alarm = clock.alarm(self._wake)
        self._calls: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = 0
        self._armed: i64 = NEVER
        self._waking = self._closed = False
        self._blocks: Iterator[Instants] = iter(())
        self._start: i64 = 0
        self._dues: list[int] = []
        self._position: i64 = 0
        self.next_arrival: i64 = NEVER

    def at(self, when: int, call: Callable[[int], None]) -> None:
        """Call `call(now)` when `when` has come; of the same instant, in the order in which they were made."""
        self._order += 1
        heapq.heappush(self._calls, (when, self._order, call))
        if when < self._armed and not self._waking:
            self._armed = when
            self._alarm.set(when)

    def arrivals(self, blocks: Iterable[Instants], start: int) -> None:
        """Let the arrivals be those of `blocks`, in ns from `start`, instead of what came until now. Arm the alarm with
        `rearm`."""
        self._blocks, self._start = iter(blocks), start
        self._refill()

    def rearm(self) -> None:
        """Set the alarm to what comes first."""
        if self._waking or self._closed:
            return
        when = self.next_arrival
        if self._calls and self._calls[0][0] < when:
            when = self._calls[0][0]
        self._armed = when
        if when < NEVER:
            self._alarm.set(when)

    def close(self) -> None:
        """Nothing comes any more."""
        self._closed = True
        self._alarm.clear()

    def _wake(self) -> None:
        self._waking = True
        now: i64 = self._now()
        calls = self._calls
        while True:
            due = self.next_arrival
            if calls and calls[0][0] < due:
                if calls[0][0] > now:
                    break
                heapq.heappop(calls)[2](now)
            elif due <= now:
                self._position = position = self._position + 1
                if position < len(self._dues):
                    self.next_arrival = self._dues[position]
                else:
                    self._refill()
                self._arrive(due)
            else:
                break
        self._waking = False
        self.rearm()

    def _refill(self) -> None:
        for block in self._blocks:
            if len(block):
                self._dues, self._position = (block + self._start).tolist(), 0
                self.next_arrival = self._dues[0]
                return
        self._dues, self._position = [], 0
        self.next_arrival = NEVER
