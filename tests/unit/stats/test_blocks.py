"""How far a sum over a run may be off, from its parts bin by bin."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loadgen.stats.blocks import WAVES, Spread, spread
from loadgen.stats.distributions import t_quantile


def test_seconds_that_hang_together_have_the_variance_of_what_hangs_together() -> None:
    stream = np.random.Generator(np.random.PCG64(1))
    noise = [stream.standard_normal(480) for _ in range(100)]
    assert np.mean([spread(each).variance for each in noise]) == pytest.approx(480, rel=0.15)
    slow = [np.repeat(each[:60], 8) for each in noise]
    assert np.mean([spread(each).variance for each in slow]) == pytest.approx(8 * 480, rel=0.2)


@pytest.mark.parametrize("ramp", [False, True])
@pytest.mark.parametrize("length", [20, 61, 300, 3600])
def test_the_variance_is_that_of_the_slowest_waves(length: int, ramp: bool) -> None:
    stream = np.random.Generator(np.random.PCG64(2))
    noise, time, trend = stream.standard_normal(length), np.linspace(-1, 1, length), 2 * ramp
    rest = noise - np.polyval(np.polyfit(time, noise, trend), time)
    turns = np.outer(np.arange(1, WAVES + trend + 1), (np.arange(length) + 0.5) / length)
    strengths = np.cos(math.pi * turns) @ rest * math.sqrt(2 / length)
    found = spread(noise, ramp)
    assert (found.df, found.variance) == (WAVES, pytest.approx(length * (strengths @ strengths) / WAVES))


def test_only_the_trend_of_a_ramp_is_no_variance() -> None:
    noise, time = np.random.Generator(np.random.PCG64(2)).standard_normal(200), np.linspace(-1, 1, 200)
    trend = 5 * time + 5 * time**2
    plain, ramp = spread(noise, ramp=True), spread(noise + trend, ramp=True)
    assert (ramp.variance, ramp.skewness) == pytest.approx((plain.variance, plain.skewness))
    assert spread(noise + trend).variance > 10 * spread(noise).variance


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
    found = [spread(stream.exponential(1, 400) - 1) for _ in range(400)]
    third, variance = np.mean([(of.skewness * of.variance**1.5, of.variance) for of in found], axis=0)
    assert third / variance**1.5 == pytest.approx(2 / math.sqrt(400), rel=0.2)
