"""Where two variants differ: quantile by quantile, and as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.bootstrap import band
from loadgen.stats.comparison import Range
from loadgen.stats.histogram import OVERFLOW, Histogram, Integers, bounds_of
from loadgen.stats.looks import ALPHA

GRID = (*(f"p{p}" for p in range(5, 100, 5)), "p99", "p99.9", "p99.99")


@dataclass(frozen=True, slots=True)
class Shift:
    """The ratio of variant to baseline, and the difference in ns, at each quantile. The intervals of each list hold all
    together: a curve of no difference that leaves the band anywhere is refuted there."""

    quantiles: tuple[str, ...]
    ratios: tuple[Range, ...]
    differences: tuple[Range, ...]


def shift(quantiles: Sequence[str], base: Floats, variant: Floats, seed: int, level: float = ALPHA) -> Shift:
    """The shift function (Doksum 1974), and that of ratios, over rounds. `base` and `variant` are quantiles in ns, a
    row for each round, of two at the least, and a column for each quantile; those with a nan are left out."""
    both = np.concatenate((base, variant))
    known = np.flatnonzero((np.isfinite(both) & (both > 0)).all(axis=0))
    base, variant = base[:, known], variant[:, known]
    logs = _ranges(np.log(variant) - np.log(base), seed, level)
    ratios = tuple(Range(math.exp(of.value), math.exp(of.low), math.exp(of.high)) for of in logs)
    names = tuple(quantiles[i] for i in known.tolist())
    return Shift(names, ratios, _ranges(variant - base, seed, level))


def _ranges(differences: Floats, seed: int, level: float) -> tuple[Range, ...]:
    means = differences.mean(axis=0)
    reach = band(differences, seed, level) * differences.std(axis=0, ddof=1) / math.sqrt(len(differences))
    return tuple(Range(m, m - r, m + r) for m, r in zip(means.tolist(), reach.tolist(), strict=True))


def superiority(base: Histogram, variant: Histogram) -> float:
    """P(a request of `variant` takes longer than one of `base`), half of those that share a counter: the Mann-Whitney
    statistic (Vargha & Delaney's A). 0.5 where there is no difference."""
    _, of_base, of_variant = _shares(base, variant)
    before = np.cumsum(of_base) - of_base / 2
    return float(of_variant @ before)


def moved(base: Histogram, variant: Histogram) -> float:
    """How far requests have moved on average, in ns, whichever way: the area between both distributions
    (Wasserstein-1), from the middles of their counters. It is never below 0, and above it by chance alone."""
    index, of_base, of_variant = _shares(base, variant)
    low, high = bounds_of(index)
    middles = (low + np.where(index >= OVERFLOW, max(base.most, variant.most), high)) / 2
    apart = np.abs(np.cumsum(of_base - of_variant))
    return float(apart[:-1] @ np.diff(middles))


def _shares(base: Histogram, variant: Histogram) -> tuple[Integers, Floats, Floats]:
    """The counters that either has, and which share of each falls into them."""
    index = np.union1d(base.index, variant.index)
    shares = np.zeros((2, len(index)))
    for row, of in zip(shares, (base, variant), strict=True):
        row[np.searchsorted(index, of.index)] = of.counts / of.count
    return index, shares[0], shares[1]
