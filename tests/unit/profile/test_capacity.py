"""The `capacity` of a profile."""

from __future__ import annotations

import pytest

from loadgen.clock import SECOND
from loadgen.errors import ProfileError
from loadgen.profile.capacity import Capacity, Least
from loadgen.profile.load import load

TEXT = "name: t\ntarget: http://127.0.0.1:1\nload: [{name: a, rate: 1/s, for: 1s}]\ncapacity: "


def capacity(written: str) -> Capacity:
    made = load("c.yaml", text=f"{TEXT}{written}\n").profile.capacity
    assert made
    return made


def test_every_key() -> None:
    text = "{keep: 'p99 < 80ms, errors < 0.1%', for: 4m, max_rate: 500/s, from: 20/s, thresholds: [capacity > 120/s]}"
    made = capacity(text)
    assert (made.keep.text, made.duration, made.max_rate, made.first) == (
        "p99 < 80ms, errors < 0.1%", 240 * SECOND, 500, 20,
    )  # fmt: skip
    assert made.thresholds == (Least(">", 120, "capacity > 120/s"),)


def test_the_condition_alone() -> None:
    made = capacity("p99 < 80ms")
    assert (made.keep.text, made.duration, made.thresholds) == ("p99 < 80ms", None, ())


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{for: 4m}", "capacity.keep: is missing"),
        ("{keep: p99 > 80ms}", "capacity.keep: p99 > 80ms is no condition that breaks at a rate: use 'p99 < 100ms'"),
        ("{keep: p99 < 80ms, max_rate: 0/s}", "capacity.max_rate: '0/s' is no rate to send at"),
        ("{keep: p99 < 80ms, thresholds: [capacity < 5/s]}", "expected 'capacity > 120/s'"),
        ("{keep: p99 < 80ms, thresholds: [capacity > 0/s]}", "asks for nothing"),
        ("{keep: p99 < 80ms, rate: 1/s}", "capacity.rate: unknown key"),
    ],
)
def test_what_is_wrong(written: str, problem: str) -> None:
    with pytest.raises(ProfileError) as error:
        capacity(written)
    assert problem in str(error.value).replace("`", "'"), error.value
    assert str(error.value).startswith("c.yaml:4: ")


def test_a_threshold_of_a_run_is_no_threshold_of_a_capacity() -> None:
    text = TEXT.replace("capacity: ", "thresholds: {a: [capacity > 120/s]}")
    with pytest.raises(ProfileError, match=r"is a threshold of a capacity.*capacity\.thresholds"):
        load("c.yaml", text=text)
