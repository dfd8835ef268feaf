"""Two runs side by side, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TextIO

from rich.console import RenderableType

from loadgen.report.sentences import sentence
from loadgen.report.terminal.page import (
    DIM,
    STRONG,
    WARN,
    add,
    drawn,
    fitting,
    heading,
    indented,
    labelled,
    line,
    table,
)
from loadgen.report.words import UNKNOWN, clean, encodable, ms, wants_color
from loadgen.result.codec import map_text
from loadgen.result.two_runs import Difference, SideBySide, TwoRuns

WIDTH = 92


def render(result: TwoRuns, *, width: int = WIDTH, color: bool = False) -> str:
    """The comparison as text of at most `width` columns, 92 at the most."""
    return drawn(_page(map_text(result, clean)), min(width, WIDTH), color)


def show(result: TwoRuns, file: TextIO) -> None:
    """Write the comparison to `file`: coloured and as wide as it if that is a terminal, in characters it can write."""
    file.write(encodable(render(result, width=fitting(file), color=wants_color(file)), file))


def _page(result: TwoRuns) -> Iterator[RenderableType]:
    for letter, run in zip("AB", result.runs, strict=False):
        started = run.started.replace("T", " ").replace("+00:00", " UTC")
        yield labelled((f"{letter} ", STRONG), f"{run.run or 'not saved'}  ", (f"{started} · {run.trust}", DIM))
    for why in result.why_not:
        yield labelled(("no verdict: ", WARN), sentence(why))
    for note in result.notes:
        yield labelled("note: ", sentence(note), indent=2)
    for difference in result.differ:
        yield line(f"not the same: {_worded(difference)}", indent=2)
    several = any(row.cycle > 1 for row in result.rows)

    def of(row: SideBySide) -> tuple[str, ...]:
        return row.phase, f"cycle {row.cycle}" if several else "", row.scenario, row.step, row.metric

    for (phase, cycle, scenario, step, metric), rows in groupby(result.rows, of):
        yield heading(" ".join(filter(None, (phase, cycle))), (f"  {scenario}/{step} {metric}, ms", DIM))
        made = table(("", "left", 6), ("A", "right", 10), ("B", "right", 10), ("B / A", "right", 8))
        for row in rows:
            a, b = row.ms
            add(made, row.quantile, ms(a), ms(b), UNKNOWN if row.ratio is None else f"{row.ratio:.3g}")
        yield indented(made)


def _worded(difference: Difference) -> str:
    return f"{difference.name}: {_word(difference.first)} and {_word(difference.second)}"


def _word(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_word, value)) or "none"
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
