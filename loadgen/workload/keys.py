"""The keys of a profile, drawn: the number of iteration i's key is the same in every worker and client."""

from __future__ import annotations

import numpy as np

from loadgen.profile.keys import Keys
from loadgen.stats import Integers
from loadgen.workload.draws import BLOCK, NUMBER, Column, drawn


def choice(keys: Keys, seed: tuple[int, ...]) -> Column:
    """The key numbers, by iteration index."""
    count, hot = keys.count, keys.hot
    if keys.kind == "sequential":
        return Column(lambda number: [index % count for index in _indices(number)], NUMBER)
    if keys.kind == "uniform":
        return drawn(seed, lambda stream: stream.integers(0, count, BLOCK).tolist(), NUMBER)
    if keys.kind == "hotset":
        return drawn(seed, lambda stream: _hot(stream, keys).tolist(), NUMBER)
    if keys.kind == "hotspot":
        offsets = drawn(seed, lambda stream: _hot(stream, keys).tolist())
        moved = lambda index, offset: (offset + index // keys.every * hot) % count  # noqa: E731
        return Column(lambda number: list(map(moved, _indices(number), offsets.block(number))), NUMBER)
    chances = _Zipfian(count, keys.theta)
    ranks = drawn(seed, lambda stream: chances.draw(stream).tolist(), NUMBER)
    if keys.kind == "zipfian":
        return ranks
    latest = lambda index, rank: max(0, index - 1 - rank)  # noqa: E731
    return Column(lambda number: list(map(latest, _indices(number), ranks.block(number))), NUMBER)


def _indices(number: int) -> range:
    """The indices of a block."""
    return range(number * BLOCK, (number + 1) * BLOCK)


def _hot(stream: np.random.Generator, keys: Keys) -> Integers:
    """Numbers below `hot` for the share `traffic` of the draws, and the other numbers for the rest."""
    count, hot = keys.count, keys.hot
    drawn = stream.integers(0, hot, BLOCK)
    if hot < count:
        cold = stream.random(BLOCK) >= keys.traffic
        drawn[cold] = stream.integers(hot, count, BLOCK)[cold]
    return drawn


class _Zipfian:
    """Draws rank k of `count` with a probability proportional to 1 / (k + 1)^theta, exactly: from the cumulated
    probabilities."""

    def __init__(self, count: int, theta: float) -> None:
        self._cumulative = np.cumsum(np.arange(1, count + 1, dtype=np.float64) ** -theta)

    def draw(self, stream: np.random.Generator) -> Integers:
        points = stream.random(BLOCK) * self._cumulative[-1]
        return np.asarray(np.searchsorted(self._cumulative, points, side="right"), np.int64)
