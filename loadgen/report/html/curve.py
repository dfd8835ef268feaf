"""Latency by percentile: the curve of each series on an axis on which each step is ten times as rare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from loadgen.report.html.charts import (
    LEADING,
    Panel,
    Point,
    area,
    drawing,
    figure,
    hit,
    legend,
    line,
    mark,
    stretched,
    strips,
)
from loadgen.report.html.markup import Content, Markup, element, percent
from loadgen.report.html.scales import Log, Tail
from loadgen.report.html.tables import table
from loadgen.report.words import count, ms, several
from loadgen.result.latency import Latency
from loadgen.result.shape import Shape

PLOT = Panel(30, 320)
HEIGHT = PLOT.bottom + 2 * LEADING
NAMES = ("p50", "p90", "p95", "p99", "p99.9")
MOST_READ = 6  # lines under the pointer


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: `points` are (share of requests, the ms that they take at most), ascending in both; `band` are (share,
    low, high) of the percentiles with an interval. `reads` is the value of each percentile in words. Curves with the
    same `series` have the same colour. The last `timeouts` of `requests` have no known time."""

    series: int
    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float | None]]
    reads: dict[str, str]
    requests: int
    timeouts: int = 0


def share_of(name: str) -> float:
    """`p99.9` as 0.999, `max` as 1."""
    return 1.0 if name == "max" else float(name.removeprefix("p")) / 100


def exact(latency: Latency, shape: Shape | None) -> list[tuple[float, float]]:
    """Points that the curve goes through, whatever lies between them: the percentiles; the upper end of each bin, which
    so many requests take at most; and its lower end, where no bin is just below it."""
    points = [(share_of(name), value) for name, value in latency.quantiles.items() if value is not None]
    if latency.min is not None:
        points.append((0.0, latency.min))
    if latency.max is not None:
        points.append((1.0, latency.max))
    below, end = 0, None
    for low, high, number in shape.bins if shape and latency.count > 0 else ():
        if end is not None and low > end:
            points.append((below / latency.count, low))  # the curve leaps over bins without values
        below, end = below + number, high
        if 0 <= below < latency.count:
            points.append((below / latency.count, high))
    return rising(points)


def rising(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points that can be drawn, in order. A bin's end may lie a rounding below a percentile in it."""
    kept: list[tuple[float, float]] = []
    for share, value in sorted(point for point in points if 0 <= point[0] <= 1 and 0 < point[1] < math.inf):
        kept.append((share, max(value, kept[-1][1] if kept else value)))
    return kept


def banded(latency: Latency) -> list[tuple[float, float, float | None]]:
    """The intervals of the percentiles, in order."""
    every = [(share_of(name), each.low, each.high) for name, each in latency.intervals.items() if name in NAMES]
    return sorted(every, key=lambda each: each[0])


def chart(key: str, title: str, text: Content, curves: Sequence[Curve], tabled: Content) -> Markup:
    """The curves, and the table of their values."""
    ends = [value for curve in curves for _, value in curve.points]
    ends += [end for curve in curves for _, low, high in curve.band for end in (low, high) if end]
    scale, tail = Log.over(ends), Tail(max((curve.requests for curve in curves), default=0))
    ticks, across = scale.ticks(), tail.ticks()
    if not any("max" in curve.reads for curve in curves):
        across.pop()  # the label of the longest
    names = dict.fromkeys((curve.series, curve.name) for curve in curves)
    drawn = drawing(
        key,
        HEIGHT,
        PLOT.labels(ticks, "ms"),
        PLOT.grid(ticks),
        PLOT.uprights(across),
        PLOT.below(across),
        stretched(
            HEIGHT, [_band(curve, scale, tail) for curve in curves], [_line(curve, scale, tail) for curve in curves]
        ),
        [_marks(curve, scale, tail) for curve in curves],
        [_timeouts(curve, tail) for curve in curves],
        _hits(curves, tail),
    )
    return figure(key, title, text, drawn, tabled, legend(names) if len(names) > 1 else None)


def _line(curve: Curve, scale: Log, tail: Tail) -> Markup | None:
    return line([_place(point, scale, tail) for point in curve.points], f"c{curve.series % 8}")


def _band(curve: Curve, scale: Log, tail: Tail) -> Markup | None:
    upper = [(tail.at(share), PLOT.y(1.0 if high is None else scale.at(high))) for share, _, high in curve.band]
    lower = [(tail.at(share), PLOT.y(scale.at(low))) for share, low, _ in curve.band]
    return area(upper, lower, f"c{curve.series % 8}")


def _place(point: tuple[float, float], scale: Log, tail: Tail) -> Point:
    return tail.at(point[0]), PLOT.y(scale.at(point[1]))


def _marks(curve: Curve, scale: Log, tail: Tail) -> Content:
    wanted = {share_of(name) for name in (*NAMES, "max")}
    return [mark(curve.series, *_place(point, scale, tail)) for point in curve.points if point[0] in wanted]


def _timeouts(curve: Curve, tail: Tail) -> Content:
    """Where the curve ends because what follows is only known to be longer."""
    if not curve.timeouts or not curve.requests:
        return None
    at = tail.at(1 - curve.timeouts / curve.requests)
    text = f"{several(curve.timeouts, 'timeout')} →"
    upright = element("line", x1=percent(at), x2=percent(at), y1=PLOT.top, y2=PLOT.bottom, class_="limit")
    return [upright, element("text", text, x=percent(at), y=PLOT.bottom - 6, dx=-4, text_anchor="end", class_="note")]


def _hits(curves: Sequence[Curve], tail: Tail) -> Iterator[Markup]:
    names = [name for name in (*NAMES, "max") if any(name in curve.reads for curve in curves)]
    every = [tail.at(share_of(name)) for name in names]
    for name, at, strip in zip(names, every, strips(every), strict=True):
        lines = [f"{name}, ms"] if len(curves) > 1 else []
        for curve in curves[:MOST_READ]:
            if name in curve.reads:
                lines.append(f"{f'{curve.name}: ' if lines else f'{name} '}{curve.reads[name]}{'' if lines else ' ms'}")
        yield hit(strip, PLOT, at, lines)


def bins_table(name: str, latency: Latency, shape: Shape) -> Markup:
    """How many requests took how long."""
    rows, below = [], 0
    for low, high, number in shape.bins:
        below += number
        so_far = f"{100 * below / latency.count:.4g} %" if latency.count else ""
        rows.append((f"{ms(low)} to {ms(high)} ms", count(number), so_far))
    if latency.timeouts:
        rows.append(("timeouts: longer", count(latency.timeouts), "100 %"))
    return table(("time", "requests", "at most so long"), rows, f"Requests by time: {name}")
