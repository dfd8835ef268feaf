"""The search for the highest rate that holds: what it comes to, and how soon, whatever the truth is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, cast

import pytest

from loadgen.selftest.loads import Loads, Outcome
from loadgen.selftest.measure import FULL, Measurements, summary
from loadgen.selftest.search import LOWEST, PRECISION, Trial, bounds, following

ENOUGH = 28  # trials, from a guess that is far off


def searched(holds: Callable[[float], bool], guess: float, highest: float = math.inf) -> list[Trial]:
    trials: list[Trial] = []
    while (rate := following(trials, guess, highest)) is not None:
        trials.append(Trial(rate, holds(rate)))
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


def test_what_a_search_comes_to() -> None:
    trials = [
        Trial(30_000, False, "core use 91%"),
        Trial(20_000, True),
        Trial(26_000, False, "lag"),
        Trial(20_000, True),
    ]
    assert summary(trials, False) == {
        "rate": 20_000, "sure": True, "at_least": False, "failed_at": 26_000, "failed_why": "lag",
    }  # fmt: skip
    assert summary(trials, True)["at_least"]  # the target had no more to give
    assert summary(trials[1:2], False)["at_least"]  # no higher rate was tried
    assert not summary(trials[:1], False)["at_least"]


# the same with runs


def outcome(rate: float, holds: bool, busy: float) -> Outcome:
    reasons = [] if holds else ["share of the tail 12% of the slowest: it is much. Use more --workers"]
    trust = {"verdict": "VALID" if holds else "INVALID", "reasons": reasons}
    variant = {"requests": {"sent": 10, "outcomes": {"ok": 10}}, "phases": []}
    return Outcome({"trust": trust, "variants": [variant]}, busy)


class FakeLoads:
    """A client that stays VALID up to `truth`, and a target that is busy from `target` on."""

    def __init__(self, truth: float, target: float = 1e9) -> None:
        self._truth, self._target = truth, target
        self.asked: list[tuple[str, str, float]] = []

    async def run(self, scheme: str, path: str, phases: list[dict[str, Any]], session: str = "shared") -> Outcome:
        rate = float(phases[1]["rate"].removesuffix("/s"))
        self.asked.append((scheme, path, rate))
        truth = self._truth * (1 if scheme == "http" else 0.75)
        return outcome(rate, rate <= truth, 0.95 if rate >= self._target else 0.4)


def measured(loads: FakeLoads, cpus: int = 2) -> tuple[Measurements, list[str]]:
    said: list[str] = []
    return Measurements(cast(Loads, loads), FULL, cpus, said.append), said


async def test_a_search_goes_over_http_and_https_and_tells_every_trial() -> None:
    loads = FakeLoads(24_500)
    measurements, said = measured(loads)
    await measurements.capacity()
    http, https = measurements.found["capacity"]
    assert (http["scheme"], https["scheme"]) == ("http", "https")
    assert 22_000 <= http["rate"] <= 24_500 < http["failed_at"]
    assert 16_500 <= https["rate"] <= 18_375 < https["failed_at"]
    assert http["sure"] and not http["at_least"]
    assert http["failed_why"] == "share of the tail 12% of the slowest"
    assert len(said) == len(loads.asked) == len(http["trials"]) + len(https["trials"])
    assert {path for _, path, _ in loads.asked} == {"/later"}
    assert "http at 50/s: VALID" in said


async def test_a_target_that_saturates_first_makes_it_at_least() -> None:
    loads = FakeLoads(1e6, target=40_000)
    measurements, _ = measured(loads)
    await measurements.capacity()
    http, _ = measurements.found["capacity"]
    assert http["at_least"] and http["failed_at"] is None
    assert 40_000 <= http["rate"] <= 60_000  # the first that made it busy, and no higher


async def test_on_a_single_cpu_the_target_is_always_in_the_way() -> None:
    measurements, _ = measured(FakeLoads(10_000), cpus=1)
    await measurements.capacity()
    assert all(row["at_least"] for row in measurements.found["capacity"])


async def test_requests_that_fail_are_not_held_however_valid_the_run() -> None:
    spoilt = outcome(1, True, 0.1)
    spoilt.result["variants"][0]["requests"]["outcomes"] = {"ok": 8, "timeout": 2}
    assert spoilt.why == "requests failed: 2 timeout"
