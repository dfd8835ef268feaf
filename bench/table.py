"""A comparison as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.cases import Column
from bench.comparison import Comparison, Spread


def markdown(comparison: Comparison) -> str:
    """Heading, what was asked, a row for each tool at each point, notes."""
    case = comparison.case
    aim = f" Aim: {case.aim}." if case.aim else ""
    return f"## {case.name}\n\n{case.about}{aim}\n\n{table(comparison)}\n{remarks(comparison)}"


def table(comparison: Comparison) -> str:
    """Without the columns for which nobody has a figure."""
    case, everyone = comparison.case, comparison.rounds.values()
    columns = [column for column in case.columns if any(rounds.spread(column.key) for rounds in everyone)]
    varied = [case.varies] if case.varies else []
    rows = [
        [*([row.point] if varied else []), row.tool, *(cell(rounds.spread(column.key), column) for column in columns)]
        for row, rounds in comparison.rounds.items()
    ]
    return lined([*varied, "", *(column.title for column in columns)], rows)


def remarks(comparison: Comparison) -> str:
    """What the figures alone do not say, a line each."""
    return "".join(f"- {note}\n" for note in comparison.notes())


def cell(spread: Spread | None, column: Column) -> str:
    if spread is None:
        return "-"
    middle, low, high = (f"{value:{column.form}}" for value in spread)
    return middle if low == high or not column.ranged else f"{middle} ({low} to {high})"


def lined(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
