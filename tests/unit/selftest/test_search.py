"""The search for the highest rate that holds: what it comes to, and how soon, whatever the truth is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from selftests import BUSY

from loadgen.result.selftest import Trial
from loadgen.selftest.search import LOWEST, PRECISION, bounds, following

ENOUGH = 28  # trials, from a guess that is far off


def searched(holds: Callable[[float], bool], guess: float, highest: float = math.inf) -> list[Trial]:
    trials: list[Trial] = []
    while (rate := following(trials, guess, highest)) is not None:
        trials.append(Trial(rate, None if holds(rate) else BUSY, 0.4))
        assert len(trials) <= 2 * ENOUGH, "it does not come to its end"
    return trials


@pytest.mark.parametrize("truth", [60, 777, 4_000, 23_456, 38_000, 190_000])
@pytest.mark.parametrize("guess", [0, 900, 24_000, 300_000])
def test_the_answer_is_just_below_the_truth_and_was_seen_twice(truth: float, guess: float) -> None:
    trials = searched(lambda rate: rate <= truth, guess)
    found = bounds(trials)
    assert found.held is not None and found.failed is not None
    assert found.held <= truth < found.failed
    rounding = 1.02  # a rate has two digits
    assert found.failed <= found.held * (1 + PRECISION) * rounding
    assert found.sure and [t.held for t in trials if t.rate == found.held].count(True) == 2
    assert len(trials) <= ENOUGH


@pytest.mark.parametrize("truth", [2_000, 24_000])
def test_a_good_guess_is_answered_in_the_time_there_is(truth: float) -> None:
    assert len(searched(lambda rate: rate <= truth, 0.9 * truth)) <= 9


@pytest.mark.parametrize("seed", range(200))
def test_moments_of_disturbance_do_not_raise_the_answer_nor_keep_it_from_being_found(seed: int) -> None:
    draw = random.Random(seed)
    found = bounds(searched(lambda rate: rate <= 20_000 and draw.random() > 0.1, 15_000))
    assert found.held is not None and found.held <= 20_000
    assert found.sure


def test_one_disturbance_is_forgiven() -> None:
    spoilt = iter([True])
    found = bounds(searched(lambda rate: rate <= 20_000 and not (rate == 18_000 and next(spoilt, False)), 18_000))
    assert found.held is not None and found.held >= 18_000


def test_where_nothing_holds_the_lowest_has_failed_twice() -> None:
    trials = searched(lambda rate: False, 24_000)
    assert bounds(trials).held is None
    assert [trial.rate for trial in trials][-2:] == [LOWEST, LOWEST]
    assert len(trials) <= 9


def test_nothing_above_the_highest_is_tried() -> None:
    trials = searched(lambda rate: True, 24_000, highest=30_000)
    assert max(trial.rate for trial in trials) == 30_000
    assert bounds(trials) == (bounds(trials[-1:] * 2))
