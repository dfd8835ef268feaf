"""Places on axes."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.report.html.scales import Linear, Log, Tail


def test_a_logarithmic_axis_holds_its_values() -> None:
    scale = Log.over([10, 1000, None, 0, math.inf])
    assert 0 < scale.at(10) < 0.05 and 0.95 < scale.at(1000) < 1
    assert scale.at(100) == pytest.approx((scale.at(10) + scale.at(1000)) / 2)
    assert [tick.label for tick in scale.ticks()] == ["10", "20", "50", "100", "200", "500", "1,000"]
    assert scale.at(0) == scale.at(-3) == 0


def test_many_decades_have_few_labels() -> None:
    assert [tick.label for tick in Log.over([0.01, 1000]).ticks()] == ["0.01", "0.1", "1", "10", "100", "1,000"]


def test_one_value_has_an_axis() -> None:
    assert 0.3 < Log.over([7]).at(7) < 0.7
    assert Log.over([]).ticks()


@pytest.mark.parametrize(
    ("high", "labels"),
    [
        (0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (200, ["0", "50", "100", "150", "200"]),
        (9, ["0", "2", "4", "6", "8"]),
    ],
)
def test_a_linear_axis_has_round_labels(high: float, labels: list[str]) -> None:
    assert [tick.label for tick in Linear.over([high]).ticks()] == labels


def test_each_step_of_the_tail_is_as_wide_as_the_last() -> None:
    tail = Tail(100_000)
    steps = [tail.at(share) for share in (0, 0.9, 0.99, 0.999, 0.9999)]
    assert all(b - a == pytest.approx(steps[1], rel=1e-6) for a, b in pairwise(steps))
    assert tail.at(1) == 1
    assert [tick.label for tick in tail.ticks()] == ["p50", "p90", "p99", "p99.9", "p99.99", "max"]
    assert [tick.label for tick in Tail(0).ticks()] == ["p50", "p90", "max"]


@given(st.lists(st.floats(), max_size=5), st.floats())
def test_no_value_leaves_an_axis(values: list[float], value: float) -> None:
    for scale in (Log.over(values), Linear.over(values), Tail(len(values))):
        assert 0 <= scale.at(value) <= 1
        assert all(0 <= tick.at <= 1 for tick in scale.ticks())
