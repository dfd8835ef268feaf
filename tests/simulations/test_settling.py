"""How often a phase of a queue is said not to have settled: `python tests/simulations/test_settling.py` prints the
table of docs/evidence.md. A queue above its capacity begins empty, the others in their steady state."""

from __future__ import annotations

import numpy as np
import pytest
from promises import FULL, at_least, at_most, note, seeds
from streams import Floats, arrivals, bins, queue, queued, random

from loadgen.stats.settling import settled

BELOW = [(0.3, 500), (0.7, 500), (0.85, 500), (0.7, 50), (0.85, 50)]
ABOVE = [(1.05, 500), (1.2, 50), (2.0, 50)]


def overloaded(load: float, rate: float, length: int, seed: int) -> tuple[Floats, Floats]:
    dice = random(seed)
    due = arrivals(dice, rate, length)
    return due, queued(due, dice.exponential(load / rate, len(due)), 0.0)


def grown(load: float, rate: float, length: int, tried: range) -> int:
    """In how many runs it is found to grow."""
    number = 0
    for seed in tried:
        drawn = queue(load, rate).draw(random(seed), length) if load < 1 else overloaded(load, rate, length, seed)
        run = bins(*drawn, length)
        due, took = drawn
        answered = float(np.mean(due + took < length))
        number += settled(run.counts, run.totals, run.width, answered) is False
    note("settling", {f"{load} at {rate}/s for {length} s": f"{number} of {len(tried)}"})
    return number


@pytest.mark.parametrize(("load", "rate"), BELOW if FULL else [(0.7, 500), (0.85, 50)])
@pytest.mark.parametrize("length", (5, 20, 60) if FULL else (20,))
def test_a_queue_below_its_capacity_has_settled(load: float, rate: float, length: int) -> None:
    tried = seeds(60, 2000)
    assert at_most(0.005, grown(load, rate, length, tried), len(tried))


@pytest.mark.parametrize(("load", "rate"), ABOVE if FULL else [(1.05, 500)])
def test_a_queue_above_its_capacity_grows(load: float, rate: float) -> None:
    """The drift of a queue at 1.05 is more than its chance after some 20,000 requests."""
    tried = seeds(20, 1000)
    assert at_least(0.99, grown(load, rate, 60, tried), len(tried))


def test_a_good_target_twice_overloaded_is_found_in_seconds() -> None:
    tried = seeds(60, 2000)
    assert at_least(0.99, grown(2.0, 200, 5, tried), len(tried))


@pytest.mark.parametrize(("rate", "length"), [(100, 3), (50, 5), (20, 10)])
def test_two_hundred_requests_show_it_too(rate: float, length: int) -> None:
    """Of a first command: 100/s for 3 s, on a target that answers 50/s."""
    tried = seeds(60, 2000)
    assert at_least(0.95, grown(2.0, rate, length, tried), len(tried))


@pytest.mark.parametrize(("rate", "length"), [(100, 3), (50, 5), (20, 10)])
@pytest.mark.parametrize("load", [0.5, 0.7, 0.85])
def test_two_hundred_requests_of_a_queue_below_its_capacity_do_not_grow(load: float, rate: float, length: int) -> None:
    tried = seeds(60, 2000)
    assert at_most(0.005, grown(load, rate, length, tried), len(tried))


def table(runs: int) -> None:
    lengths = (5, 20, 60)
    print(f"| load | rate | {' | '.join(f'{length} s' for length in lengths)} |")
    print("|---|---|---|---|---|")
    for load, rate in [*BELOW, (0.89, 500), (0.89, 50), (1.05, 100), *ABOVE]:
        cells = [f"{100 * grown(load, rate, length, range(runs)) / runs:.2g} %" for length in lengths]
        print(f"| {load} | {rate}/s | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    table(400)
