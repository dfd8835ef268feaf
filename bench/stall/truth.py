"""What happened: out of the server's log, and of the schedule that every tool was asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from loadgen.clock import MILLISECOND, SECOND


class Figures(NamedTuple):
    """In ms."""

    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class Log:
    """When requests came and were answered, in ns, in one order; when the server answered nothing."""

    received: list[int]
    answered: list[int]
    stall: tuple[int, int]
    connections: int
    held: int  # requests whose answers the stall held up

    @classmethod
    def read(cls, path: Path) -> Log:
        told = json.loads(path.read_text())
        return cls(told["received"], told["answered"], tuple(told["stall"]), told["connections"], told["held"])

    @property
    def times(self) -> list[int]:
        """How long each request took that was answered, by the server's own clock."""
        return [end - begin for begin, end in zip(self.received, self.answered, strict=False)]

    @property
    def usual(self) -> int:
        """How long the server took for a typical request, 0 if it had none."""
        return round(median(self.times)) if self.answered else 0

    def users(self, rate: int, seconds: int) -> list[int]:
        """How long users would have waited who came at `rate` a second from the first request on, for `seconds`: as
        long as the server took for others, but for those that its stall held up until its end."""
        due = [self.received[0] + n * SECOND // rate for n in range(rate * seconds)]
        usual, (begin, end) = self.usual, self.stall
        return [end - at if begin <= at + usual < end else usual for at in due]


def figures(times: Sequence[int]) -> Figures:
    """Of times in ns, by nearest rank. Raises ValueError if there are none."""
    if not times:
        raise ValueError("no times")
    ranked = sorted(times)
    at = (ranked[math.ceil(q * len(ranked)) - 1] / MILLISECOND for q in (0.5, 0.95, 0.99, 1.0))
    return Figures(*at)
