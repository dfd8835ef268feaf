"""A result as the text of an HTML file."""

from __future__ import annotations

from loadgen.report.html.experiment import experiment_page
from loadgen.report.html.run import run_page
from loadgen.report.words import clean
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult


def html_text(result: RunResult | ExperimentResult) -> str:
    """One file that asks for nothing else and runs no script."""
    cleaned = map_text(result, clean)
    return experiment_page(cleaned) if isinstance(cleaned, ExperimentResult) else run_page(cleaned)
