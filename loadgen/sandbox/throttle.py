"""A token bucket in integers: admission does not depend on rounding."""

from __future__ import annotations

from fractions import Fraction

from loadgen.clock import SECOND


class TokenBucket:
    """Full at first; `rate` tokens a second drip in, up to `burst`."""

    def __init__(self, rate: float, burst: int) -> None:
        exact = Fraction(rate).limit_denominator(10**6)
        self._gain = exact.numerator  # units a nanosecond
        self._token = exact.denominator * SECOND  # units a token
        self._full = self._level = burst * self._token
        self._last: int | None = None

    def admit(self, now: int) -> bool:
        """Take a token at `now`, which never goes back, if there is one."""
        if self._last is not None:
            self._level = min(self._full, self._level + (now - self._last) * self._gain)
        self._last = now
        if self._level < self._token:
            return False
        self._level -= self._token
        return True
