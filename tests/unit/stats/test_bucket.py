"""What a token bucket refuses in the long run, from steps that are too short to empty it."""

from __future__ import annotations

import numpy as np
import pytest
from examples import FULL

from loadgen.stats.bucket import Bucket, Refusals, bucket


def through(rate: float, size: float, offered: float, seconds: float, lead: float, seed: int) -> Refusals:
    """A step of requests at random, behind a lead-in, from a full bucket."""
    dice = np.random.default_rng(seed)
    due = np.cumsum(dice.exponential(1 / offered, int(2 * offered * (seconds + lead)) + 50))
    due = due[due < seconds + lead]
    tokens, before, requests, refused = size, 0.0, 0, 0
    for now in due.tolist():
        tokens, before = min(size, tokens + (now - before) * rate), now
        taken = tokens >= 1
        tokens -= taken
        requests += now >= lead
        refused += now >= lead and not taken
    return Refusals(offered, requests, refused, seconds, lead)


def steps(rate: float, size: float) -> list[Refusals]:
    offered = [rate * part for part in (0.85, 0.9, 0.95, 0.99, 1.02, 1.04, 1.06, 1.08, 1.1, 1.15, 1.2, 1.3)]
    return [through(rate, size, of, 20.0, 3.0, seed) for seed, of in enumerate(offered)]


@pytest.mark.parametrize("size", [80, 150])
def test_it_is_found_from_the_steps_that_it_refused_in(size: int) -> None:
    found = bucket(steps(120, size))
    assert found
    assert found.rate == pytest.approx(120, rel=0.015)
    assert found.size == pytest.approx(size, rel=0.35)
    low, high = found.interval(0.001)
    assert low <= Bucket(120, size).sustains(0.001) <= found.sustains(0.001) * 1.01 and high > 120


@pytest.mark.parametrize("size", [60, 100])
def test_the_long_run_is_as_the_formula_says(size: int) -> None:
    share, seconds = (0.002, 20_000) if FULL else (0.01, 3_000)
    long = through(120, size, Bucket(120, size).sustains(share), seconds, 0, seed=2)
    assert long.refused / long.requests == pytest.approx(share, rel=0.25)


def test_a_small_bucket_is_seen_empty_in_each_step() -> None:
    assert bucket(steps(120, 5)) is None
    assert bucket(steps(120, 20)) is None


@pytest.mark.parametrize("seed", [13, 34, 35])
def test_a_small_bucket_is_no_large_one_of_a_lower_rate(seed: int) -> None:
    """Of requests at random, a bucket of 5 at 60/s refuses 1 % at 38/s already; none of these steps is above 60/s."""
    offered = np.linspace(32, 52, 30)
    assert bucket([through(60, 5, rate, 19.0, 3.0, 100 * seed + at) for at, rate in enumerate(offered)]) is None


def test_what_refuses_nothing_is_none() -> None:
    assert bucket([]) is None
    assert bucket([Refusals(rate, 1000, 0, 10.0, 2.0) for rate in (80.0, 100.0, 120.0)]) is None


def test_the_share_is_continuous_at_its_rate() -> None:
    of = Bucket(100, 50)
    near = [of.refused(rate) for rate in (99.9999, 100.0, 100.0001)]
    assert near == pytest.approx([0.01] * 3, rel=1e-3)
    assert of.refused(1.0) == 0.0 and of.refused(200.0) == pytest.approx(0.5)
