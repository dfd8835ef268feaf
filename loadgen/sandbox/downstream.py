"""The service that the function calls. Its connections belong to environments, which keep them or not."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from loadgen.profile.sandbox import Downstream
from loadgen.sandbox.distributions import sampler


@dataclass(slots=True)
class Visit:
    """What one request does at the service: its calls take `time` ns together, and open `opened` connections."""

    keep_alive: bool
    time: int = 0
    opened: int = 0


class Service:
    """The service that the function calls. Each environment keeps at most one connection; its state is all that is
    stored.

    A request that keeps no connection opens one for each of its calls. It does not use the kept one, which meanwhile
    grows old.
    """

    def __init__(self, settings: Downstream, environments: int, seed: int) -> None:
        """At most `environments` are alive at once."""
        self._settings, self._environments = settings, environments
        self._draw_call = sampler(settings.time, seed, "downstream call")
        self._draw_connect = sampler(settings.connect, seed, "downstream connect")
        self._used: OrderedDict[int, int] = OrderedDict()  # when the connection of an environment was last used
        self.calls = 0
        self.opened = 0

    def visit(self, keep_alive: bool | None) -> Visit:
        """A visit that is still to be made. None: the settings say whether its connection is kept."""
        return Visit(self._settings.keep_alive if keep_alive is None else keep_alive)

    def make(self, visit: Visit, environment: int, begin: int) -> int:
        """Make the visit from that environment at `begin`. Returns its duration in ns."""
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
        """Forget the environments that have ended, which are those unused for longest."""
        self._used[environment] = now
        self._used.move_to_end(environment)
        if len(self._used) > self._environments:
            self._used.popitem(last=False)
