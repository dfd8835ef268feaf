"""Times in which the target answers nothing, counted from the first request."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.profile.sandbox import Stall


class Stalls:
    def __init__(self, stalls: Sequence[Stall]) -> None:
        self._once = [(stall.at, stall.length) for stall in stalls if stall.at is not None]
        self._every = [(stall.every, stall.length) for stall in stalls if stall.every]
        self._start: int | None = None

    def begin(self, now: int) -> None:
        """The first request came at `now`: stalls count from here. Later calls change nothing."""
        if self._start is None:
            self._start = now

    def after(self, when: int) -> int:
        """The first instant from `when` on at which the target can answer."""
        if self._start is None or not (self._once or self._every):
            return when
        elapsed = when - self._start
        while (end := self._end(elapsed)) > elapsed:
            elapsed = end
        return self._start + elapsed

    def _end(self, elapsed: int) -> int:
        """The end of the stall that `elapsed` lies in, or `elapsed` itself."""
        for at, length in self._once:
            if at <= elapsed < at + length:
                return at + length
        for every, length in self._every:
            turn, into = divmod(elapsed, every)
            if turn > 0 and into < length:
                return elapsed - into + length
        return elapsed
