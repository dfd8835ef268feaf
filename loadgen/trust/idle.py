"""How late the loop of an idle worker comes to its ticks, before the load, and the resolution that follows from it.

A request meets two wake-ups of its worker: one to release it, and one to read its answer. Both are as late as a tick
is. What a quiet machine adds to a time is therefore the sum of two such latenesses, and a difference that is smaller
may be this machine's own. Ticks come at different intervals, because a CPU that has slept for longer takes longer to
wake up.

The run that is judged has no part in this: a machine that stalls during the load would excuse itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from loadgen.clock import MILLISECOND, Clock
from loadgen.result.resolution import ASSUMED, MOST, Resolution
from loadgen.stats import Integers, fraction, rank

WATCHED = 500 * MILLISECOND  # how long a fleet waits for the ticks of its workers
GAPS = tuple(round(MILLISECOND / 4 * 2 ** (5 * (7 * number % 16) / 15)) for number in range(16))  # 0.25 to 8 ms
KEPT = round(WATCHED / (sum(GAPS) / len(GAPS)))  # the latest: before them, other workers may have been starting
LEAST = KEPT // 4  # with fewer, nothing is known
PAIRS = 1000  # so many ticks are enough to stand for all in pairs


class IdleTicks:
    """The ticks of one worker. Call `start` when there is nothing more to do before the load, then `stop`."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._alarm = clock, clock.alarm(self._tick)
        self._late: deque[int] = deque(maxlen=KEPT)
        self._next = self._ticks = 0

    def start(self) -> None:
        self._set()

    def stop(self) -> tuple[int, ...]:
        """How late the latest ticks were, in ns."""
        self._alarm.clear()
        return tuple(self._late)

    def _tick(self) -> None:
        self._late.append(self._clock.now() - self._next)
        self._set()

    def _set(self) -> None:
        self._next = self._clock.now() + GAPS[self._ticks % len(GAPS)]
        self._ticks += 1
        self._alarm.set(self._next)


def resolution_of(late: Sequence[int]) -> Resolution:
    """The resolution that follows from the lateness of all workers' ticks, in ns: for each percentile, that of the sum
    of two of them."""
    if len(late) < LEAST:
        return ASSUMED
    ticks = np.sort(np.array(late, np.int64))
    sums = _sums(ticks)
    names = [name for name in MOST if name != "mean" and _beyond(name, len(ticks)) >= 1]
    places = [rank(fraction(name), len(sums)) - 1 for name in names]
    sums.partition(places)  # a tenth of the time of sorting them all
    measured = {"mean": round(2 * float(ticks.mean()) / MILLISECOND, 6)}
    measured |= {name: int(sums[place]) / MILLISECOND for name, place in zip(names, places, strict=True)}
    return Resolution.measured("ticks", measured)


def _sums(ticks: Integers) -> Integers:
    """The sum of each with each."""
    if len(ticks) > PAIRS:
        ticks = ticks[np.linspace(0, len(ticks) - 1, PAIRS).round().astype(np.int64)]
    sums: Integers = np.add.outer(ticks, ticks).ravel()
    return sums


def _beyond(percentile: str, ticks: int) -> float:
    """How many of the ticks make up what lies beyond a percentile of the sums, each of which has two."""
    return float((1 - fraction(percentile)) / 2 * ticks)
