"""How much the same measurement differs from one time to the next, and the resolution that follows from it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from loadgen.result.latency import Latency
from loadgen.result.resolution import Resolution
from loadgen.result.selftest import Noise

FIGURES = ("mean", "p50", "p90", "p99")
LEAST = 6  # measurements that a standard deviation is estimated from: with so few, it may be wrong by a third
# Two figures of one machine differ by less in 95 of 100 cases: the repeatability limit of ISO 5725. Their difference
# has twice the variance of one of them.
LIMIT = 1.96 * math.sqrt(2)


def with_another(noise: Noise, response: Latency) -> Noise:
    """The noise with one more measurement."""
    each = {name: (*values, response.quantile(name).value) for name, values in noise.each_ms.items()}
    limits = {name: limit for name, values in each.items() if (limit := _limit(values)) is not None}
    return replace(noise, each_ms=each, repeatability_ms=limits)


def resolution(noise: Noise, ticks: Sequence[Resolution]) -> Resolution | None:
    """The resolution: the repeatability, or what this machine adds to a time if that is more. The latter is the median
    of what the runs' `ticks` before the load show. None if there are too few measurements."""
    if not noise.repeatability_ms:
        return None
    added = {name: _median([run.measured_ms[name] for run in ticks if name in run.measured_ms]) for name in FIGURES}
    return Resolution.measured(
        "selftest", {name: max(limit, added[name]) for name, limit in noise.repeatability_ms.items()}
    )


def _limit(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return round(LIMIT * statistics.stdev(numbers), 6) if len(numbers) >= LEAST else None


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0
