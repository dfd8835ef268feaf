"""Ratios to the baseline, each with its interval, on one axis around 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadgen.report.compared import ratio
from loadgen.report.html.charts import LEADING, Panel, drawing, figure
from loadgen.report.html.markup import Content, Markup, element, percent
from loadgen.report.html.scales import Log, Tick
from loadgen.result.experiment import Figure

ROW = 36  # pixels
LABELS = (0.01, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
APART = 0.07  # of the width, between labels
SERIES = {"slower": 1, "faster": 2, "equivalent": 0, "inconclusive": 4, "none": 6}


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row: its name, and the figure whose ratio it shows."""

    name: str
    figure: Figure


def chart(key: str, title: str, text: Content, rows: Sequence[Ratio], margin: float, tabled: Content) -> Markup:
    """The rows one below the other, each below its name; and the band of what is equivalent."""
    panel = Panel(8, ROW * len(rows))
    ends = [end for row in rows for end in (row.figure.ratio, row.figure.ratio_low, row.figure.ratio_high)]
    scale = Log.over([1.0, 1 + margin, 1 / (1 + margin) if margin > -1 else None, *ends])
    low, high = scale.at(1 / (1 + margin)) if margin > -1 else 0.0, scale.at(1 + margin)
    band = element("rect", x=percent(low), y=panel.top, width=percent(high - low), height=panel.height, class_="still")
    one = element(
        "line", x1=percent(scale.at(1)), x2=percent(scale.at(1)), y1=panel.top, y2=panel.bottom, class_="axis"
    )
    ticks = _ticks(scale)
    drawn = [_row(row, scale, panel.top + ROW * at) for at, row in enumerate(rows)]
    height = panel.bottom + 2 * LEADING
    made = drawing(key, height, band, panel.uprights(ticks), panel.grid(()), one, panel.below(ticks),
                   drawn, wide=True)  # fmt: skip
    return figure(key, title, text, made, tabled)


def _ticks(scale: Log) -> list[Tick]:
    """1, and around it what has room."""
    kept = [Tick(scale.at(1), "1")]
    for value in sorted(LABELS, key=lambda value: abs(math.log(value))):
        at = scale.at(value)
        if 0 < at < 1 and all(abs(at - tick.at) > APART for tick in kept):
            kept.append(Tick(at, f"{value:g}"))
    return kept


def _row(row: Ratio, scale: Log, top: int) -> Markup:
    of, y = row.figure, top + 26
    series = SERIES[of.verdict]
    ends = [scale.at(end) if end is not None else open_ for end, open_ in ((of.ratio_low, 0.0), (of.ratio_high, 1.0))]
    known = of.ratio_low is not None or of.ratio_high is not None
    interval = element("line", x1=percent(ends[0]), x2=percent(ends[1]), y1=y, y2=y, class_=f"thick c{series}")
    return element(
        "g",
        element("text", f"{row.name}: {ratio(of)}", x=0, y=top + 15, class_="name"),
        interval if known else None,
        element("circle", cx=percent(scale.at(of.ratio or 1.0)), cy=y, r=5, class_=f"dot c{series}"),
    )
