"""Several saved runs on one screen: a table for each step, with a row for each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import RenderableType

from loadgen.report.overlaid import NOT_COMPARED, Named, lettered, title_of, together
from loadgen.report.terminal.figures import TAIL, range_of
from loadgen.report.terminal.latency import DOUBTED, PERCENTILES
from loadgen.report.terminal.page import DIM, STRONG, add, drawn, fitted, fitting, heading, labelled, line, table
from loadgen.report.trust import MARKS
from loadgen.report.words import clean, count, encodable, wants_color
from loadgen.result.codec import map_text
from loadgen.result.run import RunResult


def overlay(results: Sequence[tuple[str, RunResult]], width: int, color: bool) -> str:
    """The named results as text of at most `width` columns."""
    runs = lettered([(clean(name), map_text(result, clean)) for name, result in results])
    return drawn(_screen(runs), fitted(width), color)


def show(results: Sequence[tuple[str, RunResult]], file: TextIO) -> None:
    """Write them to `file`: coloured and as wide as it if that is a terminal, in characters it can write."""
    file.write(encodable(overlay(results, fitting(file), wants_color(file)), file))


def _screen(runs: Sequence[Named]) -> Iterator[RenderableType]:
    for run in runs:
        word, style = run.verdict
        yield labelled(
            (f"{run.letter} ", STRONG), f"{run.name}  " if run.name else "", (word, style), (f" · {run.told}", DIM)
        )
    marks = set[str]()
    for place, group in together(runs).items():
        yield heading(title_of(place, group), (", ms", DIM))
        made = table(("", "left", 2), ("requests", "right", 8), *((name, "right", 6) for name in PERCENTILES))
        for run, row in group:
            cells = [range_of(row, name) for name in PERCENTILES]
            marks |= {cell[-1] for cell in cells}
            styled = ((cell, STRONG if name == TAIL else "") for name, cell in zip(PERCENTILES, cells, strict=True))
            add(made, run.letter, count(sum(latency.count for _, latency, _ in row.cycles)), *styled)
        yield made
    yield line("")
    for doubt, mark in MARKS.items():
        if mark in marks:
            yield line((DOUBTED[doubt], DIM))
    yield line((NOT_COMPARED, DIM))
