"""The first screen of an experiment: what few rounds have, what is to be known beside a verdict, and a scaling."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from golden import inputs

from loadgen.report.terminal.screen import LINES, render
from loadgen.result.codec import from_json
from loadgen.result.experiment import ExperimentResult, Slope


@pytest.fixture
def shown(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The screen of a golden case, without its line breaks."""
    found = from_json(ExperimentResult, inputs.document(request.param, tmp_path))
    return " ".join(render(found, width=80, color=False).split())


@pytest.mark.parametrize("shown", ["experiment-failures-in-one"], indirect=True)
def test_few_rounds_have_their_own_ratios(shown: str) -> None:
    """Whatever else may be a reason for no verdict."""
    assert "1.01 times, +0.068 ms (1.03 0.97 1.03 in the rounds). 10.00% of fresh failed" in shown
    assert "p50 7.95 8.02 1.03 0.97 1.03 not judged" in shown
    assert "next --full prints everything · loadgen report FOLDER/rounds/01/shared one run" in shown


@pytest.mark.parametrize("shown", ["experiment-a-trend"], indirect=True)
def test_a_note_stands_below_the_verdict(shown: str) -> None:
    assert shown.startswith("SLOWER")
    assert "note: the ratio of fresh to shared has a trend over the rounds (by chance: 0.28%)" in shown


@pytest.mark.parametrize("shown", ["experiment-slower"], indirect=True)
def test_the_parts_of_a_difference_have_intervals(shown: str) -> None:
    assert "connect +3.80 [+3.76, +3.84]" in shown


@pytest.mark.parametrize("shown", ["experiment-scaling"], indirect=True)
def test_a_scaling_of_two_rounds_reaches_from_one_to_the_other(shown: str) -> None:
    assert "all rounds" in shown and "95 %" not in shown
    assert "27.3 to 28.3" in shown


def test_an_axis_with_points_that_grew_stays_a_screen(tmp_path: Path) -> None:
    found = from_json(ExperimentResult, inputs.document("experiment-scaling", tmp_path))
    slope = Slope("session=b", "p50", True, 3, 6, 1.12, 1.05, 1.19, 0.95, "inconclusive", None)
    series = [
        replace(of, slopes=(slope,), points=tuple(replace(point, unsettled=2) for point in of.points))
        for of in found.scaling
    ]
    lines = render(replace(found, scaling=tuple(series)), width=80, color=False).splitlines()
    assert len(lines) <= LINES
    assert any(text.startswith("*: it grew") for text in lines)
    assert any("no change of the ratio is shown" in text for text in lines)
