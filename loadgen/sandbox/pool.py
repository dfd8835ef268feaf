"""A pool of environments, as Lambda has, and the limits on how it grows.

The run time of a request is known when it comes, and so its whole fate is. No event is needed to mark an environment
free: the pool only keeps when each becomes free.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from loadgen.profile.sandbox import Environments
from loadgen.sandbox.distributions import sampler
from loadgen.sandbox.throttle import TokenBucket

More = Callable[[int, int], int]
"""What a request does besides: the environment, and the instant at which it begins, to the ns that it takes."""

NO_LIMIT = 2**62
QUEUE_LIMIT = 100_000
"""With so many waiting, the next one is refused even where they queue: what waits is held in memory."""


class Refusal(Enum):
    """Why the pool refuses a request."""

    CONCURRENCY = "all environments that there may be are busy"
    SCALING = "another one cannot be added so soon"
    RATE = "the concurrency takes no more requests a second"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and when a request runs: from `start` to `end` in nanoseconds; a cold start takes the first `init` of it.
    `cut`: the function ran into its time limit, which ended the environment as well."""

    environment: int
    start: int
    end: int
    init: int
    cold: bool
    cut: bool = False


class _Work(NamedTuple):
    """How long a request runs."""

    service: int
    more: More | None
    limit: int


class Pool:
    """Each environment serves one request at a time.

    A request gets the idle environment that was used last, a provisioned one before all others; else a new one, if
    there may be more; else it waits in order, or is refused. An environment that was idle for longer than allowed has
    ended, but for the provisioned ones, which have the first numbers. Idle or not, these count as concurrency.
    A request that runs into its limit is cut off, and its environment ends; a provisioned one starts anew by itself.
    """

    def __init__(self, settings: Environments, seed: int = 1, draw_init: Callable[[], int] | None = None) -> None:
        """`draw_init` replaces the settings' `init`."""
        self._most, self._idle_limit = settings.most, settings.idle
        self._draw_init = draw_init or sampler(settings.init, seed, "init")
        self._queues = settings.overflow == "queue"
        self._busy: list[tuple[int, int]] = []  # heap of (free at, environment)
        self._idle: deque[tuple[int, int]] = deque()  # (free since, environment), the one used last at the end
        self._provisioned = settings.provisioned
        self._ready = list(range(settings.provisioned, 0, -1))  # provisioned ones, the one used last at the end
        self._ended: set[int] = set()  # those of the busy ones that end when they are free
        self._starts: deque[int] = deque()  # the starts of the requests that wait
        self._scaling = TokenBucket(settings.scaling.rate, settings.scaling.new) if settings.scaling else None
        self._rate = _allowance(settings.rate, self._most)
        self._provisioned_rate = _allowance(settings.rate, self._provisioned)
        self.cold_starts = 0
        self.queue_peak = 0

    def place(self, now: int, service: int, more: More | None = None, limit: int = NO_LIMIT) -> Placement | Refusal:
        """Run a request of `service` ns, and `more`, but at most of `limit` ns, that comes at `now`, which never goes
        back."""
        self._release(now)
        if self._rate and not self._rate.holds(now):
            return Refusal.RATE
        place = self._choose(now, _Work(service, more, limit))
        if self._rate and isinstance(place, Placement):  # what is refused takes none of the rate
            self._rate.take()
        return place

    def renew(self) -> None:
        """End the environments as they are: the idle ones now, the busy ones when they are free. Provisioned ones start
        anew by themselves."""
        self._idle.clear()
        self._ended.update(environment for _, environment in self._busy if environment > self._provisioned)

    def _choose(self, now: int, work: _Work) -> Placement | Refusal:
        if self._ready and (self._provisioned_rate is None or self._provisioned_rate.admit(now)):
            return self._run(self._ready.pop(), now, work)
        if self._idle:
            return self._run(self._idle.pop()[1], now, work)
        full = len(self._busy) + len(self._ready) >= self._most
        if not full and (self._scaling is None or self._scaling.admit(now)):
            return self._start(now, work)
        if self._queues and self._busy and self._waiting(now) < QUEUE_LIMIT:
            return self._wait(work)
        return Refusal.CONCURRENCY if full else Refusal.SCALING

    def _release(self, now: int) -> None:
        """Take the environments that are free again out of the busy ones, and let those end that were idle too
        long."""
        busy, idle = self._busy, self._idle
        while busy and busy[0][0] <= now:
            free = heapq.heappop(busy)
            if free[1] in self._ended:
                self._ended.remove(free[1])
            elif free[1] <= self._provisioned:
                self._ready.append(free[1])
            else:
                idle.append(free)
        while idle and now - idle[0][0] > self._idle_limit:
            idle.popleft()

    def _wait(self, work: _Work) -> Placement:
        """Run a request as soon as an environment is free."""
        start, environment = heapq.heappop(self._busy)
        self._starts.append(start)
        self.queue_peak = max(self.queue_peak, len(self._starts))
        if environment in self._ended:
            self._ended.remove(environment)
            return self._start(start, work)
        return self._run(environment, start, work)

    def _start(self, start: int, work: _Work) -> Placement:
        """Run a request in a new environment."""
        self.cold_starts += 1
        return self._run(self._provisioned + self.cold_starts, start, work, self._draw_init(), cold=True)

    def _run(self, environment: int, start: int, work: _Work, init: int = 0, cold: bool = False) -> Placement:
        begin = start + init
        end = begin + work.service
        if work.more:
            end += work.more(environment, end)
        cut = end > begin + work.limit
        if cut:
            end = begin + work.limit
            if environment > self._provisioned:
                self._ended.add(environment)
        heapq.heappush(self._busy, (end, environment))
        return Placement(environment, start, end, init, cold, cut)

    def _waiting(self, now: int) -> int:
        starts = self._starts
        while starts and starts[0] <= now:
            starts.popleft()
        return len(starts)


def _allowance(rate: float | None, concurrency: int) -> TokenBucket | None:
    """The requests that so many units of concurrency may take: `rate` a second each, and one each at the same
    instant."""
    return TokenBucket(rate * concurrency, concurrency) if rate and concurrency else None
