"""The shape of a step's distribution, from its histogram: bins for a picture, and the kinds of its values."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from loadgen.analysis.latency import milliseconds
from loadgen.result.shape import Ends, Kind, Shape
from loadgen.stats import Histogram, fraction, rank
from loadgen.stats.histogram import bounds_of
from loadgen.stats.kinds import Gap, gap
from loadgen.stats.shares import Share

PER_DOUBLING = 8


def shape(values: Histogram, quantiles: tuple[str, ...]) -> Shape | None:
    """The shape of `values` (ns); None if there are none."""
    if not values.count:
        return None
    apart = gap(values)
    kinds = _kinds(apart, values) if apart else ()
    on_step = dict(_on_step(apart, kinds, values, quantiles)) if apart else {}
    return Shape(tuple(bins_of(values)), kinds, apart.between if apart else 0, on_step)


def bins_of(values: Histogram) -> Iterator[tuple[float, float, int]]:
    """(low, high, count) of `values` (ns) in ms, eight bins for each doubling, those without values left out."""
    middles = np.add(*bounds_of(values.index)) / 2
    numbers = np.floor(np.log2(np.maximum(middles, 1)) * PER_DOUBLING).astype(np.int64)
    for number in sorted(set(numbers.tolist())):  # np.unique would import numpy.ma
        ends = (2 ** (at / PER_DOUBLING) for at in (number, number + 1))
        low, high = (_ms(end) for end in ends)
        yield low, high, int(values.counts[numbers == number].sum())


def _kinds(of: Gap, values: Histogram) -> tuple[Kind, ...]:
    ranges = ((of.below, values.least, of.low), (of.beyond, of.high, values.most))
    return tuple(
        Kind(count, count / of.count, *Share(of.count, count).interval(), _ms(low), _ms(high))
        for count, low, high in ranges
    )


def _on_step(
    of: Gap, kinds: tuple[Kind, ...], values: Histogram, quantiles: tuple[str, ...]
) -> Iterator[tuple[str, Ends]]:
    """The percentiles whose share lies within the interval of the share of the faster kind: with a few slow answers
    less each would be among the faster, with a few more among the slower."""
    fast = kinds[0]
    for name in quantiles:
        p = fraction(name)
        if fast.share_low <= p <= fast.share_high:
            low = rank(Fraction(min(1.0, float(p) / fast.share_high)), of.below)
            beyond = (float(p) - fast.share_low) / (1 - fast.share_low) if fast.share_low < 1 else 0.0
            high = of.below + of.between + max(1, rank(Fraction(beyond), of.beyond))
            yield name, Ends(_ms(values.at_rank(max(1, low))), _ms(values.at_rank(min(high, of.count))))


def _ms(ns: float) -> float:
    value = milliseconds(round(ns))
    assert value is not None
    return value
