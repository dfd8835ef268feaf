"""Streams of requests in virtual time whose truth is known: queues, bursts of cold starts, stalls, ramps, drift.

A stream draws a run: when requests are due, in seconds, ascending, and how long each took, in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadgen.stats import Histogram, fraction
from loadgen.stats.bins import Bins
from loadgen.stats.ticks import TICKS, doublings

Floats = NDArray[np.float64]
Random = np.random.Generator
BODY = (0.020, 0.5)  # of what is not disturbed: median in s, sigma of the logarithm


@dataclass(frozen=True)
class Stream:
    """`at` gives the share of requests that take no longer than so many seconds, in the long run; `mean` is in s.
    `lasts`: for how long, in s, the same is the matter with requests (a queue's correlation time), or how often it
    comes. `ramp`: the load itself changes."""

    name: str
    draw: Callable[[Random, int], tuple[Floats, Floats]]
    at: Callable[[float], float]
    mean: float
    lasts: float = 0.0
    ramp: bool = False

    def truth(self, figure: str) -> float:
        """The quantile, or the mean, in ns."""
        return 1e9 * (self.mean if figure == "mean" else solved(self.at, float(fraction(figure))))


def random(*seed: int) -> Random:
    return np.random.Generator(np.random.PCG64(seed))


def bins(due: Floats, latencies: Floats, length: float, ramp: bool = False, width: float = 0.0) -> Bins:
    """The first so many seconds of a run as their counts bin by bin; a bin takes `width` s, or as long as a phase of
    that length has it."""
    width = width or (1 << int(doublings(np.array(length * 1e9)))) / TICKS
    edges = np.searchsorted(due, np.arange(1, int(length / width) + 1) * width)
    parts = np.split((latencies * 1e9).astype(np.int64), edges)[:-1]
    return Bins([Histogram.of(part) for part in parts], width=width, ramp=ramp)


def solved(at: Callable[[float], float], p: float) -> float:
    low, high = 0.0, 1e3
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle) < p else (low, middle)
    return high


def arrivals(dice: Random, rate: float, length: float) -> Floats:
    return np.sort(dice.random(dice.poisson(rate * length))) * length


def queued(due: Floats, service: Floats, waiting: float) -> Floats:
    """How long each is in a queue with one server that has so much to do at first (Lindley's recursion)."""
    unfinished = np.concatenate(([waiting], waiting + np.cumsum(service[:-1] - np.diff(due))))
    return np.asarray(unfinished - np.minimum(0, np.minimum.accumulate(unfinished)) + service)


def lognormal(dice: Random, size: Any, median: float = BODY[0], sigma: float = BODY[1]) -> Floats:
    return median * np.exp(sigma * dice.standard_normal(size))


def below(x: float, median: float = BODY[0], sigma: float = BODY[1]) -> float:
    return NormalDist(math.log(median), sigma).cdf(math.log(x)) if x > 0 else 0.0


def independent(rate: float) -> Stream:
    def draw(dice: Random, length: int) -> tuple[Floats, Floats]:
        due = arrivals(dice, rate, length)
        return due, lognormal(dice, len(due))

    return Stream(f"independent, {rate:g}/s", draw, below, BODY[0] * math.exp(BODY[1] ** 2 / 2))


def modulated(lasts: float, rate: float, by: float = 0.2, step: float = 0.05) -> Stream:
    """All latencies rise and fall together by `by`, AR(1) in the logarithm with this correlation time in s."""
    memory, sigma = math.exp(-step / lasts), math.hypot(BODY[1], by)

    def draw(dice: Random, length: int) -> tuple[Floats, Floats]:
        due = arrivals(dice, rate, length)
        new = dice.standard_normal(int(length / step) + 2)
        new[1:] *= math.sqrt(1 - memory**2)
        level = np.fromiter(accumulate(new, lambda level, more: memory * level + more), np.float64, len(new))
        return due, lognormal(dice, len(due)) * np.exp(by * level[(due / step).astype(np.int64)])

    mean = BODY[0] * math.exp(sigma**2 / 2)
    return Stream(f"modulated, {lasts:g} s, {rate:g}/s", draw, lambda x: below(x, sigma=sigma), mean, lasts)


def queue(load: float, rate: float) -> Stream:
    """M/M/1 from its steady state; the time in it is exponential."""
    served = rate / load

    def draw(dice: Random, length: int) -> tuple[Floats, Floats]:
        due = arrivals(dice, rate, length)
        busy = dice.random() < load
        waiting = dice.exponential(1 / (served - rate)) if busy else 0.0
        return due, queued(due, dice.exponential(1 / served, len(due)), waiting)

    return Stream(
        f"queue at {load}, {rate:g}/s",
        draw,
        lambda x: 1 - math.exp(-x * (served - rate)),
        1 / (served - rate),
        (math.sqrt(served) - math.sqrt(rate)) ** -2,
    )


def cold_starts(rate: float, every: float, last: float = 0.5, share: float = 0.3) -> Stream:
    """Now and then, for a while, a share of the requests takes 300 ms: both times are exponential, with these means."""
    cold = share * last / every

    def draw(dice: Random, length: int) -> tuple[Floats, Floats]:
        due = arrivals(dice, rate, length)
        cycles = 20 + int(4 * length / every)
        turns = np.cumsum(np.stack([dice.exponential(every - last, cycles), dice.exponential(last, cycles)], 1))
        # exponential times have no memory, so that a burst is on at first in its share of runs
        turns = turns if dice.random() >= last / every else turns - turns[0]
        on = np.searchsorted(turns, due, "right") % 2 == 1
        hit = on & (dice.random(len(due)) < share)
        return due, np.where(hit, lognormal(dice, len(due), 0.3, 0.2), lognormal(dice, len(due)))

    mean = (1 - cold) * BODY[0] * math.exp(BODY[1] ** 2 / 2) + cold * 0.3 * math.exp(0.2**2 / 2)
    return Stream(
        f"cold starts every {every:g} s, {rate:g}/s",
        draw,
        lambda x: (1 - cold) * below(x) + cold * below(x, 0.3, 0.2),
        mean,
        every,
    )


def stalls(rate: float, every: float, last: float) -> Stream:
    """On the dot every so often, all that comes waits until the stall is over."""
    waits = (np.arange(1000) + 0.5) / 1000 * last
    share = last / every

    def draw(dice: Random, length: int) -> tuple[Floats, Floats]:
        due = arrivals(dice, rate, length)
        into = (due + dice.random() * every) % every
        return due, lognormal(dice, len(due)) + np.where(into < last, last - into, 0)

    def at(x: float) -> float:
        return (1 - share) * below(x) + share * float(np.mean([below(x - wait) for wait in waits]))

    mean = BODY[0] * math.exp(BODY[1] ** 2 / 2) + share * last / 2
    return Stream(f"stalls every {every:g} s, {rate:g}/s", draw, at, mean, every)


def ramp(first: float, last: float, slowest: float) -> Stream:
    """The rate rises evenly, and so do the latencies, up to so many times what they are at first; what happens in a
    second has a fate in common: all of it is slower or faster by 10 %, at random."""
    grid = (np.arange(400) + 0.5) / 400
    weights = (first + (last - first) * grid) / (400 * (first + last) / 2)
    factors = 1 + (slowest - 1) * grid
    sigma = math.hypot(BODY[1], 0.1)

    def draw(dice: Random, length: int) -> tuple[Floats, Floats]:
        share = dice.random(dice.poisson((first + last) / 2 * length))
        rise = (last - first) / 2
        due = np.sort((np.sqrt(first**2 + 4 * rise * share * (first + rise)) - first) / (2 * rise)) * length
        common = np.exp(0.1 * dice.standard_normal(length))[np.minimum(due.astype(np.int64), length - 1)]
        return due, lognormal(dice, len(due)) * common * (1 + (slowest - 1) * due / length)

    def at(x: float) -> float:
        return float(sum(w * below(x, BODY[0] * f, sigma) for w, f in zip(weights, factors, strict=True)))

    mean = float(weights @ factors) * BODY[0] * math.exp(sigma**2 / 2)
    return Stream(f"ramp {first:g}..{last:g}/s", draw, at, mean, 1.0, ramp=True)


def drift(dice: Random, runs: int, sd: float = 0.05, memory: float = 0.9) -> Floats:
    """By how much (a factor) the target is slower in each run, one after the other: AR(1) in the logarithm."""
    found = np.empty(runs)
    level = sd * dice.standard_normal()
    for i in range(runs):
        found[i] = level
        level = memory * level + sd * math.sqrt(1 - memory**2) * dice.standard_normal()
    return np.exp(found)
