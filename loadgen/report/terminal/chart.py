"""Charts of a few rows: bars of values by second, and a plan over the time of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from loadgen.report.styles import DIM, WARN
from loadgen.report.terminal.line import Line
from loadgen.report.words import known

EIGHTHS = "▁▂▃▄▅▆▇█"
NOTHING, MISSING = "┄", "░"  # a value that is 0; what was planned and has not come
HALF = 4  # eighths of a cell, from which on it counts as planned

Value = float | None


def peak(values: Iterable[Value]) -> float:
    """The largest known value; 0 without any."""
    return max((value for value in values if value is not None and math.isfinite(value)), default=0.0)


def height(value: Value, top: float, rows: int) -> int | None:
    """How many eighths of a row `value` is high where `top` fills all rows; None if it is not known. More than nothing
    is at least one."""
    if value is None or not known(value):
        return None
    if value <= 0 or not 0 < top < math.inf:
        return 0
    return min(8 * rows, max(1, round(8 * rows * min(1.0, value / top))))


def bars(values: Sequence[Value], rows: int, top: float) -> list[str]:
    """The values as columns, from 0 to `top`; a gap where there is none."""
    heights = [height(value, top, rows) for value in values]
    return ["".join(_bar(of, 8 * row) for of in heights) for row in reversed(range(rows))]


def _bar(of: int | None, below: int) -> str:
    """The cell of a column `of` so many eighths, above so many."""
    if of is None or (of <= below and (of or below)):
        return " "
    return EIGHTHS[min(8, of - below) - 1] if of else NOTHING


def against(done: Sequence[Value], planned: Sequence[Value], rows: int, top: float) -> list[Line]:
    """What was done in the columns that have been, with what was planned above it; and what is planned in the others.
    `done` is not longer than `planned`."""
    did = [height(of, top, rows) for of in done] + [None] * (len(planned) - len(done))
    plan = [height(of, top, rows) or 0 for of in planned]
    lines = []
    for row in reversed(range(rows)):
        cells = [_cell(did_, plan_, 8 * row) for did_, plan_ in zip(did, plan, strict=True)]
        line = Line()
        for style, run in groupby(cells, key=lambda cell: cell[1]):
            line.add("".join(glyph for glyph, _ in run), style)
        lines.append(line)
    return lines


def _cell(done: int | None, planned: int, below: int) -> tuple[str, str]:
    if done is None:
        return (EIGHTHS[min(8, planned - below) - 1], DIM) if planned > below else (" ", DIM)
    if done > below:
        return EIGHTHS[min(8, done - below) - 1], ""
    return (MISSING, WARN) if planned - below >= HALF else (" ", "")
