"""Idle connections of the sandbox."""

from __future__ import annotations

from loadgen.clock import VirtualClock
from loadgen.sandbox.idle import Idle
from loadgen.sandbox.timers import Timers


class Idler:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.closed: list[int] = []

    def close_idle(self) -> None:
        self.closed.append(self._clock.now())


def test_idle_connections_end_when_their_time_is_over() -> None:
    clock = VirtualClock()
    idle = Idle(Timers(clock), 100)
    a, b, c = (Idler(clock) for _ in range(3))
    idle.rest(a, 0)
    clock.run(until=40)
    idle.rest(b, 40)
    idle.rest(c, 40)
    clock.run(until=60)
    idle.wake(c)
    idle.rest(a, 60)
    clock.run()
    assert (a.closed, b.closed, c.closed) == ([160], [140], [])
