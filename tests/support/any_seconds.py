"""A run's bins of any kind."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from loadgen.stats import Histogram
from loadgen.stats.bins import Bins


def anything(seed: int) -> tuple[Bins, Fraction]:
    """A run of any length, rate, spread, shape and share of timeouts, and any quantile."""
    stream = np.random.Generator(np.random.PCG64(seed))
    length, rate, late = stream.integers(20, 60), stream.choice([0.3, 3, 30, 300]), stream.choice([0, 0, 0.01, 0.2])
    most = stream.choice([2, 50, 10**7])

    def part(mean: float, least: int) -> Histogram:
        return Histogram.of(least + stream.integers(1, most + 1, stream.poisson(mean)))

    uneven = rate * stream.gamma(stream.choice([0.1, 1, 100]), size=length)
    seen = [part(mean, 0) for mean in uneven.tolist()]
    return Bins(seen, [part(late * rate, most) for _ in seen] if late else []), Fraction(stream.integers(1, 100), 100)
