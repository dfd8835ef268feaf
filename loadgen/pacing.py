"""WHEN: schedules as arithmetic, in integer nanoseconds from the start of a phase. No clock, no event loop.

One mechanism serves every open phase. A rate has the cumulative count C(t), the area under it (`Rate.count`). The k-th
arrival has a position u_k on the axis of counts, and is due when C reaches it, t_k = C^-1(u_k), in closed form
(`Rate.reached`).
Constant arrivals stand at u_k = k; Poisson arrivals at the sums of unit exponentials (time-rescaling: a Poisson process
of any rate is one of unit rate seen through C), drawn from one seeded stream in blocks of a fixed size. Worker i of n
takes each n-th arrival, so that the union over the workers is the single worker's schedule, whatever n.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from loadgen.profile.rate import Rate

BLOCK = 8192  # part of the definition of a schedule: a stream is drawn in blocks of this size

Floats: TypeAlias = NDArray[np.float64]
Instants: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The arrivals of one open phase.

    `duration` is ns. `count`, if given, is the exact number of arrivals (Poisson
    arrivals are then spread as N uniform draws are, which is what a Poisson process is once its count is known).
    `seed` is a number and what tells this stream from others of it: the same seed is the same schedule.
    """

    rate: Rate
    duration: int
    poisson: bool
    seed: tuple[int, ...]
    count: int | None = None

    @property
    def expected(self) -> float:
        """The mean number of arrivals: the area under the rate."""
        return self.rate.count(float(self.duration), self.duration)

    def blocks(self, index: int = 0, workers: int = 1) -> Iterator[Instants]:
        """The due offsets in ns, ascending, of worker `index` of `workers`, block by block."""
        first = 0
        for positions in self._positions():
            offset = (index - first) % workers
            first += len(positions)
            yield self._due(positions[offset::workers])

    def planned(self, index: int = 0, workers: int = 1) -> int:
        """How many arrivals `blocks` will yield for that worker."""
        total = sum(len(positions) for positions in self._positions())
        return share(total, index, workers)

    def _positions(self) -> Iterator[Floats]:
        return self._poisson() if self.poisson else self._constant()

    def _constant(self) -> Iterator[Floats]:
        total = self.count if self.count is not None else _count_below(self.expected)
        for first in range(0, total, BLOCK):
            yield np.arange(first, min(first + BLOCK, total), dtype=np.float64)

    def _poisson(self) -> Iterator[Floats]:
        if self.count is not None:
            scale = self.expected / self._exponential_sum(self.count + 1)
            remaining = self.count
            for positions in self._exponential_sums():
                yield positions[:remaining] * scale
                remaining -= len(positions)
                if remaining <= 0:
                    return
        for positions in self._exponential_sums():
            inside = positions[positions < self.expected]
            yield inside
            if len(inside) < len(positions):
                return

    def _exponential_sums(self) -> Iterator[Floats]:
        # with the rest as a spawn key, (7, 1) and (7, 1, 0) are different streams, which as plain entropy they are not
        sequence = np.random.SeedSequence(self.seed[0], spawn_key=self.seed[1:])
        stream = np.random.Generator(np.random.PCG64(sequence))
        reached = 0.0
        while True:
            positions = reached + np.cumsum(stream.standard_exponential(BLOCK))
            yield positions
            reached = float(positions[-1])

    def _exponential_sum(self, terms: int) -> float:
        for positions in self._exponential_sums():
            if terms <= len(positions):
                return float(positions[terms - 1])
            terms -= len(positions)
        raise AssertionError("the stream of exponentials has no end")

    def _due(self, positions: Floats) -> Instants:
        # rounding must not carry the last one out of the phase
        return np.minimum(self.rate.reached(positions, self.duration), self.duration - 1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Groups:
    """Arrivals in groups: `at_once` of them every `every` ns, the first ones `after` ns from the start of the load.
    They are numbered through all groups, and worker i of n takes each n-th."""

    every: int
    at_once: int
    after: int

    @classmethod
    def checked(cls, every: int, at_once: int, after: int) -> Groups:
        """Raises ValueError for numbers that are none of a stream."""
        if not all(type(number) is int for number in (every, at_once, after)) or min(every, at_once, after + 1) < 1:
            raise ValueError("every, at_once and after are no times and numbers of a stream")
        return cls(every, at_once, after)

    def due(self, group: int) -> int:
        """When group `group`, counted from 0, is due."""
        return self.after + group * self.every

    def before(self, end: int) -> int:
        """How many groups are due before `end`."""
        return max(0, -((self.after - end) // self.every))

    def part(self, group: int, index: int, workers: int) -> int:
        """How many arrivals of a group fall to a worker."""
        first = group * self.at_once
        return share(first + self.at_once, index, workers) - share(first, index, workers)


def share(total: int, index: int, workers: int) -> int:
    """How many of `total` things numbered from 0 fall to worker `index` of `workers` when each takes every n-th."""
    return (total - index + workers - 1) // workers if total > index else 0


def _count_below(area: float) -> int:
    """How many of the positions 0, 1, 2 … lie before `area`; an area that is whole but for rounding counts as whole."""
    nearest = round(area)
    return nearest if abs(area - nearest) <= 1e-12 * area else int(area) + 1
