"""A result as the text of an HTML file."""

from __future__ import annotations

from loadgen.report.html.run import run_page
from loadgen.report.words import clean
from loadgen.result.codec import map_text
from loadgen.result.run import RunResult


def html_text(result: RunResult) -> str:
    """One file that asks for nothing else and runs no script; in ASCII and what a UTF-8 file takes."""
    return run_page(map_text(result, clean))
