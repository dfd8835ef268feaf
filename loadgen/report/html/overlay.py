"""The page of several saved runs: the curve of each, one over the other, for each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.html import curve
from loadgen.report.html.common import badge
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.page import Section, document
from loadgen.report.html.tables import table
from loadgen.report.overlaid import NAME, NOT_COMPARED, Named, title_of, together
from loadgen.report.terminal.figures import Row, range_of
from loadgen.report.terminal.intervals import range_of as interval_text
from loadgen.report.terminal.latency import PERCENTILES
from loadgen.report.words import brief, count, seconds, several

CHARTS = 12


def overlay_page(runs: Sequence[Named]) -> str:
    """The page; every text of the runs is clean."""
    groups = together(runs)
    sections = [
        Section("curves", "Latency by percentile", _curves(groups)),
        Section("runs", "Runs", _runs(runs)),
    ]
    title = f"{several(len(runs), 'run')}: loadgen"
    return document(title, _head(runs), sections, element("p", f"made by loadgen {runs[0].result.host.loadgen}"))


def _head(runs: Sequence[Named]) -> Iterator[Content]:
    yield element("h1", f"{several(len(runs), 'run')}, one over the other")
    said = [element("li", badge(*run.verdict), f" {run.title} · {run.told}") for run in runs]
    yield element("ul", said, class_="said")
    yield element("p", NOT_COMPARED)


def _curves(groups: dict[tuple[str, str], list[tuple[Named, Row]]]) -> Iterator[Content]:
    letters = [run.letter for group in groups.values() for run, _ in group]
    order = sorted(set(letters))
    for at, (place, group) in enumerate(list(groups.items())[:CHARTS]):
        drawn = [each for run, row in group for each in _of_run(order.index(run.letter), run, row)]
        cycles = "; a line for each cycle" if any(len(row.cycles) > 1 for _, row in group) else ""
        bands = "; bands are 95 % intervals" if any(each.band for each in drawn) else ""
        text = f"Each step to the right is ten times as rare, and each curve goes through exact counts{cycles}{bands}."
        title = title_of(place, group)
        yield curve.chart(f"curve-{at}", title, text, drawn, _figures(group, title))
    if len(groups) > CHARTS:
        yield element("p", f"{count(len(groups) - CHARTS)} more steps are not drawn", class_="dim")


def _of_run(series: int, run: Named, row: Row) -> Iterator[curve.Curve]:
    for phase, latency, step in row.cycles:
        yield curve.Curve(
            series,
            run.title,
            curve.exact(latency, step.shape if step else None),
            curve.banded(latency) if len(row.cycles) == 1 else (),
            {name: range_of(row, name) for name in PERCENTILES} if phase.cycle <= 1 else {},
            latency.count,
            latency.timeouts,
        )


def _figures(group: Sequence[tuple[Named, Row]], title: str) -> Markup:
    made = [
        (run.title, count(sum(latency.count for _, latency, _ in row.cycles)),
         *(_cell(row, name) for name in PERCENTILES))
        for run, row in group
    ]  # fmt: skip
    return table(("", "requests", *PERCENTILES), made, f"{title}, ms; below the figures 95 % intervals")


def _cell(row: Row, name: str) -> Content:
    interval = row.cycles[0][1].intervals.get(name) if len(row.cycles) == 1 else None
    return [range_of(row, name), element("small", interval_text(interval)) if interval else None]


def _runs(runs: Sequence[Named]) -> Markup:
    made = [
        (run.title, run.verdict, run.result.started.replace("T", " ")[:19], seconds(run.result.duration_s),
         count(run.result.variant.requests.sent), count(run.result.variant.requests.failed), run.result.client,
         run.result.session.reuse, str(run.result.seed), brief(run.result.target.url, NAME))
        for run in runs
    ]  # fmt: skip
    titles = ("", "", "started, UTC", "took", "requests", "failed", "client", "session", "seed", "target")
    return table(titles, made, "What ran", words=(1, 2, 6, 7, 9))
