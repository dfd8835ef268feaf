"""Quantile tables: as near to the counts as they claim, and readable by a profile."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.experiment.twin.table import POINTS, Times, distribution
from loadgen.profile.distribution import Distribution
from loadgen.sandbox.distributions import quantile_function
from loadgen.stats import Histogram

MS = 1_000_000


def times(values: np.ndarray, **late: float) -> Times:  # type: ignore[type-arg]
    return Times.of([(Histogram.of(values.astype(np.int64)), 0)], **late)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [200, 20_000])
@pytest.mark.parametrize("seed", range(5))
def test_a_table_is_near_the_quantiles_of_its_values(count: int, seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(np.log(8 * MS), 0.7, count)
    text = distribution(times(values))
    quantile = quantile_function(Distribution.parse(text))
    assert text.count("=") <= POINTS
    for level in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99):
        truth = np.quantile(values, level, method="inverted_cdf")
        beyond = count * min(level, 1 - level)
        assert quantile(level) == pytest.approx(truth, rel=0.015 + 0.12 / (1 + beyond**0.5)), level


def test_a_step_stays_one() -> None:
    text = distribution(times(np.repeat([5 * MS, 200 * MS], [980, 20])))
    quantile = quantile_function(Distribution.parse(text))
    assert quantile(0.9799) == pytest.approx(5 * MS, rel=0.002)
    assert quantile(0.9801) == pytest.approx(200 * MS, rel=0.002)


def test_times_that_are_all_the_same_are_one() -> None:
    assert distribution(times(np.full(100, 5 * MS))) == "5ms"
    assert distribution(times(np.zeros(100))) == "0s"


def test_round_trips_are_taken_off_and_no_time_is_below_none() -> None:
    histogram = Histogram.of(np.array([5 * MS, 30 * MS]))
    made = Times.of([(histogram, 10 * MS), (histogram, 0)])
    assert made.values.tolist() == pytest.approx([0, 5 * MS, 20 * MS, 30 * MS], rel=0.002)


def test_what_was_cut_off_is_cut_off_again() -> None:
    made = Distribution.parse(distribution(times(np.full(97, 5 * MS), late=3, bound=500 * MS)))
    quantile = quantile_function(made)
    assert quantile(0.96) < 6 * MS and quantile(0.98) == 1500 * MS


def test_mean_and_variance_are_those_of_the_values() -> None:
    made = times(np.array([10, 20, 20, 50]) * 1000)
    assert (made.count, made.mean, made.quantile(0.5)) == (
        4,
        pytest.approx(25_000, rel=0.01),
        pytest.approx(20e3, 0.01),
    )
    assert made.variance == pytest.approx(225e6, rel=0.02)
