"""Deadlines on one absolute alarm. They never fire early; to set one takes one comparison, and to cancel one takes
nothing.

The deadlines of a lane (one step, one timeout) come in ascending order, apart from stragglers. So a lane is a queue,
and finished entries are dropped when they reach its head.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from loadgen.clock import NEVER, Clock
from loadgen.exchange import Exchange

SLACK: Final = 1024  # a lane may hold so many finished entries more than open ones, behind a head that is still open


class _Lane:
    """A queue, and how many entries it may hold before the finished ones are taken out of its middle too."""

    __slots__ = ("limit", "queue")

    def __init__(self) -> None:
        self.queue: deque[Exchange] = deque()
        self.limit = SLACK


class Deadlines:
    """Calls `expire(exchange)` for each exchange that is not done at its `deadline`."""

    def __init__(self, clock: Clock, expire: Callable[[Exchange], None]) -> None:
        self._now, self._expire = clock.now, expire
        self._alarm = clock.alarm(self._fire)
        self._armed = NEVER
        self._lanes: dict[int, _Lane] = {}

    def add(self, x: Exchange) -> None:
        lane = self._lanes.get(x.slot)
        if lane is None:
            lane = self._lanes[x.slot] = _Lane()
        queue = lane.queue
        while queue and queue[0].done:
            queue.popleft()
        if queue and queue[-1].deadline > x.deadline:
            insort(queue, x, key=attrgetter("deadline"))
        else:
            queue.append(x)
        if len(queue) > lane.limit:
            self._compact(lane)
        if x.deadline < self._armed:
            self._armed = x.deadline
            self._alarm.set(x.deadline)

    def _compact(self, lane: _Lane) -> None:
        left = [x for x in lane.queue if not x.done]
        lane.queue.clear()
        lane.queue.extend(left)  # in place, because `_fire` may be working on it
        lane.limit = 2 * len(left) + SLACK

    def _fire(self) -> None:
        self._armed = NEVER
        now = self._now()
        earliest = NEVER
        for slot, lane in list(self._lanes.items()):
            queue = lane.queue
            while queue and (queue[0].done or queue[0].deadline <= now):
                x = queue.popleft()
                if not x.done:
                    self._expire(x)
            if queue:
                earliest = min(earliest, queue[0].deadline)
            else:
                self._lanes.pop(slot, None)
        if earliest < self._armed:
            self._armed = earliest
            self._alarm.set(earliest)
