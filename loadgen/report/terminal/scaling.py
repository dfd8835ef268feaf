"""Latency along an axis: how each quantile grows, for all series side by side, what came of each point, and whether the
ratio of two series changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.console import RenderableType

from loadgen.report.axis import GREW, decisive, grew, share_text, slope_text, slopes_of, usd_text
from loadgen.report.compared import NAME
from loadgen.report.terminal.comparison import MARKS
from loadgen.report.terminal.glance import Scale
from loadgen.report.terminal.page import DIM, STRONG, WARN, add, heading, indented, labelled, line, table
from loadgen.report.terminal.table import Table
from loadgen.report.words import UNKNOWN, brief, count, ms, rate
from loadgen.result.experiment import Scaling, ScalingPoint

QUANTILES = ("p50", "p90", "p95", "p99", "p99.9", "mean")
FEWER = ("p50", "p99", "mean")  # of many points
ROWS, SERIES = 16, 8  # of a table; beyond the first fewer quantiles are shown, beyond the second none
PLOT = 28  # columns
BRIEF = 18  # columns of a plot on the first screen

Row = tuple[str, ScalingPoint]  # a mark, and a point


def scaling(every: Sequence[Scaling]) -> Iterator[RenderableType]:
    """A table and a plot for each figure and quantile."""
    groups: dict[tuple[str, ...], list[Scaling]] = {}
    for series in every:
        groups.setdefault((series.axis, series.phase, series.step, series.metric), []).append(series)
    for (axis, *names), group in groups.items():
        what = " ".join(brief(word, NAME) for word in names if word)
        yield heading(f"{'under load, ' if group[0].load else ''}by {brief(axis, NAME)}", (f"  {what}", DIM))
        if len(group) > SERIES:
            yield line((f"{count(len(group))} series: see --json", DIM), indent=2)
            continue
        marked = zip(MARKS, group, strict=False)
        legend = "   ".join(f"{mark} {brief(series.series or 'all', NAME)}" for mark, series in marked)
        yield line(f"{legend}   ── {_between(group)}, log scale", indent=2)
        rows = _by_load(group)
        yield from _tables(rows)
        yield indented(_came(rows))
        if any(grew(point) for _, point in _points(rows)):
            yield line((GREW, WARN), indent=2)
        yield from _slopes(group, axis)


def _points(rows: dict[str, list[Row]]) -> list[Row]:
    return [row for of_value in rows.values() for row in of_value]


def _slopes(group: Sequence[Scaling], axis: str) -> Iterator[RenderableType]:
    """Whether the ratio to the baseline's series changes."""
    for series, slope in slopes_of(group):
        name = f"{brief(series.series, NAME)} / {brief(slope.baseline, NAME)}, {slope.quantile}: "
        yield labelled((name, STRONG if slope.primary else ""), slope_text(slope, axis), indent=2)


def _came(rows: dict[str, list[Row]]) -> Table:
    """What was offered and what came of it, and what it took."""
    every = [point for _, point in _points(rows)]
    throttled, paid = any(point.throttled for point in every), any(point.usd is not None for point in every)
    titles = [("offered", 9), ("completed", 9), ("failed", 6), *([("throttled", 9)] if throttled else []), ("core", 6)]
    made = table(("", "fixed", 8), ("", "fixed", 1), *((title, "right", width) for title, width in titles),
                 *([("USD a run", "right", 9)] if paid else []), ("", "text", 16))  # fmt: skip
    for at, row in rows.items():
        for number, (mark, point) in enumerate(row):
            cells = [rate(point.offered), rate(point.completed), share_text(point.errors)]
            cells += [share_text(point.throttled)] if throttled else []
            cells += [share_text(point.core), *([usd_text(point.usd)] if paid else []), grew(point)]
            add(made, "" if number else brief(at, 12), mark, *cells)
    return made


def _by_load(group: Sequence[Scaling]) -> dict[str, list[Row]]:
    """The points of all series at each value of the axis, in its order."""
    rows: dict[str, list[Row]] = {}
    for mark, series in zip(MARKS, group, strict=False):
        for point in series.points:
            rows.setdefault(point.at, []).append((mark, point))
    return rows


def _tables(rows: dict[str, list[Row]]) -> Iterator[RenderableType]:
    points = [point for row in rows.values() for _, point in row]
    for quantile in QUANTILES if len(points) <= ROWS else FEWER:
        extents = [extent for point in points if (extent := Extent.of(point, quantile))]
        ends = [end for extent in extents for end in extent[:3] if end and end > 0]
        if ends:
            yield indented(_table(quantile, rows, Scale(min(ends), max(ends), PLOT)))


