"""What happened second by second: requests, those in flight, percentiles, and how latencies were spread, one below the
other on the same axis of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from loadgen.report.html.charts import LEADING, UNITS, Panel, Point, drawing, figure, key_of, line, stretched, strips
from loadgen.report.html.markup import Content, Markup, element, number, percent
from loadgen.report.html.scales import Linear, Log, Tick
from loadgen.report.html.tables import table
from loadgen.report.navigate import place
from loadgen.report.words import brief, count, ms, rate, seconds
from loadgen.result.run import Phase, Silence
from loadgen.result.timeline import Moment, Stretch, Timeline

NAMES = 18  # pixels above the first panel, for the names of phases
PER_SECOND, IN_FLIGHT = Panel(64, 110), Panel(216, 80)
TIMES, SPREAD = Panel(338, 150), Panel(530, 170)
HEIGHT = SPREAD.bottom + 2 * LEADING
SHADES = 8
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)  # seconds between labels
LABELS = 7  # at most
NAMED = 0.03  # of the width: a phase that is shorter has no room for its name
DUE, COMPLETED, FAILED = ("bar c5", "due"), ("bar c2", "completed"), ("bar c1", "failed")
QUANTILES = (("p50", "c0"), ("p99", "c1"), ("max", "c3"))
TEXT = (
    "All steps together, by the second in which requests were due; what was completed, by the second of its answer. A "
    "phase begins at each dashed line; what is shaded is not measured. In the last panel, the stronger the colour, the "
    "more requests took so long."
)
STALLED = " No answer came at all in the framed times: {}."
SHOWN_STALLS = 5

Value = Callable[[Moment], float | None]
TIMES_OF: dict[str, Value] = {
    "p50": lambda moment: moment.p50,
    "p99": lambda moment: moment.p99,
    "max": lambda moment: moment.longest,
}


def chart(key: str, of: Timeline, phases: Sequence[Phase]) -> Markup:
    """Four panels, and a table with a row for each moment. `phases` are those of the result."""
    title = "Second by second" if of.width == 1 else f"Over time, every {seconds(of.width)}"
    text = TEXT + _stalled(phases)
    return figure(key, title, text, drawing(key, HEIGHT, *_drawn(_Time(of), phases)), _table(of, title), _legend(of))


def _stalled(phases: Sequence[Phase]) -> str:
    every = [silence for phase in phases for silence in phase.silences]
    longest = sorted(every, key=lambda of: of.lasted_s, reverse=True)[:SHOWN_STALLS]
    said = [f"at {of.start_s:.1f} s for {of.lasted_s:.1f} s" for of in sorted(longest, key=lambda of: of.start_s)]
    more = f" and {count(len(every) - len(said))} shorter ones" if len(every) > len(said) else ""
    return STALLED.format(", ".join(said) + more) if every else ""


class _Time:
    """The axis of time, and the other axes of the panels."""

    def __init__(self, of: Timeline) -> None:
        self.of, self.moments = of, of.moments
        self.end = max([stretch.end for stretch in of.stretches] + [of.moments[-1].start + of.width])
        self.per_second = Linear.over(
            number_of / of.width for moment in of.moments for number_of in (moment.sent, moment.completed or 0)
        )
        self.in_flight = Linear.over(moment.in_flight for moment in of.moments)
        self.times = Log.over(value(moment) for value in TIMES_OF.values() for moment in of.moments)
        self.spread = Log.over(end for moment in of.moments for low, high, _ in moment.bins for end in (low, high))

    def at(self, second: float) -> float:
        return min(1.0, max(0.0, second / self.end)) if self.end > 0 else 0.0

    def middle(self, moment: Moment) -> float:
        return self.at(moment.start + self.of.width / 2)


def ticks_of(end: float) -> list[Tick]:
    """Round times from 0 to `end`, in s."""
    step = next((step for step in STEPS if end / step <= LABELS), STEPS[-1])
    return [Tick(min(1.0, step * n / end) if end > 0 else 0.0, seconds(step * n)) for n in range(int(end / step) + 1)]


def _legend(of: Timeline) -> list[Markup]:
    completed = any(moment.completed is not None for moment in of.moments)
    failed = any(moment.failed for moment in of.moments)
    requests = [DUE, *([COMPLETED] if completed else []), *([FAILED] if failed else [])]
    return [key_of([*requests, ("bar c6", "in flight"), *((f"bar {class_}", name) for name, class_ in QUANTILES)])]


def _drawn(time: _Time, phases: Sequence[Phase]) -> Iterator[Content]:
    across = ticks_of(time.end)
    yield [_stretch(each, phases[each.phase], time) for each in time.of.stretches if each.phase < len(phases)]
    yield [_silence(silence, time) for phase in phases for silence in phase.silences]
    for panel, scale, unit in (
        (PER_SECOND, time.per_second, "1/s"),
        (IN_FLIGHT, time.in_flight, "in flight"),
        (TIMES, time.times, "ms"),
        (SPREAD, time.spread, "ms"),
    ):
        ticks = scale.ticks()[::2] if panel.height < 100 else scale.ticks()
        yield [panel.labels(ticks, unit), panel.grid(ticks)]
    yield SPREAD.below(across)
    yield stretched(HEIGHT, _heat(time), _lines(time))
    yield _hits(time)


def _stretch(of: Stretch, phase: Phase, time: _Time) -> Iterator[Markup]:
    start, width = time.at(of.start), time.at(of.end) - time.at(of.start)
    top = NAMES + 8
    if not phase.measured:
        yield element("rect", x=percent(start), y=top, width=percent(width), height=SPREAD.bottom - top, class_="still")
    yield element("line", x1=percent(start), x2=percent(start), y1=top, y2=SPREAD.bottom, class_="phase")
    if width >= NAMED:
        name = element("text", brief(place(phase), 40), x=3, y=NAMES, class_="note")
        yield element("svg", name, x=percent(start), width=percent(width), height=NAMES + 6, class_="clip")


def _silence(of: Silence, time: _Time) -> Markup:
    """A frame through all panels."""
    start, width = time.at(of.start_s), time.at(of.start_s + of.lasted_s) - time.at(of.start_s)
    top = NAMES + 8
    return element("rect", x=percent(start), y=top, width=percent(width), height=SPREAD.bottom - top, class_="silence")


def _lines(time: _Time) -> Iterator[Markup | None]:
    yield line([_rate(time, of, of.sent) for of in time.moments], "c5")
    yield line([_rate(time, of, of.completed) for of in time.moments if of.completed is not None], "c2")
    if any(of.failed for of in time.moments):
        yield line([_rate(time, of, of.failed) for of in time.moments], "c1")
    known = [(time.middle(of), of.in_flight) for of in time.moments if of.in_flight is not None]
    yield line([(x, IN_FLIGHT.y(time.in_flight.at(value))) for x, value in known], "c6")
    for name, class_ in QUANTILES:
        for part in _unbroken(time, TIMES_OF[name]):
            yield line(part, class_)


def _rate(time: _Time, of: Moment, number_of: int) -> Point:
    return time.middle(of), PER_SECOND.y(time.per_second.at(number_of / time.of.width))


def _unbroken(time: _Time, value: Value) -> Iterator[list[Point]]:
    """The points of a line, which ends where a value is not known."""
    part: list[Point] = []
    for moment in time.moments:
        known = value(moment)
        if known is None:
            yield part
            part = []
        else:
            part.append((time.middle(moment), TIMES.y(time.times.at(known))))
    yield part


def _heat(time: _Time) -> Iterator[Markup]:
    """A path for each shade, whose parts are the cells that have it: the share of the requests of its moment."""
    cells: dict[int, list[str]] = {}
    for moment in time.moments:
        number_of = sum(count_ for _, _, count_ in moment.bins)
        x, wide = UNITS * time.at(moment.start), UNITS * time.of.width / time.end if time.end > 0 else 0
        for low, high, count_ in moment.bins:
            top, bottom = (SPREAD.y(time.spread.at(end)) for end in (high, low))
            shade = _shade(count_ / number_of if number_of else 0)
            cells.setdefault(shade, []).append(
                f"M{number(x)} {number(top)}h{number(wide)}v{number(bottom - top)}h{number(-wide)}z"
            )
    for shade, parts in sorted(cells.items()):
        yield element("path", d="".join(parts), class_=f"heat h{shade}")


def _shade(share: float) -> int:
    """From 1 to 8: each step is half as much again as the one below, so that one request in a hundred is seen."""
    shade = 1
    while share < 0.45 and shade < SHADES:
        share, shade = share * 1.8, shade + 1
    return SHADES + 1 - shade


def _hits(time: _Time) -> Iterator[Markup]:
    every = [time.middle(moment) for moment in time.moments]
    for moment, at, (low, width) in zip(time.moments, every, strips(every), strict=True):
        height = SPREAD.bottom - PER_SECOND.top
        pane = element("rect", x=percent(low), y=PER_SECOND.top, width=percent(width), height=height, class_="pane")
        guide = element("line", x1=percent(at), x2=percent(at), y1=PER_SECOND.top, y2=SPREAD.bottom, class_="guide")
        texts = [
            element("text", said, x=8, y=panel.top + LEADING, class_="readout")
            for panel, said in zip((PER_SECOND, IN_FLIGHT, TIMES), _read(moment, time.of), strict=True)
        ]
        yield element("g", pane, element("g", guide, texts, class_="shown"), class_="hit")


def _read(moment: Moment, of: Timeline) -> tuple[str, str, str]:
    completed = f", {count(moment.completed)} completed" if moment.completed is not None else ""
    failed = f", {count(moment.failed)} failed" if moment.failed else ""
    flight = f"{count(moment.in_flight)} in flight" if moment.in_flight is not None else ""
    times = ", ".join(f"{name} {ms(value(moment))}" for name, value in TIMES_OF.items())
    return f"{_when(moment, of)}: {count(moment.sent)} due{completed}{failed}", flight, f"{times} ms"


def _when(moment: Moment, of: Timeline) -> str:
    return f"{count(moment.start)} to {count(moment.start + of.width)} s"


def _table(of: Timeline, title: str) -> Markup:
    rows = [
        (_when(moment, of), count(moment.sent), rate(moment.sent / of.width), count(moment.completed),
         count(moment.failed), count(moment.in_flight), *(ms(value(moment)) for value in TIMES_OF.values()))
        for moment in of.moments
    ]  # fmt: skip
    titles = ("", "due", "due per second", "completed", "failed", "in flight", "p50, ms", "p99, ms", "max, ms")
    return table(titles, rows, title)
