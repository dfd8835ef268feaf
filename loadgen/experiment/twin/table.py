"""A quantile table from counts: as few points as tell the distribution to about 1 %."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadgen.profile.units import format_duration
from loadgen.stats import Histogram, bounds_of

Floats = NDArray[np.float64]

POINTS = 64  # at most, which is a line that a person can still read
STEP = 1e-8  # between the two levels of a step; a profile's levels have six digits after the point, in per cent
FINE, COARSE = 0.01, 0.1  # how far off a line may be: in the body, and at either end, where hardly any value lies
FLOOR = 5000.0  # ns: whatever the time is, so much does not matter
EVEN = 0.002  # a distribution that is not wider is a fixed time


@dataclass(frozen=True, slots=True)
class Times:
    """Times in ns, ascending, each with how many there are; and `late` more that were cut off at `bound`."""

    values: Floats
    counts: Floats
    late: int = 0
    bound: float = 0.0

    @classmethod
    def of(cls, parts: list[tuple[Histogram, int]], late: int = 0, bound: int = 0) -> Times:
        """The values of histograms, each less so many ns, but never below 0."""
        values = [np.empty(0)]
        counts = [np.empty(0)]
        for histogram, less in parts:
            high = np.minimum(bounds_of(histogram.index)[1], histogram.most)
            values.append(np.maximum(high - less, 0).astype(np.float64))
            counts.append(histogram.counts.astype(np.float64))
        all_values, all_counts = np.concatenate(values), np.concatenate(counts)
        order = np.argsort(all_values, kind="stable")
        return cls(all_values[order], all_counts[order], late, float(bound))

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        return float(np.average(self.values, weights=self.counts))

    @property
    def variance(self) -> float:
        return float(np.average((self.values - self.mean) ** 2, weights=self.counts))

    def quantile(self, level: float) -> float:
        reached = np.cumsum(self.counts) / self.counts.sum()
        return float(self.values[min(int(np.searchsorted(reached, level)), len(self.values) - 1)])


def distribution(times: Times, besides: int = 0) -> str:
    """The times as a profile writes a distribution. What was cut off is there as three times as long, so that it is
    cut off again. Each answer takes `besides` ns more, of which a hundredth does not matter."""
    values, counts = times.values, times.counts
    if times.late:
        values, counts = np.append(values, 3 * times.bound), np.append(counts, times.late)
    if values[-1] - values[0] <= max(EVEN * values[-1], 1000.0):
        return _time(float(np.average(values, weights=counts)))
    levels, points = _steps(values, counts)
    kept = _simplified(levels, points, float(counts.sum()), max(FLOOR, FINE * besides))
    return f"table({', '.join(_written(levels[kept], points[kept]))})"


def _steps(values: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """The quantile function as points: each value has a flat piece, with a step between one and the next."""
    ends = np.cumsum(counts) / counts.sum()
    starts = np.append(0.0, ends[:-1] + STEP)
    return np.stack((starts, ends), axis=1).ravel(), np.repeat(values, 2)


def _simplified(levels: Floats, points: Floats, count: float, floor: float) -> NDArray[np.int64]:
    """The numbers of those points between which straight lines are near enough to all: the worst is added in turn."""
    beyond = np.sqrt(count * np.clip(np.minimum(levels, 1 - levels), 0, 1))
    allowed = floor + points * (FINE + COARSE / (1 + beyond))
    kept = np.array([0, len(levels) - 1])
    while len(kept) < POINTS:
        off = np.abs(np.interp(levels, levels[kept], points[kept]) - points) / allowed
        worst = int(off.argmax())
        if off[worst] <= 1:
            break
        kept = np.sort(np.append(kept, worst))
    return kept


def _written(levels: Floats, points: Floats) -> list[str]:
    """`p0=1ms`, with levels that rise."""
    written, before = list[str](), -1
    for level, point in zip(levels[:-1], points[:-1], strict=True):
        millionth = max(round(float(level) * 1e8), before + 1)
        if millionth < 10**8:
            written.append(f"p{_percent(millionth)}={_time(float(point))}")
            before = millionth
    return [*written, f"p100={_time(float(points[-1]))}"]


def _percent(millionths: int) -> str:
    whole, rest = divmod(millionths, 10**6)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _time(ns: float) -> str:
    """To four digits, and no finer than a microsecond."""
    digits = max(10 ** max(len(str(int(ns))) - 4, 0), 1000)
    return format_duration(round(ns / digits) * digits)
