"""From values to places on an axis, from 0 at its beginning to 1 at its end; and the values that stand at it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from loadgen.report.words import count, ms

NEAR = 0.86  # of the width: beyond it a label would lie on that of the end
FIRST, LAST = -9.0, 15.0  # decades of ms: what lies beyond, a broken result alone has
LEAST_SPAN = 0.3  # decades of a logarithmic axis
TAIL = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999)


@dataclass(frozen=True, slots=True)
class Tick:
    """A label and its place."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Log:
    """A logarithmic axis of times in ms, or of shares in per cent, from `low` on over so many decades."""

    low: float
    decades: float

    @classmethod
    def over(cls, values: Iterable[float | None]) -> Log:
        """The axis that holds all of these; those that have no logarithm are left out."""
        logs = [_log(value) for value in values if value is not None and 0 < value < math.inf]
        first, last = (min(logs), max(logs)) if logs else (0.0, 1.0)
        room = max(0.0, LEAST_SPAN - (last - first)) / 2
        return cls(first - room - 0.02, last - first + 2 * room + 0.04)

    def at(self, value: float) -> float:
        if not value > 0:
            return 0.0
        return min(1.0, max(0.0, (_log(value) - self.low) / self.decades))

    def ticks(self) -> list[Tick]:
        """1, 2 and 5 of each decade; of many decades only 1."""
        wanted = (1, 2, 5) if self.decades < 2.5 else (1,)
        decades = range(math.floor(self.low), math.ceil(self.low + self.decades) + 1)
        every = [digit * 10.0**decade for decade in decades for digit in wanted]
        inside = [value for value in every if self.low <= math.log10(value) <= self.low + self.decades]
        return [Tick(self.at(value), _bare(ms(value))) for value in inside]


def _bare(text: str) -> str:
    """A number without the noughts behind its point: `0.1`."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _log(value: float) -> float:
    return min(LAST, max(FIRST, math.log10(value)))


@dataclass(frozen=True, slots=True)
class Linear:
    """An axis from `low` to `high`."""

    high: float
    low: float = 0.0

    @classmethod
    def over(cls, values: Iterable[float | None]) -> Linear:
        known = [value for value in values if value is not None and math.isfinite(value)]
        return cls(min(10.0**LAST, max(10.0**FIRST, 1.05 * max([0.0, *known]) or 1.0)))

    @classmethod
    def between(cls, values: Iterable[float]) -> Linear:
        """The axis that holds all of these, and a little more."""
        known = [value for value in values if 0 <= value <= 10.0**LAST]
        low, high = min(known, default=0.0), max(known, default=1.0)
        room = max(0.03 * (high - low), 0.01 * high, 10.0**FIRST)
        return cls(high + room, max(0.0, low - room))

    def at(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def ticks(self) -> list[Tick]:
        """Three to six round numbers."""
        width = self.high - self.low
        step = 10.0 ** math.floor(math.log10(width))
        step = next((step * part for part in (5, 2, 1, 0.5, 0.2, 0.1) if width / (step * part) >= 3), step)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [Tick(self.at(step * n), _round(step * n)) for n in range(first, last + 1)]


def _round(value: float) -> str:
    return count(value) if value == round(value) else f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Tail:
    """An axis of shares of the requests on which each step is ten times as rare: 0, 90 %, 99 %, 99.9 %. The longest of
    `requests` stands at its end."""

    requests: int

    @property
    def decades(self) -> float:
        return math.log10(max(100, 2 * self.requests))

    def at(self, share: float) -> float:
        if share >= 1:
            return 1.0
        return min(1.0, -math.log10(1 - max(0.0, share)) / self.decades)

    def ticks(self) -> list[Tick]:
        inside = [share for share in TAIL if self.at(share) < NEAR]
        return [Tick(self.at(share), f"p{100 * share:.7g}") for share in inside] + [Tick(1.0, "max")]
