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

from loadgen.clock import NEVER, Clock
from loadgen.exchange import Exchange

SLACK = 1024  # a lane may hold so many finished entries more than open ones, behind a head that is still open


class Deadlines:
    """Calls `expire(exchange)` for each exchange that is not done at its `deadline`."""

    def __init__(self, clock: Clock, expire: Callable[[Exchange], None]) -> None:
        self._now, self._expire = clock.now, expire
        self._alarm = clock.alarm(self._fire)
        self._armed = NEVER
        self._lanes: dict[int, deque[Exchange]] = {}
        self._limits: dict[int, int] = {}

    def add(self, x: Exchange) -> None:
        lane = self._lanes.get(x.slot)
        if lane is None:
            lane = self._lanes[x.slot] = deque()
            self._limits[x.slot] = SLACK
        while lane and lane[0].done:
            lane.popleft()
        if lane and lane[-1].deadline > x.deadline:
            insort(lane, x, key=attrgetter("deadline"))
        else:
            lane.append(x)
        if len(lane) > self._limits[x.slot]:
            self._compact(x.slot)
        if x.deadline < self._armed:
            self._armed = x.deadline
            self._alarm.set(x.deadline)

    def _compact(self, slot: int) -> None:
        lane = self._lanes[slot]
        left = [x for x in lane if not x.done]
        lane.clear()
        lane.extend(left)  # in place, because `_fire` may be working on it
        self._limits[slot] = 2 * len(lane) + SLACK

    def _fire(self) -> None:
        self._armed = NEVER
        now = self._now()
        earliest = NEVER
        for slot, lane in list(self._lanes.items()):
            while lane and (lane[0].done or lane[0].deadline <= now):
                x = lane.popleft()
                if not x.done:
                    self._expire(x)
            if lane:
                earliest = min(earliest, lane[0].deadline)
            else:
                self._lanes.pop(slot, None)
        if earliest < self._armed:
            self._armed = earliest
            self._alarm.set(earliest)
