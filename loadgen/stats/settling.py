"""Whether a phase of a steady load has settled, or grows as long as it runs: then its figures are those of its length.

A queue whose load is above its capacity grows evenly. The first cosine over a phase, half a turn, is its growth; the
next ones are how much it varies besides. If the first is far stronger than those, the phase grew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.distributions import t_quantile
from loadgen.stats.histogram import Integers
from loadgen.stats.intervals import LEAST

OTHERS = 8  # waves that the first is compared with
# a queue near its capacity varies slowly too: the 1 % of an F(1, 8) would call 5 % of short phases at 0.85 growing
LEVEL = 0.001
GROWTH = 1.5  # times as much at the end as at the beginning
ENOUGH = 500  # requests of a phase
# Fewer, but so many, can show that it grew: with the 1 % of an F(1, 8), and so many of them not answered at its end. At
# twice its capacity half of them are not, below it hardly any (tests/simulations/test_settling.py).
FEWEST, OF_FEW, LEFT = 100, 0.005, 0.2


@dataclass(frozen=True, slots=True)
class Growth:
    """What there is at the beginning and at the end, by the first wave; `f` is its strength, in terms of the next eight
    waves, below 0 if it falls."""

    begin: float
    end: float
    f: float

    @property
    def grew(self) -> bool:
        """Whether this is more than chance, and matters."""
        return self.is_beyond(LEVEL)

    def is_beyond(self, level: float) -> bool:
        """Whether it is more than chance would make it in so many phases, and matters."""
        return self.f > t_quantile(1 - level, OTHERS) ** 2 and self.end > GROWTH * self.begin


def growth(values: Floats) -> Growth:
    """The growth of values bin by bin."""
    number = len(values)
    turns = np.outer(np.arange(1, OTHERS + 2), (np.arange(number) + 0.5) / number)
    first, *others = (np.cos(math.pi * turns) @ values * 2 / number).tolist()
    noise = sum(other**2 for other in others) / OTHERS
    f = math.copysign(first**2 / noise, -first) if noise else 0.0
    mean = float(values.mean())
    return Growth(max(0.0, mean + first), max(0.0, mean - first), f)


def settling(counts: Integers, totals: Floats, width: float) -> tuple[Growth, Growth] | None:
    """The growth of the latency (ns), and of the requests in flight, from the number of requests and the sum of their
    latencies in each bin of `width` s; None if too few do not tell. How many were in flight follows from Little's
    law."""
    if len(counts) < LEAST or counts.sum() < FEWEST:
        return None
    counts, totals = counts[1:-1], totals[1:-1]  # the outer ones also have what was due in incomplete ones, or later
    some = counts > 0
    known = np.flatnonzero(some)
    latency = np.interp(np.arange(len(counts)), known, totals[some] / counts[some])
    return growth(latency), growth(totals / (width * 1e9))


def settled(counts: Integers, totals: Floats, width: float, answered: float | None = None) -> bool | None:
    """Whether a phase has settled: it has not if both grow. None if that is not known: fewer requests than `ENOUGH`
    show at most that it has not, if it is known which share of them was `answered` before its end."""
    both = settling(counts, totals, width)
    if both is None:
        return None
    if counts.sum() >= ENOUGH:
        return not all(of.grew for of in both)
    left = answered is not None and answered < 1 - LEFT
    return False if left and all(of.is_beyond(OF_FEW) for of in both) else None
