"""Experiments in virtual time: two variants, run in turn on a target that drifts from run to run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from streams import Floats, Stream, drift, random

from loadgen.experiment.order import order
from loadgen.stats import Histogram, fraction
from loadgen.stats.comparison import Comparison, Value, compare

Change = Callable[[Floats], Floats]
LENGTH = 30  # seconds that a run takes


def slower(factor: float) -> Change:
    return lambda latencies: latencies * factor


def slower_tail(factor: float, share: float = 0.01) -> Change:
    """The slowest requests alone."""

    def change(latencies: Floats) -> Floats:
        return np.where(latencies > np.quantile(latencies, 1 - share), latencies * factor, latencies)

    return change


def figures(latencies: Floats, names: Sequence[str]) -> list[float]:
    """In ns, as a run tells them."""
    run = Histogram.of((latencies * 1e9).astype(np.int64))
    found = [run.mean if name == "mean" else run.quantile(fraction(name)) for name in names]
    assert all(found)
    return [float(value) for value in found if value]


def runs(stream: Stream, seed: int, rounds: int, change: Change, in_turn: bool = True) -> list[tuple[Floats, Floats]]:
    """The latencies of (baseline, variant) in each round, in the order in which an experiment of that seed runs them;
    or first all of the one, then all of the other, if not in turn."""
    dice = random(1, seed)
    level = drift(dice, 2 * rounds)
    if in_turn:
        orders = [order(seed, number, 2) for number in range(1, rounds + 1)]
        places = [(2 * number + of.index(0), 2 * number + of.index(1)) for number, of in enumerate(orders)]
    else:
        places = [(number, rounds + number) for number in range(rounds)]
    found = []
    for base, variant in places:
        both = [stream.draw(dice, LENGTH)[1] * level[at] for at in (base, variant)]
        found.append((both[0], change(both[1])))
    return found


Pairs = list[tuple[Value, Value]]


def values(pairs: Iterable[tuple[Floats, Floats]], *names: str) -> list[Pairs]:
    """Of each figure, its value in both runs of each round."""
    table = [[figures(run, names) for run in pair] for pair in pairs]
    exactly = [[[Value.exactly(ns) for ns in run] for run in pair] for pair in table]
    return [[(base[at], variant[at]) for base, variant in exactly] for at in range(len(names))]


def compared(pairs: Sequence[tuple[Value, Value]], level: float = 0.05) -> Comparison:
    found = compare(pairs, level=level)
    assert found
    return found


def excludes_one(found: Comparison) -> bool:
    """Whether the interval says that there is a difference, however small."""
    return found.ratio.low > 1 or found.ratio.high < 1


def spread_of(stream: Stream, name: str, rounds: int = 100) -> float:
    """The standard deviation of the rounds' log ratios, as a pilot would tell it."""
    (pairs,) = values(runs(stream, 10**6, rounds, slower(1)), name)
    return float(np.std([math.log(base.low / variant.low) for base, variant in pairs], ddof=1))
