"""The page of an experiment: the verdict in its first sentence, and the figures of the result in its tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from experiment_folders import ROUNDS, answering, text, write_experiment
from html_pages import Tree, check, figures, table, words

from loadgen.experiment.folder import assembled
from loadgen.report.compared import difference, times
from loadgen.report.html.text import html_text
from loadgen.report.words import count, ms
from loadgen.result.experiment import ExperimentResult


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ExperimentResult:
    folder: Path = tmp_path_factory.mktemp("page") / "experiment"
    return assembled(write_experiment(folder, text(), answering(connect=8), rounds=ROUNDS))


@pytest.fixture(scope="module")
def root(result: ExperimentResult) -> Tree:
    return check(html_text(result))


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
    assert len(figures(root)) >= 2
    assert all(figure.find("details//table") is not None for figure in figures(root))
