"""What the function calls behind itself: a simulated service, over connections that its environments keep or do not."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from loadgen.profile.sandbox import Downstream
from loadgen.sandbox.distributions import sampler


@dataclass(slots=True)
class Visit:
    """What one request does behind: all its calls take `time` ns together, and `opened` connections."""

    keep_alive: bool
    time: int = 0
    opened: int = 0


class Service:
    """The service behind. Each environment has one connection at the most that it keeps, whose state is all there is.

    A request that keeps none opens one for each of its calls, and leaves the kept one alone, which grows old meanwhile.
    """

    def __init__(self, settings: Downstream, environments: int, seed: int) -> None:
        """`environments` are alive at once at the most."""
        self._settings, self._environments = settings, environments
        self._draw_call = sampler(settings.time, seed, "downstream call")
        self._draw_connect = sampler(settings.connect, seed, "downstream connect")
        self._used: OrderedDict[int, int] = OrderedDict()  # when an environment's connection was last used
        self.calls = 0
        self.opened = 0

    def visit(self, keep_alive: bool | None) -> Visit:
        """A visit that is still to be made; None leaves to the settings whether its connection is kept."""
        return Visit(self._settings.keep_alive if keep_alive is None else keep_alive)

    def make(self, visit: Visit, environment: int, begin: int) -> int:
        """Make the visit from that environment, beginning at `begin`, and return the ns that it takes."""
        calls = self._settings.calls
        visit.opened = calls if not visit.keep_alive else 0 if self._is_open(environment, begin) else 1
        connecting = sum(self._draw_connect() for _ in range(visit.opened))
        visit.time = connecting + sum(self._draw_call() for _ in range(calls))
        if visit.keep_alive:
            self._keep(environment, begin + visit.time)
        self.calls += calls
        self.opened += visit.opened
        return visit.time

    def _is_open(self, environment: int, now: int) -> bool:
        used = self._used.get(environment)
        return used is not None and now - used <= self._settings.idle

    def _keep(self, environment: int, now: int) -> None:
        """Of environments that are gone, the longest unused, nothing is kept."""
        self._used[environment] = now
        self._used.move_to_end(environment)
        if len(self._used) > self._environments:
            self._used.popitem(last=False)