class Extent(NamedTuple):
    """A figure with the ends of its interval; without one, with the lowest and the highest of the rounds."""

    value: float
    low: float | None
    high: float | None
    is_interval: bool

    @classmethod
    def of(cls, point: ScalingPoint, quantile: str) -> Extent | None:
        figure = point.figure(quantile)
        if figure is None:
            return None
        if figure.low is not None or figure.high is not None:
            return cls(figure.value, figure.low, figure.high, True)
        rounds = point.rounds.get(quantile, ())
        return cls(figure.value, min(rounds, default=None), max(rounds, default=None), False)

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return UNKNOWN
        low, high = ms(self.low), ms(self.high)
        return f"[{low}, {high}]" if self.is_interval else f"{low} to {high}"


def _between(group: Iterable[Scaling]) -> str:
    """What the ends of a line are."""
    extents = (Extent.of(point, quantile) for series in group for point in series.points for quantile in QUANTILES)
    return "95 %" if any(extent and extent.is_interval for extent in extents) else "all rounds"


def _table(quantile: str, rows: dict[str, list[Row]], scale: Scale) -> Table:
    right = (("reached", 9), ("failed", 6), (f"{quantile} ms", 8), ("", 14))
    made = table(
        ("", "fixed", 8), ("", "fixed", 1), *((t, "right", width) for t, width in right), (scale.ticks(), "fixed", PLOT)
    )
    for at, row in rows.items():
        for number, (mark, point) in enumerate(row):
            extent = Extent.of(point, quantile)
            star = "*" if point.unsettled else ""
            value = f"{ms(extent.value if extent else None)}{star}"
            cells = (rate(point.rate), share_text(point.errors), value, str(extent or UNKNOWN))
            drawn = _mark(scale, mark, extent) if extent else ""
            add(made, "" if number else brief(at, 12), mark, *cells, drawn)
    return made


def _mark(scale: Scale, mark: str, extent: Extent) -> str:
    """The value on the axis, on the line between its ends."""
    if extent.value <= 0:
        return ""
    columns = [scale.column(end if end and end > 0 else extent.value) for end in (extent.low, extent.high)]
    first, last = max(0, min(columns)), min(scale.width - 1, max(columns))
    cells = [" "] * first + ["─"] * (last - first + 1)
    cells[scale.column(extent.value)] = mark
    return "".join(cells)


def scaling_summary(every: Sequence[Scaling], primary: str, room: int) -> Iterator[RenderableType]:
    """For a screen that has room for one table: p50 and p99 at each load, of what the primary figure is of."""
    if not every:
        return
    group = decisive(every, primary)
    first = group[0]
    points = [(series, point) for series in group[:SERIES] for point in series.points]
    tails = [figure.value for _, point in points if (figure := point.figure("p99")) and figure.value > 0]
    scale = Scale(min(tails), max(tails), BRIEF) if tails else None
    what = " ".join(brief(word, NAME) for word in (first.phase, first.step, first.metric) if word)
    made = table(
        (f"{what}, ms", "left", 12),
        *((title, "right", 8) for title in (brief(first.axis, 12), "reached", "failed", "p50", "p99", _between(group))),
        (scale.ticks() if scale else "", "fixed", BRIEF),
    )
    above = None
    for series, point in points[: max(3, 3 * room)]:
        p50, p99 = point.figure("p50"), Extent.of(point, "p99")
        drawn = _mark(scale, MARKS[0], p99) if scale and p99 else ""
        star = "*" if point.unsettled else ""
        figures = (f"{ms(p50.value if p50 else None)}{star}", f"{ms(p99.value if p99 else None)}{star}")
        name = "" if series.series == above else brief(series.series, 20)
        shown = (rate(point.rate), share_text(point.errors), *figures, str(p99 or UNKNOWN), drawn)
        add(made, name, brief(point.at, 12), *shown)
        above = series.series
    yield made
    if (rest := len(points) - max(3, 3 * room)) > 0:
        yield line((f"  {count(rest)} more in --full", DIM))
    if any(point.unsettled for _, point in points[: max(3, 3 * room)]):
        yield line((GREW, WARN))
    for series, slope in [pair for pair in slopes_of(group) if pair[1].primary][: max(1, room // 3)]:
        name = f"{brief(series.series, NAME)} / {brief(slope.baseline, NAME)}, {slope.quantile}: "
        yield line((name, STRONG), slope_text(slope, first.axis))
