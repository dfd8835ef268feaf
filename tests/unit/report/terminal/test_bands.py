"""A ramp on the terminal: by the rate that was offered, and its whole is named for what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ramp_results import ramp_result
from rich.cells import cell_len

from loadgen.report.terminal.screen import LINES, render
from loadgen.result.band import Held
from loadgen.result.run import RunResult


def shown(result: RunResult, width: int = 80, full: bool = False) -> list[str]:
    return render(result, width=width, color=False, full=full).splitlines()


def cells(lines: list[str], begins: str) -> list[str]:
    return next(text for text in lines if text.startswith(begins)).removeprefix(begins).split()


def test_the_first_screen_has_a_column_for_each_band() -> None:
    lines = shown(ramp_result())
    assert "climb, response by the rate that was offered: 50/s to 600/s in 10 s" in lines
    assert cells(lines, "from, 1/s") == [f"{50 + 55 * n}" for n in range(10)]
    assert cells(lines, "completed")[-5:] == ["300"] * 5
    assert cells(lines, "failed")[-1] == "1.8%"
    assert cells(lines, "p50, ms")[:2] == ["10.0", "11.0"]
    assert cells(lines, "p99, ms")[:2] == ["-", "50.0"]
    assert cells(lines, "p99, ms")[-1] == "≥5,000"
    assert not any(text.startswith("get") for text in lines), "no pooled figure"


def test_on_a_narrow_screen_there_are_fewer_bands_and_no_cut_number() -> None:
    lines = shown(ramp_result(), 50)
    assert cells(lines, "from, 1/s") == ["50", "160", "270", "380", "490"]
    assert all(cell_len(text) <= 50 for text in lines)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_screen_stays_a_screen(steps: int) -> None:
    lines = shown(ramp_result(steps))
    assert len(lines) <= LINES
    assert sum(text.startswith("from, 1/s") for text in lines) == min(steps, 2)
    assert any("more in --full" in text for text in lines) == (steps > 2)


def test_steps_and_cycles_are_named() -> None:
    assert any(text.startswith("climb get1, response") for text in shown(ramp_result(2)))
    assert any(text.startswith("climb 1/2, response") for text in shown(ramp_result(cycles=2)))


def test_the_whole_summary_has_a_row_for_each_and_names_the_whole() -> None:
    lines = [text.strip() for text in shown(ramp_result(), 100, full=True)]
    rows = [text for text in lines if " to " in text and text.split()[1] == "to" and text[0].isdigit()]
    assert len(rows) == 10
    assert rows[9].split()[:9] == ["545", "to", "600/s", "9", "s", "545", "1.8%", "300/s", "19.0"]
    assert any(text.startswith("get (whole ramp)") for text in lines)
    assert any(text.startswith("completed: ") for text in lines)


def test_a_threshold_says_until_when_it_was_held() -> None:
    (text,) = (text for text in shown(ramp_result(), 100) if "held until" in text)
    assert "held until 312/s, 14.2 s" in text
    never = ramp_result()
    never = replace(never, thresholds=(replace(never.thresholds[0], held=Held(0.0, 50.0)),))
    assert any("broken from the beginning on" in text for text in shown(never, 100))
    assert not any("held until" in text for text in shown(ramp_result(broken=False), 100))
