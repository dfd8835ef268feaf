"""Deadlines on one absolute alarm. They never fire early; to set one takes one comparison, and to cancel one takes
nothing.

The deadlines of a lane (one step, one timeout) come in ascending order, apart from stragglers. So a lane is a queue,
and finished entries are dropped when they reach its head.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from loadgen.clock import NEVER, Clock
from loadgen.exchange import Exchange
from loadgen.native import i64

SLACK: Final = 1024  # a lane may hold so many finished entries more than open ones, behind a head that is still open
AT_ONCE: Final = 32  # so many finished entries are dropped at once, at the least


class _Lane:
    """A queue, and how many entries it may hold before the finished ones are taken out of its middle too. It is a list
    that begins at `head`: compiled code reads lists without a call, and what is before `head` is dropped in batches."""

    __slots__ = ("head", "limit", "queue")

    def __init__(self) -> None:
        self.queue: list[Exchange] = []
        self.head: i64 = 0
        self.limit: i64 = SLACK

    def add(self, x: Exchange) -> None:
        queue, head = self.queue, self.head
        size: i64 = len(queue)
        while head < size and queue[head].done:
            head += 1
        if head >= AT_ONCE and 2 * head >= size:
            del queue[:head]
            size, head = size - head, 0
        elif size >= self.limit:
            queue[:] = [open_one for open_one in queue if not open_one.done]
            size, head = len(queue), 0
            self.limit = 2 * size + SLACK
        self.head = head
        if size and queue[-1].deadline > x.deadline:
            insort(queue, x, head, key=attrgetter("deadline"))
        else:
            queue.append(x)

    def due(self, now: int) -> Exchange | None:
        """Take the first one that is open, if its time is over."""
        x = self.first()
        if x is None or x.deadline > now:
            return None
        self.head += 1
        return x

    def first(self) -> Exchange | None:
        """The first one that is open."""
        while self.head < len(self.queue):
            x = self.queue[self.head]
            if not x.done:
                return x
            self.head += 1
        return None


class Deadlines:
    """Calls `expire(exchange)` for each exchange that is not done at its `deadline`."""

    def __init__(self, clock: Clock, expire: Callable[[Exchange], None]) -> None:
        self._now, self._expire = clock.now, expire
        self._alarm = clock.alarm(self._fire)
        self._armed: i64 = NEVER
        self._lanes: dict[int, _Lane] = {}

    def add(self, x: Exchange) -> None:
        lane = self._lanes.get(x.slot)
        if lane is None:
            lane = self._lanes[x.slot] = _Lane()
        lane.add(x)
        if x.deadline < self._armed:
            self._armed = x.deadline
            self._alarm.set(x.deadline)

    def _fire(self) -> None:
        self._armed = NEVER
        now = self._now()
        earliest: i64 = NEVER
        for slot, lane in list(self._lanes.items()):
            while x := lane.due(now):
                self._expire(x)
            if first := lane.first():
                earliest = min(earliest, first.deadline)
            else:
                self._lanes.pop(slot, None)
        if earliest < self._armed:
            self._armed = earliest
            self._alarm.set(earliest)
