"""The plan over time: its rates where they are, now where it is, and phases of which nobody knows the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from going_runs import BURST, CLOSED, PHASES, PREPARING

from loadgen.report.terminal.plan_chart import SCALE, completed, names_of, plan_chart, planned_rates, span_of, spans
from loadgen.runner.course import Point
from loadgen.runner.progress import PlannedPhase, Progress


def drawn(p: Progress, width: int = 95, rows: int = 8) -> list[str]:
    return [line.plain for line in plan_chart(p, names_of(p.phases), width, rows)]


def test_the_plan_is_a_curve_with_now_and_its_phases() -> None:
    title, first, *_, last, axis, names = drawn(BURST)
    assert title == "iterations a second   6,000 started of 24,916   █ completed ░ planned"
    assert first.startswith("  2,000/s  ")
    assert last.startswith("        0  ")
    step = 84 / 21
    column = SCALE + int(12 * step)
    assert axis[column - 1 :].startswith("▲ 12 s")
    assert axis.endswith(" 21 s")
    for name, at in (("warm-up", 0), ("steady 1/2", 5), ("burst 1/2", 10), ("steady 2/2", 13), ("burst 2/2", 18)):
        assert names[SCALE + int(at * step) :].startswith(name)
    future = first[SCALE + int(19 * step)], first[SCALE + int(15 * step)]
    assert future == ("█", " "), "the burst to come, and not the ramp before it"


def test_a_burst_between_two_columns_is_seen() -> None:
    phases = (
        PlannedPhase("a", 100.0, (1.0, 1.0)),
        PlannedPhase("b", 0.1, (900.0, 900.0)),
        PlannedPhase("c", 99.9, (1.0, 1.0)),
    )
    edges = [10.0 * n for n in range(21)]
    assert max(filter(None, planned_rates(spans(phases, 200.0), edges))) == 900.0


def test_a_ramp_is_as_high_as_it_gets_in_each_column() -> None:
    ramp = (PlannedPhase("a", 10.0, (0.0, 50.0, 100.0)),)
    assert planned_rates(spans(ramp, 10.0), [0.0, 2.5, 5.0, 7.5, 10.0]) == [25, 50, 75, 100]
    peak = (PlannedPhase("a", 10.0, (0.0, 100.0, 0.0)),)
    assert planned_rates(spans(peak, 10.0), [0.0, 4.0, 6.0, 10.0]) == [80, 100, 80]


def test_what_nobody_knows_the_length_of_lasts_as_far_as_is_shown() -> None:
    assert span_of(replace(CLOSED, elapsed_s=60.0)) == 80.0
    assert span_of(CLOSED) == 30.0
    assert span_of(replace(BURST, elapsed_s=25.0)) == 25.0
    phases = (PHASES[0], PlannedPhase("users", None), PHASES[1])
    assert [(of.name, begins, ends) for of, begins, ends in spans(phases, 40.0)] == [
        ("warm-up", 0, 5.0), ("users", 5.0, 40.0),
    ]  # fmt: skip
    text = "\n".join(drawn(replace(CLOSED, state="running", elapsed_s=60.0, points=(Point(0, 0, 0), Point(60, 9, 9)))))
    assert "users set the pace" in text
    assert "end not known" in text
    assert "█" in text.partition("\n")[2]


def test_iterations_are_shared_out_evenly_between_two_points() -> None:
    points = (Point(0.0, 0, 0), Point(2.0, 100, 100), Point(4.0, 100, 100))
    assert completed(points, 0.5, 1.5) == 50
    assert completed(points, 1.0, 3.0) == 25
    assert completed(points, 3.0, 9.0) == 0, "as far as is known"
    assert completed(points, 4.0, 5.0) is None
    assert completed((), 0.0, 1.0) is None


@pytest.mark.parametrize("width", [SCALE + 1, 20, 40, 80, 200])
@pytest.mark.parametrize("p", [BURST, PREPARING, CLOSED, replace(BURST, phases=()), replace(BURST, elapsed_s=1e9)])
def test_it_fits_any_width(p: Progress, width: int) -> None:
    lines = drawn(p, width)
    assert len(lines) == 8
    assert max(map(len, lines)) <= width


def test_a_name_without_room_loses_its_cycle_first() -> None:
    names = drawn(BURST, 60)[-1].split()
    assert names == ["warm-up", "steady", "1/2", "burst", "steady", "2/2", "burst"]
