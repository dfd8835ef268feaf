"""Figures of one variant over its rounds, for drawing: the mean of the rounds, with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from loadgen.experiment.variants import Key, Variant, bounds, keys
from loadgen.profile.experiment import Primary
from loadgen.result.experiment import Curve, Point
from loadgen.stats.looks import ALPHA
from loadgen.stats.paired import Student

QUANTILES = ("p50", "p90", "p95", "p99", "p99.9")


def over_rounds(variant: Variant, key: Key, quantile: str, rounds: Sequence[int]) -> Point | None:
    """The mean over the rounds, with its interval by Student's t; None if a round lacks the figure."""
    of_rounds = (bounds(variant.runs[number].figures.get(key, []), quantile) for number in rounds)
    values = [low for low, high in filter(None, of_rounds) if low == high]
    if not values or len(values) < len(rounds):
        return None
    low, high = Student(np.array(values)).interval(ALPHA) if len(values) > 1 else (math.nan, math.nan)
    return Point(round(math.fsum(values) / len(values), 6), finite(max(low, 0.0)), finite(high))


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
