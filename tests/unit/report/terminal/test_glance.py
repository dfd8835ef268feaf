"""Variants at a glance: their place on a logarithmic axis."""

from __future__ import annotations

from loadgen.report.terminal.glance import Scale


def test_a_time_that_is_not_more_than_0_is_at_the_left() -> None:
    scale = Scale(1, 10, 20)
    assert [scale.column(value) for value in (-3.0, 0.0, 1.0, 10.0)] == [0, 0, 0, 19]
