"""An axis in its short form: the values between two ends, and one clear line for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.errors import ProfileError
from loadgen.profile.load import load
from loadgen.profile.steps import values_of
from loadgen.profile.units import quantity

PROFILE = """name: t
target: http://127.0.0.1:1
load: [{{name: steady, rate: "${{matrix.rate}}", for: 5s}}]
experiment:
  matrix: {{rate: {axis}}}
"""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("50/s to 800/s in 5 log steps", ["50/s", "100/s", "200/s", "400/s", "800/s"]),
        ("800/s to 50/s in 3 log steps", ["800/s", "200/s", "50/s"]),
        ("60/s to 200/s in 4 steps", ["60/s", "107/s", "153/s", "200/s"]),
        ("1 to 64 in 7 log steps", [1, 2, 4, 8, 16, 32, 64]),
        ("1 to 3 in 3 steps", [1, 2, 3]),
        ("1KiB to 64KiB in 4 log steps", ["1KiB", "4KiB", "16KiB", "64KiB"]),
        ("10 ms to 250 ms in 4 log steps", ["10ms", "29.2ms", "85.5ms", "250ms"]),
        ("0.5/s to 3/s in 3 steps", ["0.5/s", "1.75/s", "3/s"]),
        ("1% to 5% in 2 steps", ["1%", "5%"]),
        ("0.5 to 1 in 2 steps", [0.5, 1.0]),
    ],
)
def test_the_values_are_at_equal_distances_or_ratios(text: str, values: list[Any]) -> None:
    assert values_of(text) == values
    assert [type(value) for value in values_of(text)] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 to 2/s in 3 steps", "has two units: expected the same unit at both ends"),
        ("1 to 4 in 9 steps", "has values that are the same"),
        ("0 to 4 in 3 log steps", "has no ratio to 0"),
        ("1 to 4 in 1 steps", "has 1 steps: expected from 2 to 64"),
        ("1 to 4 in 65 steps", "has 65 steps: expected from 2 to 64"),
        ("1.2.3/s to 4/s in 3 steps", "has no number in '1.2.3'"),
    ],
)
def test_a_mistake_is_said_of_the_axis(text: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load("p.yaml", text=PROFILE.format(axis=text))
    assert str(caught.value).startswith("p.yaml:5: experiment.matrix.rate: ")
    assert message in str(caught.value)


def test_another_text_is_no_axis() -> None:
    with pytest.raises(ProfileError, match=r"'50/s\.\.100/s' is not an axis: expected a list of values, or for"):
        load("p.yaml", text=PROFILE.format(axis="50/s..100/s"))


def test_every_value_is_a_variant() -> None:
    loaded = load("p.yaml", text=PROFILE.format(axis="50/s to 200/s in 3 log steps"))
    assert [variant.name for variant in loaded.variants] == ["rate=50/s", "rate=100/s", "rate=200/s"]
    assert [str(variant.profile.load[0].rate) for variant in loaded.variants] == ["50/s", "100/s", "200/s"]


def test_it_may_come_from_the_command_line() -> None:
    written = PROFILE.format(axis="[1/s, 2/s]")
    loaded = load("p.yaml", text=written, sets=["experiment.matrix.rate=2 /s to 8 /s in 3 log steps"])
    assert [variant.values["rate"] for variant in loaded.variants] == ["2/s", "4/s", "8/s"]


def test_a_mistake_in_a_value_is_said_of_the_axis() -> None:
    with pytest.raises(ProfileError, match=r"experiment\.matrix\.rate.*'1ms' is not a rate"):
        load("p.yaml", text=PROFILE.format(axis="1ms to 4ms in 3 log steps"))


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), (0.5, 0.5), ("12", 12), ("200/s", 200), ("1h", 3600), ("4KiB", 4096), ("5%", 0.05)],
)
def test_a_quantity_is_a_number(value: object, number: float) -> None:
    assert quantity(value) == number


@pytest.mark.parametrize("value", [True, None, "shared", [1], {"a": 1}, "1/s..2/s", ""])
def test_what_is_none_is_none(value: object) -> None:
    assert quantity(value) is None
