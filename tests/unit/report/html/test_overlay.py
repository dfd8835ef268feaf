"""The page of several runs: a chart for each step with a curve for each run, and its table."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from html_pages import check, figures, table, words
from paths import DATA

from loadgen.report.html.text import overlay_text
from loadgen.report.overlaid import NOT_COMPARED
from loadgen.result.codec import from_json
from loadgen.result.run import RunResult

HOSTILE = "</style><script src=//x>alert(1)</script><img src=x onerror=y>\"'`&amp;<!--\x00\x1b[2J\u202e\ud800"


@pytest.fixture
def result() -> RunResult:
    return from_json(RunResult, json.loads((DATA / "result.json").read_text()))


def test_each_step_has_a_curve_for_each_run(result: RunResult) -> None:
    root = check(overlay_text([("first", result), ("second", replace(result, seed=42))]))
    drawn = figures(root)
    assert drawn
    for figure in drawn:
        assert "A first" in words(figure) and "B second" in words(figure), "the legend"
        rows = [words(next(row.iter("th"))) for row in figure.iter("tr")]
        assert rows[1:] == ["A first", "B second"]
    ran = table(root, "What ran")
    assert [(row[0], row[8]) for row in ran[1:]] == [("A first", str(result.seed)), ("B second", "42")]
    assert NOT_COMPARED in words(root)


def test_hostile_text_is_text(result: RunResult) -> None:
    (variant,) = result.variants
    phases = tuple(
        replace(phase, name=HOSTILE, steps=tuple(replace(step, step=HOSTILE, scenario=HOSTILE) for step in phase.steps))
        for phase in variant.phases
    )
    target = replace(result.target, url=HOSTILE)
    hostile = replace(result, name=HOSTILE, target=target, variants=(replace(variant, phases=phases),))
    root = check(overlay_text([(HOSTILE, hostile), ("b", result)]))
    assert "alert(1)" in words(root)
