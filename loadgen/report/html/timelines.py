"""Several loads over the same time: what each offered, what was answered well, and p99; a line for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from loadgen.report.html.charts import LEADING, Panel, Point, drawing, figure, hit, legend, line, stretched, strips
from loadgen.report.html.markup import Content, Markup
from loadgen.report.html.over_time import ticks_of
from loadgen.report.html.scales import Linear, Log
from loadgen.report.html.tables import table
from loadgen.report.words import brief, count, ms, rate, seconds
from loadgen.result.timeline import Moment, Timeline

OFFERED, COMPLETED, TIMES = Panel(30, 110), Panel(182, 110), Panel(334, 150)
HEIGHT = TIMES.bottom + 2 * LEADING
NAME, MOST = 48, 8
TEXT = (
    "The runs of each variant laid over each other, by the time in which requests were due: how many a second were "
    "offered, how many of them were answered well, means over the rounds, and the p99 of all rounds together."
)

Value = Callable[[Moment, Timeline], float | None]


def _offered(moment: Moment, of: Timeline) -> float:
    return moment.sent / of.width / of.runs


def _completed(moment: Moment, of: Timeline) -> float:
    return (moment.sent - moment.failed) / of.width / of.runs


def _p99(moment: Moment, of: Timeline) -> float | None:
    return moment.p99


def chart(key: str, every: Mapping[str, Timeline]) -> Markup:
    """Three panels, and a table with a row for each moment of each variant."""
    shown = dict([*every.items()][:MOST])
    end = max(moment.start + of.width for of in shown.values() for moment in of.moments)
    rates = [value(moment, of) for of in shown.values() for moment in of.moments for value in (_offered, _completed)]
    rated, timed = Linear.over(rates), Log.over(moment.p99 for of in shown.values() for moment in of.moments)
    panels: list[tuple[Panel, Linear | Log, str, Value]] = [
        (OFFERED, rated, "offered, 1/s", _offered),
        (COMPLETED, rated, "ok, 1/s", _completed),
        (TIMES, timed, "p99, ms", _p99),
    ]
    axes = [[panel.labels(scale.ticks(), unit), panel.grid(scale.ticks())] for panel, scale, unit, _ in panels]
    paths = [
        line(part, f"c{number}")
        for panel, scale, _, value in panels
        for number, of in enumerate(shown.values())
        for part in _unbroken(of, end, panel, scale, value)
    ]
    drawn = drawing(key, HEIGHT, axes, TIMES.below(ticks_of(end)), stretched(HEIGHT, paths), [*_hits(shown, end)])
    width = max(of.width for of in shown.values())
    title = "Over time" if width == 1 else f"Over time, every {seconds(width)}"
    names = [(number, brief(name, NAME)) for number, name in enumerate(shown)]
    more = f" {count(len(every) - MOST)} more variants are in their own folders." if len(every) > MOST else ""
    return figure(key, title, TEXT + more, drawn, _table(shown, title), legend(names))


def _middle(moment: Moment, of: Timeline, end: float) -> float:
    return min(1.0, (moment.start + of.width / 2) / end)


def _unbroken(of: Timeline, end: float, panel: Panel, scale: Linear | Log, value: Value) -> Iterator[list[Point]]:
    """The points of a line, which ends where a value is not known."""
    part: list[Point] = []
    for moment in of.moments:
        known = value(moment, of)
        if known is None:
            yield part
            part = []
        else:
            part.append((_middle(moment, of, end), panel.y(scale.at(known))))
    yield part


def _hits(every: Mapping[str, Timeline], end: float) -> Iterator[Content]:
    """What was at each moment of the one with the shortest moments."""
    finest = min(every.values(), key=lambda of: (of.width, -len(of.moments)))
    places = [_middle(moment, finest, end) for moment in finest.moments]
    whole = Panel(OFFERED.top, TIMES.bottom - OFFERED.top)
    for moment, place, strip in zip(finest.moments, places, strips(places), strict=True):
        lines = [_when(moment, finest)]
        for name, of in every.items():
            there = next((each for each in of.moments if each.start <= moment.start < each.start + of.width), None)
            if there:
                lines.append(f"{brief(name, NAME)}: {_read(there, of)}")
        yield hit(strip, whole, place, lines)


def _read(moment: Moment, of: Timeline) -> str:
    return f"{rate(_offered(moment, of))} offered, {rate(_completed(moment, of))} ok, p99 {ms(moment.p99)} ms"


def _when(moment: Moment, of: Timeline) -> str:
    return f"{count(moment.start)} to {count(moment.start + of.width)} s"


def _table(every: Mapping[str, Timeline], title: str) -> Markup:
    rows = [
        (_when(moment, of), brief(name, NAME), rate(_offered(moment, of)), rate(_completed(moment, of)),
         ms(moment.p50), ms(moment.p99))
        for name, of in every.items() for moment in of.moments
    ]  # fmt: skip
    return table(("due", "variant", "offered", "ok", "p50, ms", "p99, ms"), rows, title, words=(1,))
