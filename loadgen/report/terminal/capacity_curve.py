"""The steps of a capacity so far, while it is measured: the share beyond the limit by the offered rate, what is
allowed, and where the line through them crosses that."""

from __future__ import annotations

import math
from collections.abc import Sequence

from loadgen.report.highest_rate import capacity_text, three_digits
from loadgen.report.styles import BAD, DIM, STRONG, WARN, Part
from loadgen.report.terminal.blocks import Said
from loadgen.report.terminal.line import Line
from loadgen.report.words import share
from loadgen.runner.progress import CapacitySoFar, StepSoFar

SCALE = 9  # columns of the share beside the curve
FRAME = 2  # lines about the curve: its title and its rates
LOWEST = 0.05  # of the allowed share: the axis begins there, and steps without any stand there
AROUND = (0.7, 1.4)  # times the capacity: rates beyond are not shown once it is known
NONE, STEP, ABOVE, BOTH = " ", "●", "▲", "◆"  # a cell: without a step, with steps, with one that is above, with both
ALLOWED, END, CROSSING = "┄", "┊", "│"


def capacity_curve(of: CapacitySoFar, width: int, rows: int, said: Said) -> list[Line]:
    """In `rows` lines."""
    columns, height = max(1, width - SCALE), max(1, rows - FRAME)
    shown = _near(of)
    low, high = _ends([*(step.rate for step in shown), *(end for end in (of.low, of.rate, of.high) if end is not None)])
    cells = _cells(of, shown, (low, high), columns, height)
    limit = _row(of.allowed, of, height)
    lines = [_title(of, said).cut(width)]
    for row, line in enumerate(cells):
        label = share(of.allowed, 1) if row == limit else "100%" if not row else ""
        lines.append(Line((f"{label:>{SCALE - 2}}  ", DIM)).join(line))
    lines.append(_axis(of, low, high, columns))
    return lines[:rows]


def so_far(of: CapacitySoFar, said: Said) -> str:
    """`so far 162/s [154, 171] keeps p99 < 150ms`."""
    name = f"{said(of.variant)}: " if of.variant else ""
    if of.low is None and of.high is None:
        return f"{name}nothing is known yet of {said(of.condition)}"
    return f"{name}so far {capacity_text(of.rate, of.low, of.high)} keeps {said(of.condition)}"


def _title(of: CapacitySoFar, said: Said) -> Line:
    parts: list[Part] = [(f"share beyond {said(of.condition)}, by rate", STRONG), f"   {so_far(of, said)}"]
    return Line(*parts, ("   ● a step", DIM))


def _near(of: CapacitySoFar) -> Sequence[StepSoFar]:
    at = of.rate or of.low or of.high
    near = [step for step in of.steps if not at or AROUND[0] * at <= step.rate <= AROUND[1] * at]
    return near or of.steps


def _ends(rates: Sequence[float]) -> tuple[float, float]:
    low, high = min(rates, default=0.0), max(rates, default=1.0)
    room = max(0.03 * (high - low), 0.01 * high)
    return max(0.0, low - room), high + room


def _cells(
    of: CapacitySoFar, shown: Sequence[StepSoFar], ends: tuple[float, float], columns: int, height: int
) -> list[Line]:
    allowed = _row(of.allowed, of, height)
    grid: list[list[tuple[str, str]]] = [
        [(ALLOWED, BAD) if row == allowed else (NONE, "")] * columns for row in range(height)
    ]
    for rate, mark in ((of.low, END), (of.high, END), (of.rate, CROSSING)):
        if rate is not None and (column := _column(rate, ends, columns)) is not None:
            for row in grid:
                row[column] = mark, DIM
    for step in shown:
        column = _column(step.rate, ends, columns)
        if column is not None:
            row = grid[_row(step.share, of, height)]
            mine = ABOVE if step.above else STEP
            mark = mine if row[column][0] not in (ABOVE, STEP, BOTH) or row[column][0] == mine else BOTH
            row[column] = mark, WARN if step.share > of.allowed or step.above else ""
    return [_joined(row) for row in grid]


def _joined(row: Sequence[tuple[str, str]]) -> Line:
    line, text, style = Line(), "", row[0][1] if row else ""
    for glyph, mine in row:
        if mine != style:
            line.add(text, style)
            text, style = "", mine
        text += glyph
    return line.add(text, style)


def _column(rate: float, ends: tuple[float, float], columns: int) -> int | None:
    low, high = ends
    if not low <= rate <= high or high <= low:
        return None
    return min(columns - 1, int(columns * ((rate - low) / (high - low))))


def _row(of_share: float, of: CapacitySoFar, height: int) -> int:
    """From the top, at which all requests are beyond the limit."""
    least = LOWEST * min(1.0, of.allowed) or LOWEST
    part = math.log(max(least, min(1.0, of_share)) / least) / math.log(1 / least)
    return min(height - 1, max(0, round((height - 1) * (1 - part))))


def _axis(of: CapacitySoFar, low: float, high: float, columns: int) -> Line:
    rule = list("─" * columns)
    first, last = f"{three_digits(low)} ", f" {three_digits(high)}"
    rule[: len(first)] = first
    rule[columns - len(last) :] = last
    if of.rate is not None and (at := _column(of.rate, (low, high), columns)) is not None:
        label = f"▲ {three_digits(of.rate)}"
        begins = max(len(first) + 1, min(at, columns - len(last) - len(label) - 1))
        rule[begins : begins + len(label)] = label
    return Line().pad(SCALE).add("".join(rule)[:columns], DIM)
