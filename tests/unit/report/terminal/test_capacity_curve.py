"""The curve of a capacity while it is measured: every step where it belongs, nothing wider or higher than there is room
for."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from going_runs import BURST
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from loadgen.report.terminal.capacity_curve import capacity_curve, so_far
from loadgen.report.terminal.view import Facts, Size, view
from loadgen.report.words import clean
from loadgen.runner.progress import CapacitySoFar, Position, StepSoFar

STEPS = tuple(StepSoFar(rate, 0.01 * math.exp((rate - 160) / 7)) for rate in (130.0, 140.0, 150.0, 160.0, 170.0, 180.0))
CURVE = CapacitySoFar("", "p99 < 150ms", 0.01, STEPS, 160.0, 154.0, 167.0)
POSITION = Position(7, 30, "", ("162/s, about 3 min left",), left_s=180.0, each="step", capacities=(CURVE,))


def drawn(of: CapacitySoFar, width: int = 80, rows: int = 12) -> list[str]:
    lines = [line.plain for line in capacity_curve(of, width, rows, clean)]
    assert len(lines) == rows and max(map(cell_len, lines)) <= width
    return lines


def test_the_shares_rise_from_the_lower_left() -> None:
    title, *rows, axis = drawn(CURVE)
    assert title.startswith("share beyond p99 < 150ms, by rate   so far 160/s [154, 167] keeps p99 < 150ms")
    places = [row.index("●") for row in rows if "●" in row]
    assert places == sorted(places, reverse=True) and len(places) >= 4
    assert rows[0].split()[0] == "100%"
    (allowed,) = [row for row in rows if "┄" in row]
    assert allowed.split()[0] == "1%"
    assert "▲ 160/s" in axis
    assert rows[0].index("┊") < rows[0].index("│") < rows[0].rindex("┊")


def test_before_anything_is_known() -> None:
    assert so_far(CapacitySoFar("", "p99 < 1s", 0.01), clean) == "nothing is known yet of p99 < 1s"
    drawn(CapacitySoFar("", "p99 < 1s", 0.01))
    assert "▲ 28.3/s" in drawn(CapacitySoFar("", "p99 < 1s", 0.01, (StepSoFar(20.0, 0.0),), 28.3, 20.0, 40.0))[-1]
    kept = CapacitySoFar("fresh", "p99 < 1s", 0.01, STEPS[:1], None, 130.0, None)
    assert so_far(kept, clean) == "fresh: so far 130/s or more keeps p99 < 1s"


def test_a_step_that_is_above_for_another_reason_has_its_own_mark() -> None:
    assert "▲" in "".join(drawn(replace(CURVE, steps=(*STEPS, StepSoFar(185.0, 0.001, above=True))))[1:-1])


@pytest.mark.parametrize("size", [Size(80, 24), Size(100, 30), Size(200, 50)])
def test_it_is_on_the_screen_in_place_of_the_plan(size: Size) -> None:
    other = replace(CURVE, variant="fresh", rate=128.0, low=120.0, high=134.0)
    position = replace(POSITION, capacities=(replace(CURVE, variant="shared"), other))
    lines = [line.plain for line in view(Facts((replace(BURST, position=position),)), size)]
    assert len(lines) == size.lines and max(map(cell_len, lines)) <= size.columns
    assert lines[1].startswith("step 7 of 30   162/s, about 3 min left")
    assert any(line.startswith("share beyond p99") for line in lines)
    assert any("fresh: so far 128/s [120, 134]" in line for line in lines)
    assert not any("iterations a second" in line for line in lines)


NUMBERS = st.floats(0, 1e4) | st.floats(0, 1e12)


@settings(max_examples=50)
@given(
    st.lists(st.builds(StepSoFar, NUMBERS, st.floats(0, 1), st.booleans()), max_size=9),
    st.floats(1e-6, 1), st.none() | NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS,
    st.integers(40, 200), st.integers(3, 30),
)  # fmt: skip
def test_any_steps_have_a_curve(
    steps: list[StepSoFar], allowed: float, rate: float | None, low: float | None, high: float | None, width: int,
    rows: int,
) -> None:  # fmt: skip
    drawn(CapacitySoFar("v" * 50, "p99 < 150ms", allowed, tuple(steps), rate, low, high), width, rows)
