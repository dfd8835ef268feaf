"""The shapes of an open load: each reads what it writes, and its arithmetic fits together."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from loadgen.clock import SECOND
from loadgen.profile.rate import SHAPES, LinearRate, Rate

LASTS = 8 * SECOND
TEXTS = ["200/s", "0.1/s", "200/s..2000/s", "2000/s..10/s", "0/s..60/m", "90/s..0/s"]


def test_what_is_written_is_read() -> None:
    assert Rate.parse("200/s..2000/s") == LinearRate(200, 2000)
    assert Rate.parse("200/s") == LinearRate(200, 200)
    assert not Rate.parse("0/s..60/m").steady
    assert Rate.parse("200/s").steady
    assert {type(Rate.parse(text)) for text in TEXTS} == set(SHAPES.values()), "there is a text of each shape"


@pytest.mark.parametrize("text", TEXTS)
def test_a_rate_is_written_and_described_as_it_was_read(text: str) -> None:
    rate = Rate.parse(text)
    assert Rate.parse(str(rate)) == rate
    assert Rate.from_description(json.loads(json.dumps(rate.describe()))) == rate
    third = rate.scaled(Fraction(1, 3))
    assert Rate.from_description(json.loads(json.dumps(third.describe()))) == third, "to the last digit"


@pytest.mark.parametrize("text", TEXTS)
def test_its_arithmetic_fits_together(text: str) -> None:
    """The count is the area under the rate, and `reached` its inverse; numbers and arrays are alike."""
    rate = Rate.parse(text)
    times = np.linspace(0, LASTS, 8001)
    counts = rate.count(times, LASTS)
    assert counts[0] == 0
    assert np.diff(counts) == pytest.approx(rate.at((times[1:] + times[:-1]) / 2, LASTS) / 1000)
    assert rate.mean(LASTS) == pytest.approx(counts[-1] / 8)
    assert rate.highest == pytest.approx(rate.at(times, LASTS).max())
    assert rate.steady == (np.ptp(rate.at(times, LASTS)) < 1e-9)
    assert rate.reached(counts, LASTS) == pytest.approx(times, abs=100)
    assert [rate.count(float(time), LASTS) for time in times[::1000]] == counts[::1000].tolist()
    half = rate.scaled(Fraction(1, 2))
    assert half.count(times, LASTS) == pytest.approx(counts / 2)


def test_both_ends_are_exact() -> None:
    rate = LinearRate(0.1, 0.3)
    assert (rate.at(0.0, LASTS), rate.at(float(LASTS), LASTS)) == (0.1, 0.3)
    assert LinearRate(200, 100).scaled(Fraction(1, 53)) == LinearRate(200 / 53, 100 / 53)


@pytest.mark.parametrize("text", ["0/s", "0/s..0/m"])
def test_a_rate_that_starts_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="starts nothing"):
        Rate.parse(text)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0], ["nothing", 1.0, 2.0]])
def test_a_description_that_nobody_wrote_is_refused(values: list[object]) -> None:
    with pytest.raises(TypeError):
        Rate.from_description(values)
