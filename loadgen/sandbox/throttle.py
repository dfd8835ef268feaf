"""A token bucket in integers, so that admission does not depend on rounding."""

from __future__ import annotations

from fractions import Fraction

from loadgen.clock import SECOND


class TokenBucket:
    """A token bucket. It is full at first; `rate` tokens a second come in, up to `burst`.

    A request that needs more than a full bucket holds is let through when the bucket is full, and leaves a debt. Time
    never goes back.
    """

    def __init__(self, rate: float, burst: int) -> None:
        exact = Fraction(rate).limit_denominator(10**6)
        self._gain = exact.numerator  # units a nanosecond
        self._token = exact.denominator * SECOND  # units a token
        self._full = self._level = burst * self._token
        self._last: int | None = None

    def holds(self, now: int, tokens: int = 1) -> bool:
        if self._last is not None:
            self._level = min(self._full, self._level + (now - self._last) * self._gain)
        self._last = now
        return self._level >= min(tokens * self._token, self._full)

    def take(self, tokens: int = 1) -> None:
        """Take the tokens that `holds` has just found. A negative number gives tokens back."""
        self._level -= tokens * self._token

    def admit(self, now: int) -> bool:
        """Take a token at `now` if there is one."""
        if not self.holds(now):
            return False
        self.take()
        return True
