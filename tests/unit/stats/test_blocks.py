"""How far a sum over a run may be off, from its parts second by second."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loadgen.stats.blocks import Spread, spread
from loadgen.stats.distributions import t_quantile


def test_seconds_that_hang_together_have_the_variance_of_what_hangs_together() -> None:
    stream = np.random.Generator(np.random.PCG64(1))
    noise = [stream.standard_normal(480) for _ in range(100)]
    assert np.mean([spread(each).variance for each in noise]) == pytest.approx(480, rel=0.1)
    slow = [np.repeat(each[:60], 8) for each in noise]
    assert np.mean([spread(each).variance for each in slow]) == pytest.approx(8 * 480, rel=0.15)


@pytest.mark.parametrize(("length", "df"), [(20, 12), (60, 12), (61, 12), (300, 18), (3600, 94)])
def test_the_variance_is_that_of_the_slowest_waves(length: int, df: int) -> None:
    stream = np.random.Generator(np.random.PCG64(2))
    noise, time = stream.standard_normal(length), np.linspace(-1, 1, length)
    rest = noise - np.polyval(np.polyfit(time, noise, 2), time)
    turns = np.outer(np.arange(1, df + 3), (np.arange(length) + 0.5) / length)
    strengths = np.cos(math.pi * turns) @ rest * math.sqrt(2 / length)
    found = spread(noise)
    assert (found.df, found.variance) == (df, pytest.approx(length * (strengths @ strengths) / df))


def test_a_trend_is_no_variance() -> None:
    noise, time = np.random.Generator(np.random.PCG64(2)).standard_normal(200), np.linspace(-1, 1, 200)
    plain, ramp = spread(noise), spread(noise + 5 * time + 5 * time**2)
    assert (ramp.variance, ramp.skewness) == pytest.approx((plain.variance, plain.skewness))


def test_skewed_sums_reach_further_on_the_side_of_their_tail() -> None:
    skewed = np.random.Generator(np.random.PCG64(4)).exponential(1, 60) ** 2 - 2
    found = spread(skewed)
    below, above = found.reach(0.95)
    assert above == t_quantile(0.975, found.df) * math.sqrt(found.variance) < below, "and no less far on the other"
    assert spread(-skewed).reach(0.95) == pytest.approx((above, below))
    # 1.96 + 1/6 skewness (2 x 1.96^2 + 1) to the first order: Johnson (1978)
    assert Spread(1, 10_000, 0.01).reach(0.95)[0] == pytest.approx(1.96 + 0.01 / 6 * (2 * 1.96**2 + 1), abs=2e-3)


def test_the_skewness_of_a_sum_is_that_of_its_parts_over_the_root_of_their_number() -> None:
    stream = np.random.Generator(np.random.PCG64(5))
    found = [spread(stream.exponential(1, 400) - 1).skewness for _ in range(200)]
    assert np.mean(found) == pytest.approx(2 / math.sqrt(400), rel=0.2)
