"""A profile's choices of keys, drawn: the number that iteration i is about, whichever worker or client runs it."""

from __future__ import annotations

import numpy as np

from loadgen.profile.keys import Keys
from loadgen.stats import Integers
from loadgen.workload.draws import BLOCK, Column, Getter


def choice(keys: Keys, seed: tuple[int, ...]) -> Getter:
    """The function (values, index) -> key number."""
    count, hot = keys.count, keys.hot
    if keys.kind == "sequential":
        return lambda values, index: index % count
    if keys.kind == "uniform":
        return Column(seed, lambda stream: stream.integers(0, count, BLOCK).tolist())
    if keys.kind == "hotset":
        return Column(seed, lambda stream: _hot(stream, keys).tolist())
    if keys.kind == "hotspot":
        offset = Column(seed, lambda stream: _hot(stream, keys).tolist())
        return lambda values, index: (offset(values, index) + index // keys.every * hot) % count
    ranks = _Zipfian(count, keys.theta)
    rank = Column(seed, lambda stream: ranks.draw(stream).tolist())
    if keys.kind == "zipfian":
        return rank
    return lambda values, index: max(0, index - 1 - rank(values, index))


def _hot(stream: np.random.Generator, keys: Keys) -> Integers:
    """Numbers below `hot` for the share `traffic` of the draws, the others for the rest."""
    count, hot = keys.count, keys.hot
    drawn = stream.integers(0, hot, BLOCK)
    if hot < count:
        cold = stream.random(BLOCK) >= keys.traffic
        drawn[cold] = stream.integers(hot, count, BLOCK)[cold]
    return drawn


class _Zipfian:
    """Rank k of `count` with a chance in proportion to 1 / (k + 1)^theta: by the cumulated chances, so exactly."""

    def __init__(self, count: int, theta: float) -> None:
        self._cumulative = np.cumsum(np.arange(1, count + 1, dtype=np.float64) ** -theta)

    def draw(self, stream: np.random.Generator) -> Integers:
        points = stream.random(BLOCK) * self._cumulative[-1]
        return np.asarray(np.searchsorted(self._cumulative, points, side="right"), np.int64)
