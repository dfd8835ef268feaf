"""What a command prints of a result: one screen of it, or all of it with `--full`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from rich.console import RenderableType

from loadgen.report.terminal import run
from loadgen.report.terminal.capacity import capacity_summary, every_step
from loadgen.report.terminal.experiment_summary import experiment_summary
from loadgen.report.terminal.page import WIDEST, drawn, fitted, fitting
from loadgen.report.terminal.run_summary import run_summary
from loadgen.report.terminal.tune import every_visit, linked, tune_summary
from loadgen.report.verdict import Result
from loadgen.report.words import clean, encodable, several, wants_color
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.tune import TuneResult

LINES, WIDE = 30, 80
ROOM = (8, 7, 6, 5, 4, 3, 2, 1, 0)  # rows of a table; less of everything where they do not fit
END = 2  # lines that say where the rest is


def render(result: Result, *, width: int = WIDEST, color: bool | None = None, full: bool = False) -> str:
    """A result as text of at most `width` columns, 40 to 100, and of at most 30 lines on 80 columns unless `full`.

    `color` None: coloured if stdout is a terminal and NO_COLOR is not set.
    """
    if full and not isinstance(result, CapacityResult | TuneResult):
        return run.render(result, width=width, color=color)
    width = fitted(width)
    colored = wants_color(sys.stdout) if color is None else color
    cleaned = map_text(result, clean)
    if isinstance(cleaned, CapacityResult):
        if full:
            return drawn(every_step(cleaned, width), width, colored)
        return one_screen(lambda room: capacity_summary(cleaned, width, room), width, colored)
    if isinstance(cleaned, TuneResult):
        if full:
            return drawn(every_visit(cleaned, width), width, colored) + linked(cleaned)
        return one_screen(lambda room: tune_summary(cleaned, width, room), width, colored)
    if isinstance(cleaned, ExperimentResult):
        return one_screen(lambda room: experiment_summary(cleaned, width, room), width, colored)
    return one_screen(lambda room: run_summary(cleaned, width, room), width, colored)


def show(result: Result, file: TextIO, full: bool = False) -> None:
    """Write the result to `file`: in characters that it can write, and if it is a terminal, coloured and as wide as
    it."""
    file.write(encodable(render(result, width=fitting(file), color=wants_color(file), full=full), file))


def one_screen(made: Callable[[int], Iterator[RenderableType]], width: int, colored: bool) -> str:
    """The screen with as much room for its tables as 30 lines leave: `made` is given the number of rows."""
    text = ""
    for room in ROOM:
        text = drawn(made(room), width, colored)
        if text.count("\n") <= LINES:
            return text
    return text if width < WIDE else _cut(text)


def _cut(text: str) -> str:
    """What no room makes short enough, such as long names everywhere, without the lines above the end."""
    lines = text.splitlines()
    hidden = len(lines) - (LINES - 1)
    kept = [*lines[: LINES - 1 - END], f"  {several(hidden, 'more line')} in --full", *lines[-END:]]
    return "".join(f"{line}\n" for line in kept)
