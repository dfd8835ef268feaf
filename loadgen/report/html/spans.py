"""Rows on one axis of time: each a dot at p50, a line to p99 and a thin one to the longest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadgen.report.html.charts import LEADING, Panel, drawing, figure
from loadgen.report.html.markup import Content, Markup, element, percent
from loadgen.report.html.scales import Log
from loadgen.report.words import ms
from loadgen.result.latency import Latency

ROW = 36  # pixels
NAMES = ("p50", "p99", "max")


@dataclass(frozen=True, slots=True)
class Span:
    """A row: its name, its figures, and the series whose colour it has."""

    name: str
    latency: Latency
    series: int = 0

    @property
    def ends(self) -> list[float | None]:
        """p50, p99 and the longest, in ms; None if not known."""
        return [self.latency.quantile(name).value for name in NAMES]


def chart(key: str, title: str, text: Content, spans: Sequence[Span], tabled: Content) -> Markup:
    """The rows one below the other, each below its name, and the table of their values."""
    panel = Panel(8, ROW * len(spans))
    scale = Log.over(end for span in spans for end in span.ends)
    ticks = scale.ticks()
    rows = [_row(span, scale, panel.top + ROW * at) for at, span in enumerate(spans)]
    height = panel.bottom + 2 * LEADING
    drawn = drawing(key, height, panel.uprights(ticks), panel.grid(()), panel.below(ticks), rows, wide=True)
    return figure(key, title, text, drawn, tabled)


def _row(span: Span, scale: Log, top: int) -> Markup:
    p50, p99, _ = span.ends
    y, color = top + 26, f"c{span.series % 8}"
    said = " · ".join(f"{name} {ms(end)}" for name, end in zip(NAMES, span.ends, strict=True) if end)
    known = [end for end in span.ends if end is not None]
    return element(
        "g",
        element("title", f"{span.name}: {said} ms"),
        element("rect", x=0, y=top, width="100%", height=ROW, class_="pane"),
        element("text", span.name, x=0, y=top + 15, class_="name"),
        _stroke(known[0], known[-1], scale, y, f"thin {color}") if known else None,
        _stroke(p50, p99, scale, y, f"thick {color}") if p50 is not None and p99 is not None else None,
        element("circle", cx=percent(scale.at(p50)), cy=y, r=5, class_=f"dot {color}") if p50 is not None else None,
    )


def _stroke(low: float, high: float, scale: Log, y: int, class_: str) -> Markup:
    return element("line", x1=percent(scale.at(low)), x2=percent(scale.at(high)), y1=y, y2=y, class_=class_)
