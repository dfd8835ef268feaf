"""Verdicts on figures of which this machine made too much, because it held up the requests of one variant or of both:
only those are given that hold whatever its part is. Six rounds of 300 requests at 20 ms; the target drifts by 5 %."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from held_up import PLACE, late, shares, target
from promises import at_most, note, seeds
from streams import Floats, drift, random

from loadgen.clock import MILLISECOND
from loadgen.stats.comparison import Decision, Value, compare
from loadgen.trust.figure import figures_of

ROUNDS, REQUESTS = 6, 300
DIFFERENCE = (Decision.FASTER, Decision.SLOWER)
QUANTILES = ("p50", "p90", "p95")

# how late requests leave, in ms
LATE: dict[str, Callable[[np.random.Generator], Floats]] = {
    "all by 10 ms": lambda rng: late(rng, REQUESTS, 1.0, 10),
    "all by 40 ms": lambda rng: late(rng, REQUESTS, 1.0, 40),
    "one in ten by 100 ms": lambda rng: late(rng, REQUESTS, 0.1, 100),
    "none": lambda rng: np.zeros(REQUESTS),
}
CASES = [("all by 10 ms", "none"), ("none", "all by 40 ms"), ("one in ten by 100 ms", "all by 10 ms"),
         ("all by 40 ms", "all by 40 ms")]  # fmt: skip


def judged(
    seed: int, held_up: tuple[str, str], factor: float, quantile: str
) -> tuple[Decision | None, Decision | None]:
    """The verdict on what was measured, and the one that holds whatever this machine's part is."""
    rng = random(7, seed)
    level = drift(rng, 2 * ROUNDS)
    measured, within = [], []
    for number in range(ROUNDS):
        both = []
        for side, (of, times) in enumerate(zip(held_up, (1.0, factor), strict=True)):
            net = target(rng, REQUESTS, False) * level[2 * number + side] * times
            (figure,) = figures_of([(PLACE, shares(net, LATE[of](rng)))], [quantile])
            both.append((figure.value, figure.value * (1 - figure.share)))
        measured.append((Value.exactly(both[0][0]), Value.exactly(both[1][0])))
        within.append((Value(both[0][1], both[0][0]), Value(both[1][1], both[1][0])))
    found = compare(measured, resolution=0.25 * MILLISECOND), compare(within, resolution=0.25 * MILLISECOND)
    assert all(found)
    plain, sure = (of.verdict for of in found if of)
    return plain, sure


@pytest.mark.parametrize("quantile", QUANTILES)
@pytest.mark.parametrize("held_up", CASES, ids=" and ".join)
def test_what_this_machine_made_is_no_difference(held_up: tuple[str, str], quantile: str) -> None:
    """The target is the same. What was measured says otherwise in most experiments."""
    tried = seeds(10, 1000)
    found = [judged(seed, held_up, 1.0, quantile) for seed in tried]
    plain, sure = (sum(verdict in DIFFERENCE for verdict in verdicts) for verdicts in zip(*found, strict=True))
    note("the same, held up", {"held up": held_up, "figure": quantile, "plain": plain, "sure": sure, "of": len(tried)})
    assert at_most(0.01, sure, len(tried)), (plain, sure)


@pytest.mark.parametrize("held_up", CASES, ids=" and ".join)
def test_a_difference_far_beyond_this_machine_s_part_is_found(held_up: tuple[str, str]) -> None:
    """The variant's target takes eight times as long."""
    tried = seeds(10, 1000)
    found = [judged(seed, held_up, 8.0, "p50")[1] for seed in tried]
    slower = sum(verdict is Decision.SLOWER for verdict in found)
    note("eight times as slow, held up", {"held up": held_up, "found": slower, "of": len(tried)})
    assert slower == len(tried)
