"""A comparison as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.cases import Column
from bench.comparison import Comparison, Spread


def markdown(comparison: Comparison) -> str:
    """Heading, what was asked, a row for each tool, notes."""
    case = comparison.case
    rows = [
        [name, *(cell(rounds.spread(column.key), column) for column in case.columns)]
        for name, rounds in comparison.rounds.items()
    ]
    table = lined(["", *(column.title for column in case.columns)], rows)
    aim = f" Aim: {case.aim}." if case.aim else ""
    return f"## {case.name}\n\n{case.about}{aim}\n\n{table}\n{remarks(comparison)}"


def remarks(comparison: Comparison) -> str:
    """What the figures alone do not say, a line each."""
    return "".join(f"- {note}\n" for note in comparison.notes())


def cell(spread: Spread | None, column: Column) -> str:
    if spread is None:
        return "-"
    middle, low, high = (f"{value:{column.form}}" for value in spread)
    return middle if low == high else f"{middle} ({low} to {high})"


def lined(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
