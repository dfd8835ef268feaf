"""Latency under load: for each quantile, how it grows with the axis of the load, each series beside the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from loadgen.report.navigate import Found
from loadgen.report.terminal.comparison import MARKS, NAME
from loadgen.report.terminal.glance import Scale
from loadgen.report.terminal.page import DIM, add, heading, indented, line, table
from loadgen.report.words import UNKNOWN, brief, count, known, ms, rate, share

QUANTILES = ("p50", "p90", "p95", "p99", "p99.9", "mean")
FEWER = ("p50", "p99", "mean")  # of many points
ROWS, SERIES = 16, 8  # of a table; beyond the first fewer quantiles are shown, beyond the second none
PLOT = 28  # columns

Row = tuple[str, Found]  # a mark, and a point


def scaling(found: list[Found]) -> Iterator[RenderableType]:
    """A table and a plot for each figure and quantile."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for series in found:
        what = tuple(str(series.get(key) or "") for key in ("axis", "phase", "step", "metric"))
        groups.setdefault(what, []).append(series)
    for (axis, *named), group in groups.items():
        told = " ".join(brief(word, NAME) for word in named if word)
        yield heading(f"under load, by {brief(axis, NAME)}", (f"  {told}", DIM))
        if len(group) > SERIES:
            yield line((f"{count(len(group))} series: see --json", DIM), indent=2)
            continue
        legend = "   ".join(
            f"{mark} {brief(str(series.get('series') or 'all'), NAME)}"
            for mark, series in zip(MARKS, group, strict=False)
        )
        yield line(f"{legend}   ── 95 %, log scale", indent=2)
        yield from _tables(_by_load(group))


def _by_load(group: list[Found]) -> dict[str, list[Row]]:
    """The points of all series at each value of the axis, in its order."""
    rows: dict[str, list[Row]] = {}
    for mark, series in zip(MARKS, group, strict=False):
        for point in series.get("points") or []:
            rows.setdefault(str(point.get("at")), []).append((mark, point))
    return rows


def _tables(rows: dict[str, list[Row]]) -> Iterator[RenderableType]:
    points = [point for row in rows.values() for _, point in row]
    for quantile in QUANTILES if len(points) <= ROWS else FEWER:
        values: list[Any] = [point.get(f"{quantile}{end}") for point in points for end in ("", "_low", "_high")]
        there = [value for value in values if known(value) and value > 0]
        if there:
            yield indented(_table(quantile, rows, Scale(min(there), max(there), PLOT)))


def _table(quantile: str, rows: dict[str, list[Row]], scale: Scale) -> Table:
    right = (("reached", 9), ("failed", 6), (f"{quantile} ms", 8), ("95 %", 14))
    made = table(
        ("", "left", 8), ("", "left", 1), *((t, "right", width) for t, width in right), (scale.ticks(), "left", PLOT)
    )
    for at, row in rows.items():
        for number, (mark, point) in enumerate(row):
            low, high, bad = (point.get(key) for key in (f"{quantile}_low", f"{quantile}_high", "errors"))
            both = f"[{ms(low)}, {ms(high)}]" if known(low) and known(high) else UNKNOWN
            failed = UNKNOWN if bad is None else share(bad, 1)
            cells = (rate(point.get("rate")), failed, ms(point.get(quantile)), both)
            add(made, "" if number else brief(at, 12), mark, *cells, _mark(scale, mark, point, quantile))
    return made


def _mark(scale: Scale, mark: str, point: Found, quantile: str) -> str:
    """The value on the axis, on the line of its interval."""
    value = point.get(quantile)
    if not known(value) or value is None or value <= 0:
        return ""
    ends = [point.get(f"{quantile}{end}") for end in ("_low", "_high")]
    columns = [scale.column(end if end is not None and known(end) and end > 0 else value) for end in ends]
    first, last = max(0, min(columns)), min(scale.width - 1, max(columns))
    cells = [" "] * first + ["─"] * (last - first + 1)
    cells[scale.column(value)] = mark
    return "".join(cells)
