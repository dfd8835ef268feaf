"""A pool of environments, as Lambda has.

The run time of a request is known when it comes, and so its whole fate is. No event is needed to mark an environment
free: the pool only keeps when each becomes free.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from loadgen.profile.sandbox import Environments
from loadgen.sandbox.distributions import sampler

More = Callable[[int, int], int]
"""What a request does besides: the environment, and the instant at which it begins, to the ns that it takes."""

QUEUE_LIMIT = 100_000
"""With so many waiting, the next one is refused even where they queue: what waits is held in memory."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and when a request runs: from `start` to `end` in nanoseconds; a cold start takes the first `init` of
    it."""

    environment: int
    start: int
    end: int
    init: int
    cold: bool


class Pool:
    """Each environment serves one request at a time.

    A request gets the warm environment that was used last; else a new one, if there may be more; else it waits in
    order, or is refused. An environment that was idle for longer than allowed has ended.
    """

    def __init__(self, settings: Environments, seed: int = 1) -> None:
        self._max, self._idle_limit = settings.max, settings.idle
        self._draw_init = sampler(settings.init, seed, "init")
        self._queues = settings.overflow == "queue"
        self._busy: list[tuple[int, int]] = []  # heap of (free at, environment)
        self._idle: deque[tuple[int, int]] = deque()  # (free since, environment), the one used last at the end
        self._starts: deque[int] = deque()  # the starts of the requests that wait
        self.cold_starts = 0
        self.queue_peak = 0

    def place(self, now: int, service: int, more: More | None = None) -> Placement | None:
        """Run a request of `service` ns, and `more`, that comes at `now`, which never goes back. None: it is refused,
        because all are busy."""
        busy, idle = self._busy, self._idle
        while busy and busy[0][0] <= now:
            idle.append(heapq.heappop(busy))
        while idle and now - idle[0][0] > self._idle_limit:
            idle.popleft()
        if idle:
            return self._run(idle.pop()[1], now, service, more)
        if len(busy) < self._max:
            self.cold_starts += 1
            return self._run(self.cold_starts, now, service, more, self._draw_init(), cold=True)
        if not self._queues or self._waiting(now) >= QUEUE_LIMIT:
            return None
        start, environment = heapq.heappop(busy)
        self._starts.append(start)
        self.queue_peak = max(self.queue_peak, len(self._starts))
        return self._run(environment, start, service, more)

    def _run(
        self, environment: int, start: int, service: int, more: More | None, init: int = 0, cold: bool = False
    ) -> Placement:
        end = start + init + service
        if more:
            end += more(environment, end)
        heapq.heappush(self._busy, (end, environment))
        return Placement(environment, start, end, init, cold)

    def _waiting(self, now: int) -> int:
        starts = self._starts
        while starts and starts[0] <= now:
            starts.popleft()
        return len(starts)
