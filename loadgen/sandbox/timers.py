"""Calls at given instants: one heap, one alarm."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from loadgen.clock import Clock


class Timers:
    """Calls functions at absolute instants, in the order of time; at the same instant in the order of booking. Never
    early."""

    def __init__(self, clock: Clock) -> None:
        self.now = clock.now
        self._alarm = clock.alarm(self._wake)
        self._armed = 0
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._turn = 0

    def at(self, when: int, call: Callable[[], None]) -> None:
        self._turn += 1
        heapq.heappush(self._heap, (when, self._turn, call))
        if not self._armed or when < self._armed:
            self._armed = when
            self._alarm.set(when)

    def _wake(self) -> None:
        heap, last = self._heap, self._turn
        try:
            # what is booked meanwhile waits for the next turn of the loop, so that sockets are read in between
            while heap and heap[0][0] <= self.now() and heap[0][1] <= last:
                heapq.heappop(heap)[2]()
        finally:
            self._armed = heap[0][0] if heap else 0
            if heap:
                self._alarm.set(self._armed)
