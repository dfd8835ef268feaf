"""How much the same measurement differs, and what follows from it."""

from __future__ import annotations

import random
import statistics

import pytest
from examples import examples

from loadgen.result.latency import Latency
from loadgen.result.resolution import Resolution
from loadgen.result.selftest import Noise
from loadgen.selftest.repeatability import FIGURES, LEAST, resolution, with_another

NONE = Noise(1000, 1.0, dict.fromkeys(FIGURES, ()), {})
P50S = (0.148, 0.156, 0.151, 0.151, 0.125, 0.174)


def measured(p50s: tuple[float, ...], p99: float | None = None) -> Noise:
    noise = NONE
    for p50 in p50s:
        quantiles = {"p50": p50, "p90": p50, "p99": p99}
        noise = with_another(noise, Latency(1000, p50, p50, quantiles, spent=1.0, max=None, timeouts=0))
    return noise


def test_the_limit_is_2_77_standard_deviations() -> None:
    noise = measured(P50S)
    assert noise.each_ms["p50"] == noise.each_ms["mean"] == P50S
    assert noise.repeatability_ms["p50"] == pytest.approx(2.772 * statistics.stdev(P50S), rel=1e-3)
    assert "p99" not in noise.repeatability_ms, "it was never known"
    assert measured(P50S[: LEAST - 1]).repeatability_ms == {}


def test_of_a_hundred_pairs_of_measurements_five_differ_by_more() -> None:
    """The range of two measurements, which was the limit before, is exceeded by half of all pairs."""
    draw = random.Random(15)
    beyond, of_two, tried = 0, 0, examples(2000, 5)
    for _ in range(tried):
        limit = measured(tuple(draw.gauss(1, 0.1) for _ in range(12))).repeatability_ms["p50"]
        one, other = draw.gauss(1, 0.1), draw.gauss(1, 0.1)
        beyond += abs(one - other) > limit
        of_two += abs(one - other) > abs(draw.gauss(1, 0.1) - draw.gauss(1, 0.1))
    assert 0.04 < beyond / tried < 0.09, "a little more than 5%, as the deviation is estimated"
    assert 0.45 < of_two / tried < 0.55


def test_what_the_machine_adds_anyway_is_no_difference_either() -> None:
    ticks = [Resolution.measured("ticks", {"mean": add, "p50": add, "p90": 0.01}) for add in (0.09, 0.1, 7.0)]
    found = resolution(measured(P50S), ticks)
    assert found and found.source == "selftest"
    assert found.measured_ms["p50"] == found.measured_ms["mean"] == 0.1, "the median: one run was disturbed"
    assert found.measured_ms["p90"] == measured(P50S).repeatability_ms["p90"]
    assert "p99" not in found.measured_ms


def test_too_few_measurements_have_no_resolution() -> None:
    assert resolution(measured(P50S[:2]), [Resolution.measured("ticks", {"p50": 0.1})]) is None
