"""Figures of one variant over its rounds, for drawing, on logarithms as the ratios are: their geometric mean, with its
interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from loadgen.experiment.variants import Key, Variant, bounds, keys
from loadgen.profile.experiment import Primary
from loadgen.result.experiment import Curve, Point
from loadgen.stats.comparison import ROUNDS
from loadgen.stats.looks import ALPHA
from loadgen.stats.paired import Student

QUANTILES = ("p50", "p90", "p95", "p99", "p99.9")


def over_rounds(variant: Variant, key: Key, quantile: str, rounds: Sequence[int]) -> Point | None:
    """The geometric mean over the rounds, with its interval by Student's t of the logarithms if there are as many
    rounds as an interval takes; None if a round lacks the figure."""
    values = by_round(variant, key, quantile, rounds)
    if not values:
        return None
    logarithms = Student(np.log(values))
    low, high = logarithms.interval(ALPHA) if len(values) >= ROUNDS else (math.nan, math.nan)
    return Point(round(math.exp(logarithms.centre), 6), finite(math.exp(low)), finite(math.exp(high)))


def by_round(variant: Variant, key: Key, quantile: str, rounds: Sequence[int]) -> tuple[float, ...]:
    """The figure in each round, in ms; empty if a round lacks it, or if it is 0, which has no logarithm."""
    of_rounds = (bounds(variant.runs[number].figures.get(key, []), quantile) for number in rounds)
    values = tuple(round(low, 6) for low, high in filter(None, of_rounds) if low == high > 0)
    return values if len(values) == len(rounds) else ()


def curves(variant: Variant, primary: Primary, rounds: Sequence[int]) -> Iterator[Curve]:
    """A comparison's `curves` of one variant."""
    for key in keys(variant, primary):
        points = [(quantile, over_rounds(variant, key, quantile, rounds)) for quantile in QUANTILES]
        rows = tuple((quantile, point.value, point.low, point.high) for quantile, point in points if point)
        yield Curve(variant.name, *key, points=rows)


def finite(value: float) -> float | None:
    """The value as a result has it: None if it is not finite."""
    return round(value, 6) if math.isfinite(value) else None


def average(values: Sequence[float | None]) -> float | None:
    """The mean; None if one of the values is not known."""
    sure = [value for value in values if value is not None]
    return round(math.fsum(sure) / len(sure), 6) if sure and len(sure) == len(values) else None
