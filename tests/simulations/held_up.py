"""Exchanges that this machine held up: the target's times, and how late they left."""

from __future__ import annotations

import numpy as np
from streams import Floats

from loadgen.clock import MILLISECOND
from loadgen.record.share import Part, Shares
from loadgen.stats import index_of
from loadgen.trust.figure import Place

PLACE = Place("a", 1, "")


def target(rng: np.random.Generator, count: int, cliff: bool) -> Floats:
    """Times of the target in ms."""
    times = 20 * np.exp((0.2 if cliff else 0.5) * rng.standard_normal(count))
    return np.where(rng.random(count) < 0.009, 10_000.0, times) if cliff else times


def late(rng: np.random.Generator, count: int, often: float, mean: float) -> Floats:
    return np.where(rng.random(count) < often, rng.exponential(mean, count), 0.0)


def shares(net: Floats, own: Floats) -> Shares:
    whole = np.round((net + own) * MILLISECOND).astype(np.int64)
    rows = np.zeros((len(net), len(Part)), np.int64)
    rows[:, Part.COUNT] = rows[:, Part.STAMPED] = 1
    rows[:, Part.WHOLE], rows[:, Part.LAG] = whole, np.round(own * MILLISECOND)
    index = index_of(whole)
    order = np.argsort(index, kind="stable")
    starts = np.flatnonzero(np.diff(index[order], prepend=-1))
    return Shares(index[order][starts], np.add.reduceat(rows[order], starts, axis=0))
