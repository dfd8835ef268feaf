"""One of several groups that differs is found; in groups of one and the same target none is, whatever the target does:
queues, cliffs, stalls, noise, and disturbances that some groups meet and others do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from promises import note, seeds
from streams import Floats, Random, Stream, cold_starts, independent, modulated, queue, ramp, random, stalls

from loadgen.stats import Histogram
from loadgen.stats.odd import Odd, odd_one

LENGTH, BINS = 20, 40
Made = tuple[Floats, Floats, Floats]  # when requests were due, how long they took, and the group of each


def odd_of(due: Floats, took: Floats, of: Floats, groups: int) -> Odd | None:
    bins = np.minimum((due / LENGTH * BINS).astype(np.int64), BINS - 1)
    values = (took * 1e9).astype(np.int64)
    parts = [[values[(of == group) & (bins == at)] for at in range(BINS)] for group in range(groups)]
    return odd_one([[Histogram.of(part) for part in row] for row in parts])


ALIKE = [
    *(independent(rate) for rate in (50, 500)),
    *(queue(load, 300) for load in (0.5, 0.9, 0.97)),
    modulated(3, 200),
    cold_starts(300, 2),
    stalls(300, 3.7, 0.5),
    ramp(20, 500, 20),
]


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.2,) * 5, (0.8, 0.15, 0.05)], ids=["two", "five", "uneven"])
@pytest.mark.parametrize("stream", ALIKE, ids=lambda stream: stream.name)
def test_groups_of_one_target_do_not_differ(stream: Stream, shares: tuple[float, ...]) -> None:
    """Silent in 200 runs, whether requests take turns or come to a group by chance."""
    runs, found, groups = seeds(1, 200), 0, len(shares)
    for seed in runs:
        dice = random(170, groups, seed)
        due, took = stream.draw(dice, LENGTH)
        chance, turns = dice.choice(groups, size=len(due), p=shares), np.arange(len(due)) % groups
        found += sum(odd_of(due, took, of, groups) is not None for of in (chance, turns))
    note("odd", {"of": stream.name, "shares": shares, "found": found, "runs": len(runs)})
    assert found == 0


def _disturbed(dice: Random, groups: int) -> Made:
    """Each group is slow for a while now and then, by itself: its connection was lost, its machine was busy."""
    due, took = independent(300).draw(dice, LENGTH)
    of = dice.integers(groups, size=len(due))
    for group in range(groups):
        for start in dice.random(3) * LENGTH:
            took = took + np.where((of == group) & (due > start) & (due < start + dice.exponential(0.3)), 0.3, 0)
    return due, took, of


@pytest.mark.parametrize("groups", [2, 3, 8])
def test_what_befalls_each_by_itself_is_no_difference(groups: int) -> None:
    runs = seeds(2, 1000)
    found = sum(odd_of(*_disturbed(random(171, groups, seed), groups), groups) is not None for seed in runs)
    note("odd", {"of": "disturbed", "groups": groups, "found": found, "runs": len(runs)})
    assert found <= len(runs) / 200


def _by(share: float, more: float) -> Callable[[Random, Floats], Floats]:
    return lambda dice, took: took + np.where(dice.random(len(took)) < share, more, 0)


DIFFERENT: dict[str, Callable[[Random, Floats], Floats]] = {
    "all of it twice as slow": lambda dice, took: took * 2,
    "all of it slower by 8 ms": _by(1, 0.008),
    "4% slower by 300 ms": _by(0.04, 0.3),
    "all of it twice as fast": lambda dice, took: took / 2,
}


@pytest.mark.parametrize("groups", [2, 4, 8])
@pytest.mark.parametrize("name", DIFFERENT)
def test_the_one_that_differs_is_found(name: str, groups: int) -> None:
    """In 95 of 100 runs. Of two groups the slower one is said to differ."""
    made = DIFFERENT[name]
    expected = 0 if groups == 2 and "fast" in name else groups - 1
    runs, right = seeds(2, 200), 0
    for seed in runs:
        dice = random(172, groups, seed)
        due, took = independent(100 * groups).draw(dice, LENGTH)
        of = dice.integers(groups, size=len(due))
        took = np.where(of == groups - 1, made(dice, took), took)
        odd = odd_of(due, took, of, groups)
        right += odd is not None and odd.group == expected
    note("odd", {"of": name, "groups": groups, "right": right, "runs": len(runs)})
    assert right >= 0.95 * len(runs)
