"""What ticks before the load tell of a machine: experiments on a target of 0.13 ms come to the right verdicts, and no
machine that stalls is excused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from machines import CROWDED, HOG, QUIET, STEADY, Machine, Mood, target
from promises import at_least, at_most, note, seeds
from streams import random

from loadgen.result.resolution import median
from loadgen.stats.comparison import Decision, Value, compare

ROUNDS, REQUESTS = 10, 2000
LOCAL = 0.13  # ms: nginx on loopback
TIMES = (0.0, 0.5, 1.0, 2.0)
RARE = 0.01


def verdicts(machine: Machine, quantile: str, seed: int) -> list[tuple[Decision | None, Decision | None]]:
    """The verdicts on variants that are slower by so many times the machine's resolution: with that resolution as the
    margin, and by 5% alone."""
    dice, plain = random(40, seed), float(quantile.removeprefix("p")) / 100
    moods = [[Mood.of(machine, dice) for _ in range(2)] for _ in range(ROUNDS)]
    resolution = median(mood.resolution(dice) for both in moods for mood in both)
    assert resolution
    limit = resolution.of(quantile) / 1e6
    values = [
        [float(np.quantile(target(dice, REQUESTS, LOCAL) + mood.own(dice, REQUESTS), plain)) for mood in both]
        for both in moods
    ]
    found = []
    for times in TIMES:
        rounds = [(Value.exactly(base), Value.exactly(variant + times * limit)) for base, variant in values]
        by_resolution, by_share = compare(rounds, resolution=limit), compare(rounds)
        assert by_resolution and by_share
        found.append((by_resolution.verdict, by_share.verdict))
    return found


@pytest.mark.parametrize("quantile", ["p50", "p99"])
@pytest.mark.parametrize("machine", [STEADY, QUIET], ids=lambda machine: machine.name)
def test_experiments_on_a_fast_target_come_to_the_right_verdict(machine: Machine, quantile: str) -> None:
    tried = seeds(15, 400)
    every = [verdicts(machine, quantile, seed) for seed in tried]
    by: dict[float, Counter[Decision | None]] = {}
    for number, times in enumerate(TIMES):
        by[times] = Counter(each[number][0] for each in every)
        by_share = Counter(each[number][1] for each in every)
        counts = {str(name): count for name, count in by[times].items()}
        counts_by_share = {str(name): count for name, count in by_share.items()}
        about = {"machine": machine.name, "quantile": quantile, "times": times, "of": len(tried)}
        note("resolution", {**about, **counts, "by 5%": counts_by_share})
    for times in (0.0, 0.5):
        assert at_most(RARE, by[times][Decision.SLOWER] + by[times][Decision.FASTER], len(tried))
    assert at_most(0.06, by[1.0][Decision.SLOWER], len(tried))
    assert at_most(RARE, by[2.0][Decision.EQUIVALENT], len(tried))
    if machine is STEADY or quantile == "p50":
        assert at_least(0.95, by[0.0][Decision.EQUIVALENT], len(tried)), "no difference is said to be none"
        assert at_least(0.95, by[2.0][Decision.SLOWER], len(tried))


@pytest.mark.parametrize(
    ("machine", "quantile"), [(HOG, "p99"), (CROWDED, "p50"), (CROWDED, "p90"), (CROWDED, "p99")]
)  # fmt: skip
def test_no_machine_that_stalls_excuses_itself(machine: Machine, quantile: str) -> None:
    """However late its ticks were, what it added to the figure is more than its resolution."""
    tried, excused = seeds(50, 2000), 0
    for seed in tried:
        dice = random(41, seed)
        mood = Mood.of(machine, dice)
        own = float(np.quantile(mood.own(dice, REQUESTS), float(quantile.removeprefix("p")) / 100))
        excused += own * 1e6 < mood.resolution(dice).part(quantile)
    note("excused", {"machine": machine.name, "quantile": quantile, "excused": excused, "of": len(tried)})
    assert not excused


@pytest.mark.parametrize("quantile", ["p50", "p90", "p99"])
def test_a_quiet_machine_is_not_blamed_for_what_it_always_adds(quantile: str) -> None:
    """Its own part of the figure is about the resolution, although that is from two hundred ticks alone."""
    tried, beyond, ratios = seeds(50, 2000), 0, []
    for seed in tried:
        dice = random(42, seed)
        mood = Mood.of(QUIET, dice)
        own = float(np.quantile(mood.own(dice, REQUESTS), float(quantile.removeprefix("p")) / 100))
        resolution = mood.resolution(dice)
        ratios.append(own * 1e6 / resolution.of(quantile))
        beyond += own * 1e6 > resolution.part(quantile)
    note("quiet", {"quantile": quantile, "beyond": beyond, "median": float(np.median(ratios)),
                   "most": max(ratios), "of": len(tried)})  # fmt: skip
    assert at_most(0.25 if quantile == "p99" else 0.01, beyond, len(tried))
    assert 0.9 < np.median(ratios) < 1.1
