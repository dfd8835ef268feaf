"""The rate at which a share crosses what is allowed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loadgen.stats.crossing import SURE, Point, cliff, crossing, fit
from loadgen.stats.distributions import t_quantile, variance_bound

ALLOWED = 0.01


def line(rate: float, at: float = 100.0, slope: float = 0.1) -> float:
    logit = math.log(ALLOWED / (1 - ALLOWED)) + slope * (rate - at)
    return 1 / (1 + math.exp(-logit))


def points(*rates: float, count: int = 100_000, at: float = 100.0) -> list[Point]:
    return [Point(rate, count, round(count * line(rate, at))) for rate in rates]


def test_a_line_is_found_again() -> None:
    found = crossing(points(*range(80, 125, 3)), ALLOWED)
    assert found.rate == pytest.approx(100, rel=0.002)
    assert found.slope == pytest.approx(0.1, rel=0.05)
    assert found.low and found.high and found.low < 100 < found.high
    assert found.at(10) == pytest.approx(100 + (math.log(0.1 / 0.9) - math.log(0.01 / 0.99)) / found.slope, rel=1e-4)


def test_the_ends_are_where_no_line_comes_near() -> None:
    """Looked for line by line: the least deviance of all lines through an end is as far above the least of all."""
    bent = [0.5, 2.0, 1.0, 0.7, 1.4]
    steps = [
        Point(of.rate, of.count, round(of.beyond * bent[at % 5])) for at, of in enumerate(points(*range(90, 120, 2)))
    ]
    found = fit(steps, ALLOWED)
    assert found and found.rate and found.low and found.high and found.points == len(steps)

    def deviance(rate: float, slope: float) -> float:
        shares = [line(of.rate, rate, slope) for of in steps]
        away = [math.sqrt(of.share) - math.sqrt(share) for of, share in zip(steps, shares, strict=True)]
        return sum(4 * of.count * d**2 / math.sqrt(share) for of, d, share in zip(steps, away, shares, strict=True))

    least = deviance(found.rate, found.slope)
    low, high = (min(deviance(end, 0.002 * of) for of in range(1, 200)) - least for end in (found.low, found.high))
    assert low == pytest.approx(high, rel=0.03)
    squares = sum(
        of.count
        * (of.share - line(of.rate, found.rate, found.slope)) ** 2
        / line(of.rate, found.rate, found.slope) ** 1.5
        for of in steps
    )
    df = len(steps) - 2
    assert low == pytest.approx(squares / df * t_quantile(0.975, df) ** 2 * variance_bound(df, SURE), rel=0.03)


def test_steps_without_any_slow_request_count() -> None:
    """The same slow requests, and more time far below in which there was none: the line is steeper there."""
    slow = [Point(100, 3000, 30), Point(104, 3000, 90), Point(108, 3000, 200), Point(112, 3000, 500)] * 2
    few, many = (fit([*slow, *[Point(92, 3000, 0)] * number], ALLOWED) for number in (1, 8))
    assert few and many and few.low and many.low and few.high and many.high
    assert many.high - many.low < few.high - few.low


def test_a_target_without_a_slope_is_a_cliff() -> None:
    steps = [Point(rate, 1000, 0 if rate < 100 else 900) for rate in range(80, 125, 3)]
    found = crossing(steps, ALLOWED)
    assert (found.low, found.high, found.slope) == (98, 101, 0)
    assert found.rate == pytest.approx(math.sqrt(98 * 101))


def test_a_cliff_that_chance_blurs_is_as_wide_as_that() -> None:
    steps = [Point(90, 1000, 0), Point(95, 1000, 30), Point(100, 1000, 0), Point(105, 1000, 200)]
    found = cliff(steps, ALLOWED)
    assert (found.low, found.high) == (90, 105)


def test_a_cliff_with_one_side() -> None:
    assert (cliff([Point(10, 100, 0)], ALLOWED).low, cliff([Point(10, 100, 0)], ALLOWED).high) == (10, None)
    assert (cliff([Point(10, 100, 50)], ALLOWED).low, cliff([Point(10, 100, 50)], ALLOWED).high) == (None, 10)
    assert cliff([], ALLOWED).rate is None


def test_a_single_slow_request_of_few_breaks_nothing() -> None:
    assert cliff([Point(10, 50, 1), Point(20, 100, 0), Point(40, 200, 100)], ALLOWED).low == 20


def test_slow_requests_that_are_there_at_any_rate_bend_no_line() -> None:
    """Four of a thousand are slow on an idle target; the search has seen it at a tenth of the capacity."""
    dice = np.random.default_rng(5)
    rates = [10, 20, 40, 80, *np.linspace(76, 125, 30)]
    shares = [0.004 + 0.006 * math.exp(0.12 * (rate - 100)) for rate in rates]
    bursts = dice.gamma(2, 0.5, len(rates))
    steps = [Point(rate, 2000, round(2000 * share * of)) for rate, share, of in zip(rates, shares, bursts, strict=True)]
    found = crossing(steps, ALLOWED)
    assert found.slope, "a line, and no cliff"
    assert found.rate == pytest.approx(100, rel=0.04)
    assert found.low and found.high and found.low < 100 < found.high


def test_evidence_of_being_above_lowers_the_crossing() -> None:
    """A step whose queue grew had few slow requests, because it was short."""
    steps = points(*range(80, 125, 3))
    more = [*steps, *(Point(rate, 100_000, 100, above=True) for rate in (90, 92, 94))]
    plain, lower = crossing(steps, ALLOWED), crossing(more, ALLOWED)
    assert plain.rate and lower.rate and lower.rate < plain.rate
    assert lower.low and plain.low and lower.low < plain.low


def test_evidence_of_being_above_is_none_against_a_line_that_is_higher_there() -> None:
    steps = points(*range(80, 125, 3))
    more = [*steps, Point(118, 100_000, 10, above=True)]
    assert crossing(more, ALLOWED).rate == pytest.approx(crossing(steps, ALLOWED).rate, rel=0.005)


def test_a_slope_that_is_hardly_known_is_no_line() -> None:
    """Nine short steps whose shares differ by chance alone: the line would say that nothing is kept at any rate."""
    shares = (0, 0, 3, 1, 2, 0, 4, 2, 9)
    steps = [Point(160 + 5 * place, 150, beyond) for place, beyond in enumerate(shares)]
    found = crossing(steps, ALLOWED)
    assert found.slope == 0 and (found.low, found.high) == (165, 200)


def test_few_steps_have_no_line() -> None:
    assert fit(points(90, 95, 100, 105, 110), ALLOWED) is None


def test_steps_that_differ_more_have_a_wider_interval() -> None:
    steps = points(*range(80, 125, 3))
    blurred = [
        Point(of.rate, of.count, min(of.count, round(of.beyond * (3.0 if place % 2 else 0.3))))
        for place, of in enumerate(steps)
    ]
    plain, wide = crossing(steps, ALLOWED), crossing(blurred, ALLOWED)
    assert plain.low and plain.high and wide.low and wide.high
    assert wide.high - wide.low > 1.5 * (plain.high - plain.low)
