"""Whether the ratio of two variants changes along an axis: how often a slope is said where there is none, and how often
one is found. `python tests/simulations/test_slopes.py` prints the tables of docs/evidence.md.

A ratio varies from round to round; near a queue's capacity much more than far from it, and not evenly.
"""

from __future__ import annotations

import numpy as np
import pytest
from promises import at_least, at_most, note, seeds
from streams import Floats, Random, queue, random

from loadgen.stats.slope import slope

ALPHA = 0.05
AXIS = np.array([50.0, 100.0, 200.0, 400.0])
ROUNDS = (6, 10, 20)
# how far apart the ends have to be, in standard deviations of a ratio in a round, to be found in four of five
FOUND = {6: 1.95, 10: 1.35, 20: 0.9}


def said(axis: Floats, ratios: Floats) -> float:
    """1 if the ratio is said to rise, -1 to fall, 0 if neither."""
    low, high = slope(axis, ratios).interval(ALPHA)
    return float(low > 0) - float(high < 0)


def drawn(dice: Random, rounds: int, change: float, spread: Floats) -> Floats:
    """Ratios by round and value: each round has a drift of its own, the same at all values; the ratio at the last
    value is so much (of the logarithm) above that at the first, and it varies by `spread`."""
    true = change * np.log(AXIS / AXIS[0]) / np.log(AXIS[-1] / AXIS[0])
    return np.asarray(
        np.exp(true + dice.normal(0, 0.05, (rounds, 1)) + dice.normal(0, 1, (rounds, len(AXIS))) * spread)
    )


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("spread", [(1, 1, 1, 1), (1, 1, 2, 8)], ids=["even", "growing"])
def test_no_slope_is_said_where_there_is_none(rounds: int, spread: tuple[float, ...]) -> None:
    tried = seeds(300, 20000)
    false = sum(
        said(AXIS, drawn(random(81, seed, rounds), rounds, 0.0, 0.02 * np.array(spread))) != 0 for seed in tried
    )
    note("slope none", {"rounds": rounds, "spread": spread, "said": false, "of": len(tried)})
    assert at_most(0.055, false, len(tried)), false


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_slope_is_found_and_never_the_other_way(rounds: int) -> None:
    tried = seeds(150, 5000)
    found = [
        said(AXIS, drawn(random(82, seed, rounds), rounds, 0.02 * FOUND[rounds], 0.02 * np.ones(4))) for seed in tried
    ]
    note("slope found", {"rounds": rounds, "change": FOUND[rounds], "found": found.count(1), "of": len(tried)})
    assert at_least(0.8, found.count(1), len(tried)), found.count(1)
    assert at_most(0.001, found.count(-1), len(tried))


LOADS = (0.2, 0.4, 0.6, 0.8)


def of_queues(dice: Random, rounds: int, quantile: float, rate: float = 400, lasts: int = 5) -> Floats:
    """Ratios of a percentile of two runs of the same queue, at growing loads."""
    queues = [queue(load, rate * load) for load in LOADS]
    runs = [[[of.draw(dice, lasts)[1] for _ in range(2)] for of in queues] for _ in range(rounds)]
    return np.array([[np.quantile(b, quantile) / np.quantile(a, quantile) for a, b in each] for each in runs])


@pytest.mark.parametrize("quantile", [0.5, 0.99])
@pytest.mark.parametrize("rounds", [6, 10])
def test_queues_that_are_the_same_have_no_slope(rounds: int, quantile: float) -> None:
    tried = seeds(40, 1500)
    axis = 400 * np.array(LOADS)
    false = sum(said(axis, of_queues(random(83, seed, rounds), rounds, quantile)) != 0 for seed in tried)
    note("slope queues", {"rounds": rounds, "quantile": quantile, "said": false, "of": len(tried)})
    assert at_most(0.06, false, len(tried)), false
