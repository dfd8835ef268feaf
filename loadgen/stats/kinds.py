"""Whether a distribution has two kinds of values, with hardly any between them: a gap that no smooth tail has.

The gap looked for is the widest, as a ratio of its ends, with at most a twentieth as many values inside it as on the
rarer side of it. A long tail has gaps too, between its last few values. So a gap counts if its ends are `WIDTH` apart,
and if it is `SPACES` times as wide as the mean space between the ten values that are next to it on either side, and
between nine tenths of those on its rarer side. Between points of a Poisson process a space so much wider than ten
others comes by chance once in 280,000, (1 + SPACES / 10)^-10 (tests/simulations/test_findings.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from loadgen.stats.histogram import Histogram, Integers, bounds_of

FEWEST = 10  # values on the rarer side of a gap
BETWEEN = 20  # times as many values on the rarer side as inside the gap
EMPTY = 0.8  # of a gap, on a logarithmic scale: a space this wide is the gap itself
WIDTH = 2.0  # the ratio of the gap's ends
SPACES = 25  # times the mean space between the values next to it


@dataclass(frozen=True, slots=True)
class Gap:
    """The gap between two kinds of values: its ends in ns, and how many values are below, inside and beyond it."""

    low: int
    high: int
    below: int
    between: int
    beyond: int

    @property
    def count(self) -> int:
        return self.below + self.between + self.beyond


def gap(values: Histogram) -> Gap | None:
    """The widest gap of the values that is too wide for chance; None if there is none."""
    if values.count < 2 * FEWEST or len(values.index) < 2:
        return None
    lows, highs = bounds_of(values.index)
    within, total = np.cumsum(values.counts), values.count
    first, last = _widest(np.maximum(lows, 1), np.maximum(highs, 1), within, total)
    if last <= first:
        return None
    inside = int(within[last - 1] - within[first])
    low, high = max(values.least, int(highs[first])), min(values.most, int(lows[last]))
    found = Gap(low, high, int(within[first]), inside, total - inside - int(within[first]))
    return found if _is_wide(found, values) else None


def _widest(lows: Integers, highs: Integers, within: Integers, total: int) -> tuple[int, int]:
    """The counters below and above the widest gap. Both are the same if there is none."""
    # with w values up to the end of the gap, `w - within` are inside it, and `total - w` beyond: from the share that
    # may be inside follows the greatest w for each counter that the gap may begin after
    by_beyond = (BETWEEN * within + total) // (BETWEEN + 1)
    by_below = within + within // BETWEEN
    ends = np.searchsorted(within, np.minimum(by_beyond, by_below), side="right")
    possible = (ends < len(within)) & (within >= FEWEST)
    possible &= total - within[np.maximum(ends, 1) - 1] >= FEWEST
    if not possible.any():
        return 0, 0
    ratios = np.where(possible, lows[np.minimum(ends, len(lows) - 1)] / highs, 0.0)
    first = int(ratios.argmax())
    return _emptied(lows, highs, first, int(ends[first]))


def _emptied(lows: Integers, highs: Integers, first: int, last: int) -> tuple[int, int]:
    """The widest space inside a gap, if that is hardly narrower: the values beside it are of the kinds."""
    inner = np.log(lows[first + 1 : last + 1] / highs[first:last])
    widest = first + int(inner.argmax())
    whole = math.log(lows[last] / highs[first])
    return (widest, widest + 1) if inner.max() >= EMPTY * whole else (first, last)


def _is_wide(of: Gap, values: Histogram) -> bool:
    if of.high < WIDTH * of.low:
        return False
    return of.high - of.low >= (of.between + SPACES) * max(_spaces(of, values))


def _spaces(of: Gap, values: Histogram) -> Iterator[float]:
    """The mean spaces between the values beside a gap, in ns."""
    after = of.below + of.between
    numbers = {FEWEST, max(FEWEST, min(of.below, of.beyond) * 9 // 10)}
    for number in numbers if of.beyond <= of.below else {FEWEST}:
        yield (values.at_rank(after + number) - of.high) / number
    for number in numbers if of.below <= of.beyond else {FEWEST}:
        yield (of.low - values.at_rank(of.below - number + 1)) / number
