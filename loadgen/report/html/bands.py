"""A phase whose rate changes, by the rate that was offered: what was completed, and the percentiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.html.charts import (
    LEADING,
    Panel,
    Point,
    drawing,
    figure,
    hit,
    key_of,
    line,
    mark,
    stretched,
    strips,
)
from loadgen.report.html.markup import Content, Markup
from loadgen.report.html.scales import Linear, Log, Tick
from loadgen.report.html.tables import table
from loadgen.report.navigate import every_step, place
from loadgen.report.terminal.bands import offered
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.words import UNKNOWN, brief, count, ms, rate, seconds, share
from loadgen.result.band import Band
from loadgen.result.run import Phase

DONE, TIMES = Panel(30, 110), Panel(176, 190)
HEIGHT = TIMES.bottom + 2 * LEADING
QUANTILES = (("p50", "c0"), ("p99", "c1"))
LEGEND = (("bar c2", "completed"), ("bar c6", "offered"), *((f"bar {color}", name) for name, color in QUANTILES))
TEXT = (
    "Each point has the requests that were due while the rate was within a band, and stands in its middle. Completed "
    "are the ok answers that came meanwhile; the other line is the rate that was offered. Bands have no intervals: "
    "they are too short to show how requests come together."
)
CHARTS, NAME = 8, 48


def charts(phases: Sequence[Phase]) -> Iterator[Content]:
    """A chart for each step of each cycle that has bands."""
    cases = [(f"{place(phase)} {label}", step.bands) for phase, label, step in every_step(phases) if step.bands]
    for at, (name, of) in enumerate(cases[:CHARTS]):
        title = f"{brief(name, NAME)}, by the rate that was offered"
        yield figure(f"bands-{at}", title, TEXT, _drawn(f"bands-{at}", of), _table(of, title), key_of(LEGEND))


def _middle(band: Band) -> float:
    return (band.low_per_s + band.high_per_s) / 2


def _drawn(key: str, of: Sequence[Band]) -> Markup:
    bands = sorted(of, key=_middle)
    across = Linear.over(band.high_per_s for band in bands)
    done = Linear.over([*(band.completed_per_s for band in bands), *(band.high_per_s for band in bands)])
    times = Log.over(band.latency_ms.quantile(name).value for band in bands for name, _ in QUANTILES)
    below = [Tick(tick.at, f"{tick.label}/s" if tick.at else tick.label) for tick in across.ticks()]
    places = [across.at(_middle(band)) for band in bands]
    completed = [(x, DONE.y(done.at(band.completed_per_s))) for x, band in zip(places, bands, strict=True)]
    planned = [(x, DONE.y(done.at(_middle(band)))) for x, band in zip(places, bands, strict=True)]
    lines = [line(planned, "c6"), line(completed, "c2")]
    for name, color in QUANTILES:
        lines += [line(part, color) for part in _unbroken(bands, places, name, times)]
    return drawing(
        key, HEIGHT, DONE.labels(done.ticks()[::2], "1/s"), DONE.grid(done.ticks()[::2]),
        TIMES.labels(times.ticks(), "ms"), TIMES.grid(times.ticks()), TIMES.below(below), stretched(HEIGHT, lines),
        list(_marks(bands, places, times)), list(_hits(bands, places)),
    )  # fmt: skip


def _unbroken(bands: Sequence[Band], places: Sequence[float], name: str, times: Log) -> Iterator[list[Point]]:
    """The points of a line, which ends where a value is not known."""
    part: list[Point] = []
    for band, x in zip(bands, places, strict=True):
        value = band.latency_ms.quantile(name).value
        if value is None:
            yield part
            part = []
        else:
            part.append((x, TIMES.y(times.at(value))))
    yield part


def _marks(bands: Sequence[Band], places: Sequence[float], times: Log) -> Iterator[Markup]:
    for band, x in zip(bands, places, strict=True):
        for at, (name, _) in enumerate(QUANTILES):
            if (value := band.latency_ms.quantile(name).value) is not None:
                yield mark(at, x, TIMES.y(times.at(value)))


def _hits(bands: Sequence[Band], places: Sequence[float]) -> Iterator[Markup]:
    for band, x, strip in zip(bands, places, strips(places), strict=True):
        said = ", ".join(f"{name} {_value(band, name)}" for name, _ in QUANTILES)
        lines = [f"{offered(band)}: {said} ms", f"{rate(round(band.completed_per_s, 1))} completed"]
        yield hit(strip, TIMES, x, lines)


def _value(band: Band, name: str) -> str:
    of = band.latency_ms.quantile(name)
    return ms(of.value) if of.value is not None else f">{ms(of.bound)}" if of.bound is not None else UNKNOWN


def _table(of: Sequence[Band], title: str) -> Markup:
    notes = Footnotes()
    rows = [
        (offered(band), seconds(band.start_s), seconds(band.lasted_s), count(band.requests),
         share(band.failed, band.requests), rate(round(band.completed_per_s, 1)),
         *(notes.cell(band.latency_ms, name) for name in PERCENTILES))
        for band in of
    ]  # fmt: skip
    titles = ("offered", "from", "for", "requests", "failed", "completed", *(f"{name}, ms" for name in PERCENTILES))
    return table(titles, rows, title)
