"""Bars: no higher than they are, no lower than can be seen."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.report.terminal.chart import against, bars, height, peak

ANY = st.none() | st.floats()


def test_bars_go_from_nothing_to_the_highest() -> None:
    assert bars([None, 0, 1, 50, 100], 1, 100) == [" ┄▁▄█"]
    assert bars([0, 1, 50, 75, 100], 2, 100) == ["   ▄█", "┄▁███"]
    assert bars([0, 0], 1, peak([0, 0])) == ["┄┄"]
    assert bars([], 2, 0) == ["", ""]


@given(st.lists(ANY, max_size=5), st.integers(1, 4), ANY)
def test_any_values_can_be_drawn(values: list[float | None], rows: int, top: float | None) -> None:
    drawn = bars(values, rows, peak([top]))
    assert [len(row) for row in drawn] == [len(values)] * rows
    assert [line.width for line in against(values, [*values, top], rows, peak(values))] == [len(values) + 1] * rows


@pytest.mark.parametrize(
    ("value", "high"), [(None, None), (math.nan, None), (math.inf, None), (-1, 0), (1e-9, 1), (9e9, 16)]
)
def test_more_than_nothing_is_seen(value: float | None, high: int | None) -> None:
    assert height(value, 100.0, 2) == high


def test_what_was_planned_and_did_not_come_is_seen() -> None:
    lines = [line.plain for line in against([100, 50, 0, None], [100, 100, 100, 50, 100], 2, 100)]
    assert lines == ["█░░ █", "██░██"]
