"""Latency along an axis: p50 and p99 of each series. A line ends at a point that has not settled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.axis import GREW, grew, share_text, slope_text, slopes_of, usd_text, value_of
from loadgen.report.compared import joined
from loadgen.report.html.charts import LEADING, Panel, area, drawing, figure, hit, legend, line, mark, stretched, strips
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.scales import Log, Tick
from loadgen.report.html.tables import table
from loadgen.report.words import brief, rate
from loadgen.result.experiment import Point, Scaling, ScalingPoint

PLOT = Panel(30, 280)
QUANTILES = ("p50", "p99")
TABLED = ("p50", "p99", "p99.9")
NAME, MOST = 48, 8
CHARTS = 8


def charts(every: Sequence[Scaling]) -> Iterator[Content]:
    """A chart for each figure, with a line for each percentile of each series."""
    groups: dict[tuple[str, ...], list[Scaling]] = {}
    for series in every:
        groups.setdefault((series.axis, series.phase, series.step, series.metric), []).append(series)
    for at, ((axis, *names), group) in enumerate(list(groups.items())[:CHARTS]):
        yield _chart(
            f"scaling-{at}", f"{joined(*names)}, by {brief(axis, NAME)}", group[: MOST // len(QUANTILES)], group
        )


def _chart(key: str, title: str, group: Sequence[Scaling], all_of: Sequence[Scaling]) -> Markup:
    axis = list(dict.fromkeys(point.at for of in group for point in of.points))
    places = {name: (at + 0.5) / len(axis) for at, name in enumerate(axis)}
    ends = [end for of in group for point in of.points for name in QUANTILES for end in _ends(point, name)]
    scale = Log.over(ends)
    ticks, across = scale.ticks(), [Tick(place, brief(name, 12)) for name, place in places.items()]
    lines = [(of, name) for of in group for name in QUANTILES]
    names = [(at, f"{brief(of.series, NAME)} {name}".strip()) for at, (of, name) in enumerate(lines)]
    height = PLOT.bottom + 2 * LEADING
    paths = [_path(at, of, name, places, scale) for at, (of, name) in enumerate(lines)]
    marks = [
        mark(at, places[point.at], PLOT.y(scale.at(figure_.value)))
        for at, (of, name) in enumerate(lines) for point in of.points if (figure_ := point.figure(name))
    ]  # fmt: skip
    drawn = drawing(
        key, height, PLOT.labels(ticks, "ms"), PLOT.grid(ticks), PLOT.below(across), stretched(height, paths), marks,
        _hits(group, axis, places),
    )  # fmt: skip
    grown = any(point.unsettled for of in all_of for point in of.points)
    text = "Means over the rounds; bands are 95 % intervals where there are enough rounds."
    said = f"{text} {GREW}; no line goes through such a point." if grown else text
    return figure(key, title, said, drawn, _table(all_of, title), [_slopes(all_of), legend(names)])


def _slopes(all_of: Sequence[Scaling]) -> Content:
    """Whether the ratio to the baseline's series changes along the axis, of the percentiles that are drawn."""
    return [
        element(
            "p",
            f"{brief(of.series, NAME)} / {brief(slope.baseline, NAME)}, {slope.quantile}: {slope_text(slope, of.axis)}",
        )
        for of, slope in slopes_of(all_of)
        if slope.primary or slope.quantile in QUANTILES
    ]


def _ends(point: ScalingPoint, name: str) -> list[float | None]:
    of = point.figure(name)
    return [of.value, of.low, of.high] if of else []


def _path(at: int, of: Scaling, name: str, places: dict[str, float], scale: Log) -> Content:
    """A line, and its band, for each run of points that have settled."""
    drawn: list[Content] = []
    for points in _settled(of, name):
        known = [(places[point.at], figure_) for point, figure_ in points]
        sure = [(x, each.low, each.high) for x, each in known if each.low is not None and each.high is not None]
        upper = [(x, PLOT.y(scale.at(high))) for x, _, high in sure]
        lower = [(x, PLOT.y(scale.at(low))) for x, low, _ in sure]
        through = [(x, PLOT.y(scale.at(each.value))) for x, each in known]
        drawn += [area(upper, lower, f"c{at % MOST}"), line(through, f"c{at % MOST}")]
    return drawn


def _settled(of: Scaling, name: str) -> Iterator[list[tuple[ScalingPoint, Point]]]:
    part: list[tuple[ScalingPoint, Point]] = []
    for point in of.points:
        figure_ = point.figure(name)
        if point.unsettled:
            yield part
            part = []
        elif figure_:
            part.append((point, figure_))
    yield part


def _hits(group: Sequence[Scaling], axis: Sequence[str], places: dict[str, float]) -> Iterator[Markup]:
    for name, strip in zip(axis, strips([places[name] for name in axis]), strict=True):
        lines = [brief(name, NAME)]
        for of in group:
            for point in of.points:
                if point.at == name:
                    said = ", ".join(f"{each} {value_of(point, each)}" for each in QUANTILES)
                    lines.append(f"{brief(of.series, NAME)} {said} ms {grew(point)}".strip())
        yield hit(strip, PLOT, places[name], lines)


def _table(group: Sequence[Scaling], title: str) -> Markup:
    rows = [
        (f"{brief(of.series, NAME)} {brief(point.at, NAME)}".strip(), rate(point.offered), rate(point.rate),
         rate(point.completed), share_text(point.errors), share_text(point.throttled), share_text(point.core),
         usd_text(point.usd), *(value_of(point, name) for name in TABLED), grew(point))
        for of in group for point in of.points
    ]  # fmt: skip
    titles = ("", "offered", "reached", "completed", "failed", "throttled", "core", "USD a run",
              *(f"{name}, ms" for name in TABLED), "")  # fmt: skip
    return table(titles, rows, title, words=(len(titles) - 1,))
