"""Whether one of several groups of values differs from all others: one worker, one machine, one address.

The groups are compared within bins of time: what makes all of them slow at once is no difference. In each bin a group
is expected to have its share of the values beyond a limit, which is the quantile of the other groups. That it has more,
or fewer, over all bins has to be too much for chance in two ways: by the exact binomial test, which holds for few
values, and by Student's t over the bins, which holds where the slow values of a group come together (the numerator is
that of Cochran-Mantel-Haenszel). Beyond that, a difference that is too small to matter is none
(tests/simulations/test_odd.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.distributions import at_least, at_most, t_quantile
from loadgen.stats.histogram import Histogram, Integers, fewest, fraction

FACTORS = {"p99": 1.5, "p50": 1.2}  # times the quantile of every other group, or as many times less
CHANCE = 1e-4  # of a finding where there is nothing, for each quantile of all groups together
FEWEST = 8  # bins with values: fewer do not show how slow ones come together


@dataclass(frozen=True, slots=True)
class Odd:
    """The number of the group that differs, and by which quantile; that quantile of it, and of the other groups the
    smallest and the greatest, in ns."""

    group: int
    quantile: str
    value: int
    others_low: int
    others_high: int


def odd_one(groups: Sequence[Sequence[Histogram]], factors: dict[str, float] = FACTORS) -> Odd | None:
    """The group that differs from all others: slower than each, or of three and more faster than each.

    `groups` has for each group its values in the same bins of time, none in some of them. A group with too few values
    for a quantile is left out. None if there is no such group, or if the values do not prove it.
    """
    whole = [Histogram.together(bins) for bins in groups]
    for quantile, factor in factors.items():
        known = [number for number, values in enumerate(whole) if values.count >= fewest(quantile)]
        found = [_slowest(known, whole, quantile, factor), _fastest(known, whole, quantile, factor)]
        for odd in filter(None, found):
            others = Histogram.together(whole[number] for number in known if number != odd.group)
            limit = others.quantile(fraction(quantile))
            assert limit is not None
            counts, beyond = _counted([groups[number] for number in known], limit)
            if differs(counts, beyond, known.index(odd.group)):
                return odd
    return None


def differs(counts: Integers, beyond: Integers, group: int, chance: float = CHANCE) -> bool:
    """Whether the share of values `beyond` a limit is another in one group than in all others, more surely than by
    `chance`, which is for all groups together. `counts` and `beyond` have a row for each group and a column for each
    bin of time."""
    there = counts.sum(axis=0) > counts[group]  # where there is somebody to compare with
    counts, beyond = counts[:, there], beyond[:, there]
    total, slow = counts.sum(axis=0), beyond.sum(axis=0)
    doubt = chance / len(counts) / 2
    expected = counts[group] * slow / total
    own, every = int(beyond[group].sum()), int(slow.sum())
    if counts.shape[1] < FEWEST or not 0 < every < total.sum():
        return False
    share = float(expected.sum()) / every
    more = own > every * share
    if (at_least(own, every, share) if more else at_most(own, every, share)) > doubt:
        return False
    parts = beyond[group] - expected
    variance = max(_by_chance(counts[group], total, slow), _over_bins(parts))
    return abs(float(parts.sum())) > t_quantile(1 - doubt, len(parts) - 1) * math.sqrt(variance)


def _by_chance(own: Integers, total: Integers, slow: Integers) -> float:
    """The variance of how many of the slow values of each bin a group has, if it is chance which (hypergeometric)."""
    left = total.astype(np.float64)
    return float((own * (left - own) / left * slow * (left - slow) / left / np.maximum(left - 1, 1)).sum())


def _over_bins(parts: Floats) -> float:
    """The variance of the sum of the parts, as they differ from each other."""
    return float(len(parts) * parts.var(ddof=1))


def _counted(groups: Sequence[Sequence[Histogram]], limit: int) -> tuple[Integers, Integers]:
    """The number of values of each group in each bin, and of those beyond the limit."""
    counts = np.array([[values.count for values in bins] for bins in groups], np.int64)
    return counts, np.array([[values.beyond(limit) for values in bins] for bins in groups], np.int64)


def _slowest(known: Sequence[int], whole: Sequence[Histogram], quantile: str, factor: float) -> Odd | None:
    if len(known) < 2:
        return None
    *others, last = _ordered(known, whole, quantile)
    return _odd(last, others, quantile) if last[0] >= factor * others[-1][0] else None


def _fastest(known: Sequence[int], whole: Sequence[Histogram], quantile: str, factor: float) -> Odd | None:
    if len(known) < 3:  # of two, it is the other one that is slower
        return None
    first, *others = _ordered(known, whole, quantile)
    return _odd(first, others, quantile) if factor * first[0] <= others[0][0] else None


def _ordered(known: Sequence[int], whole: Sequence[Histogram], quantile: str) -> list[tuple[int, int]]:
    """The quantile of each group and its number, ascending."""
    return sorted((whole[number].quantile(fraction(quantile)) or 0, number) for number in known)


def _odd(of: tuple[int, int], others: Sequence[tuple[int, int]], quantile: str) -> Odd:
    return Odd(of[1], quantile, of[0], others[0][0], others[-1][0])
