"""An experiment's percentiles round by round: a line for each variant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.compared import joined, primary_of
from loadgen.report.html.charts import (
    LEADING,
    Panel,
    Point,
    drawing,
    figure,
    hit,
    legend,
    line,
    mark,
    stretched,
    strips,
)
from loadgen.report.html.markup import Content, Markup
from loadgen.report.html.scales import Log, Tick
from loadgen.report.html.tables import table
from loadgen.report.words import brief, count, ms
from loadgen.result.experiment import Comparison, Figure

QUANTILES = ("p50", "p99")
TOP, HEIGHT, GAP = 30, 150, 42  # pixels of a panel
NAME, MOST, CHARTS, LABELS = 48, 8, 4, 20

What = tuple[str, str, str]  # phase, step, metric
Rounds = dict[str, dict[str, tuple[float | None, ...]]]  # by quantile and variant, the figure of each round in ms


def charts(comparison: Comparison, variants: Sequence[str]) -> Iterator[Content]:
    """A chart for each step whose figure decides the experiment. `variants` are named in the order of their colours."""
    primary = list(dict.fromkeys(_what(of) for of in primary_of(comparison)))
    for at, what in enumerate(primary[:CHARTS]):
        every = _rounds([of for of in comparison.figures if _what(of) == what])
        if any(len(of) > 1 for by_variant in every.values() for of in by_variant.values()):
            yield _chart(f"rounds-{at}", joined(*what), every, variants)


def _what(of: Figure) -> What:
    return of.phase, of.step, of.metric


def _rounds(figures: Sequence[Figure]) -> Rounds:
    asked = [of.quantile for of in figures if of.primary]
    made: Rounds = {name: {} for name in dict.fromkeys((*QUANTILES, *asked))}
    for of in figures:
        if of.quantile in made:
            made[of.quantile].setdefault(of.baseline, tuple(baseline for baseline, _ in of.rounds))
            made[of.quantile][of.variant] = tuple(variant for _, variant in of.rounds)
    return {name: by_variant for name, by_variant in made.items() if by_variant}


def _chart(key: str, title: str, every: Rounds, variants: Sequence[str]) -> Markup:
    shown = [name for name in variants if any(name in of for of in every.values())][:MOST]
    number = max(len(of) for by_variant in every.values() for of in by_variant.values())
    places = [(at + 0.5) / number for at in range(number)]
    panels = {name: Panel(TOP + at * (HEIGHT + GAP), HEIGHT) for at, name in enumerate(every)}
    bottom = [*panels.values()][-1]
    drawn = [
        _panel(panels[name], name, [of.get(variant, ()) for variant in shown], places) for name, of in every.items()
    ]
    paths = [path for _, path, _ in drawn]
    height = bottom.bottom + 2 * LEADING
    step = -(-number // LABELS)
    across = [Tick(place, count(at + 1)) for at, place in enumerate(places) if at % step == 0]
    content = drawing(
        key, height, [axes for axes, _, _ in drawn], bottom.below(across), stretched(height, paths),
        [marks for *_, marks in drawn], _hits(Panel(TOP, bottom.bottom - TOP), every, shown, places),
    )  # fmt: skip
    text = "The figure of each variant in each round, ms; a line ends where a round has none."
    return figure(key, title, text, content, _table(every, title), legend(enumerate(_names(shown))))


def _panel(
    panel: Panel, name: str, lines: Sequence[Sequence[float | None]], places: Sequence[float]
) -> tuple[Content, Content, Content]:
    """The axes, the lines and the marks of a percentile."""
    scale = Log.over(value for of in lines for value in of)
    ticks = scale.ticks()
    paths: list[Content] = []
    marks: list[Content] = []
    for number, of in enumerate(lines):
        for part in _unbroken(of, places, panel, scale):
            paths.append(line(part, f"c{number}"))
            marks += [mark(number, x, y) for x, y in part]
    return [panel.labels(ticks, f"{name}, ms"), panel.grid(ticks)], paths, marks


def _unbroken(of: Sequence[float | None], places: Sequence[float], panel: Panel, scale: Log) -> Iterator[list[Point]]:
    part: list[Point] = []
    for place, value in zip(places, of, strict=False):
        if value is None:
            yield part
            part = []
        else:
            part.append((place, panel.y(scale.at(value))))
    yield part


def _hits(panel: Panel, every: Rounds, shown: Sequence[str], places: Sequence[float]) -> Iterator[Markup]:
    for at, (place, strip) in enumerate(zip(places, strips(places), strict=True)):
        lines = [f"round {count(at + 1)}"]
        for variant, name in zip(shown, _names(shown), strict=True):
            lines.append(f"{name}: {', '.join(f'{each} {_at(of, variant, at)}' for each, of in every.items())} ms")
        yield hit(strip, panel, place, lines)


def _at(of: dict[str, tuple[float | None, ...]], variant: str, at: int) -> str:
    rounds = of.get(variant, ())
    return ms(rounds[at] if at < len(rounds) else None)


def _names(variants: Sequence[str]) -> list[str]:
    return [brief(name, NAME) for name in variants]


def _table(every: Rounds, title: str) -> Markup:
    rows = [
        (brief(variant, NAME), name, *(ms(value) for value in of))
        for name, by_variant in every.items() for variant, of in by_variant.items()
    ]  # fmt: skip
    number = max(len(row) for row in rows) - 2
    titles = ("", "figure", *(f"round {count(at + 1)}" for at in range(number)))
    return table(titles, rows, f"{title}, round by round, ms", words=(1,))
