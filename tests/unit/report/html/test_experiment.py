"""The page of an experiment: the verdict in its first sentence, and the figures of the result in its tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from experiment_folders import ROUNDS, answering, text, write_experiment
from html_pages import Tree, check, figures, table, words

from loadgen.experiment.folder import assembled
from loadgen.report.compared import difference, times
from loadgen.report.html.text import html_text
from loadgen.report.words import count, ms
from loadgen.result.experiment import ExperimentResult
from loadgen.result.timeline import Moment, Timeline

MOMENT = Moment(0, 200, 8, 20.3, 289.0, 332.0, (), 12)
LINES = {
    "shared": Timeline(1, (), (MOMENT, replace(MOMENT, start=1, failed=0, p99=None)), 2),
    "fresh": Timeline(2, (), (MOMENT,), 2),
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ExperimentResult:
    folder: Path = tmp_path_factory.mktemp("page") / "experiment"
    return assembled(write_experiment(folder, text(), answering(connect=8), rounds=ROUNDS))


@pytest.fixture(scope="module")
def root(result: ExperimentResult) -> Tree:
    return check(html_text(result, variants=LINES))


def test_the_verdict_comes_first(root: Tree) -> None:
    said = words(root.find("body/header"))  # type: ignore[arg-type]
    assert said.startswith("SLOWERt · fresh against shared")
    assert "fresh is slower than shared: " in said


def test_the_tables_have_the_figures_of_the_result(result: ExperimentResult, root: Tree) -> None:
    assert result.comparison
    primary = next(figure for figure in result.comparison.figures if figure.primary)
    row = table(root, "All figures")[1]
    assert row[1:5] == [ms(primary.baseline_ms), ms(primary.variant_ms), times(primary), difference(primary)]
    assert row[5].startswith("slower (primary)")
    curve = next(curve for curve in result.comparison.curves if (curve.step, curve.metric) == ("get", "response"))
    cells = next(row for row in table(root, "steady get response, ms") if row[0] == curve.variant)
    assert cells[1].startswith(ms(curve.points[0][1]))


def test_every_run_has_a_row(result: ExperimentResult, root: Tree) -> None:
    rows = table(root, "Each is a run as any other")[1:]
    runs = [run for variant in result.variants for run in variant.rounds]
    assert [row[2] for row in rows] == [count(run.requests.sent) for run in runs]


def test_every_chart_has_its_table(root: Tree) -> None:
    assert len(figures(root)) >= 4
    assert all(figure.find("details//table") is not None for figure in figures(root))


def test_the_percentiles_of_each_round_are_those_of_the_result(result: ExperimentResult, root: Tree) -> None:
    assert result.comparison
    primary = next(figure for figure in result.comparison.figures if figure.primary)
    rows = {(row[0], row[1]): row[2:] for row in table(root, "steady get response, round by round, ms")[1:]}
    assert rows["shared", "p50"] == [ms(baseline) for baseline, _ in primary.rounds]
    assert rows["fresh", "p50"] == [ms(variant) for _, variant in primary.rounds]
    assert len(rows["fresh", "p99"]) == ROUNDS
    drawn = next(each for each in figures(root) if each.get("id") == "rounds-0")
    hits = [words(group) for group in drawn.iter("g") if group.get("class") == "hit"]
    assert len(hits) == ROUNDS and hits[0].startswith("round 1shared: p50 ")


def test_the_runs_of_a_variant_are_over_each_other(root: Tree) -> None:
    """By second the mean of its rounds; a moment of one variant may be as long as two of another."""
    rows = table(root, "Over time, every 2 s")[1:]
    assert rows == [
        ["0 to 1 s", "shared", "100/s", "96/s", "20.3", "289"],
        ["1 to 2 s", "shared", "100/s", "100/s", "20.3", "-"],
        ["0 to 2 s", "fresh", "50/s", "48/s", "20.3", "289"],
    ]
    drawn = next(each for each in figures(root) if each.get("id") == "over-time-chart")
    hits = [words(group) for group in drawn.iter("g") if group.get("class") == "hit"]
    assert hits[1] == ("1 to 2 sshared: 100/s offered, 100/s ok, p99 - msfresh: 50/s offered, 48/s ok, p99 289 ms")


def test_a_page_without_folders_has_no_time(result: ExperimentResult) -> None:
    assert "over-time-chart" not in html_text(result)
