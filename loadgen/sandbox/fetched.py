"""What the function fetches from another service before its work, such as a parameter or a token, and keeps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from loadgen.profile.sandbox import Fetched
from loadgen.sandbox.distributions import sampler


@dataclass(slots=True)
class Fetch:
    """What one request fetches: `number` values, which take `time` ns together."""

    number: int = 0
    time: int = 0


class Kept:
    """What each environment has fetched, and until when it is good: all that is stored. It fetches what it needs and
    does not have, one value after the other."""

    def __init__(self, settings: Sequence[Fetched], environments: int, seed: int, name: str = "") -> None:
        """At most `environments` are alive at once. Each `name` draws from streams of its own."""
        self._settings, self._environments = settings, environments
        self._draw = [sampler(of.time, seed, f"fetch {number}{name}") for number, of in enumerate(settings)]
        self._until: OrderedDict[int, list[int]] = OrderedDict()  # by environment, for each value
        self.fetched = 0

    def make(self, fetch: Fetch, environment: int, begin: int) -> int:
        """Fetch what the environment lacks at `begin`. Returns how long that takes, in ns."""
        until, at = self._of(environment), begin
        for number, (of, draw) in enumerate(zip(self._settings, self._draw, strict=True)):
            if until[number] <= at:
                at += draw()
                until[number] = of.good_until(at)
                fetch.number += 1
        fetch.time = at - begin
        self.fetched += fetch.number
        return fetch.time

    def _of(self, environment: int) -> list[int]:
        """That of an environment. Forget those that have ended, which are those unused for longest."""
        until = self._until.setdefault(environment, [0] * len(self._settings))
        self._until.move_to_end(environment)
        if len(self._until) > self._environments:
            self._until.popitem(last=False)
        return until
