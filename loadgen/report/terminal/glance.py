"""Every step of every phase on one logarithmic scale, which shows at a glance where the long tail is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.navigate import every_step, place
from loadgen.report.terminal.page import DIM, add, heading, indented, table
from loadgen.report.words import brief, ms
from loadgen.result.latency import Latency
from loadgen.result.run import Phase

LABEL, WHERE = 14, 20
LEGEND = "● p50  ━ to p99  ┄ to the longest  ▸ and longer: timeouts"
ROWS = 40
LEAST = 10  # columns of the scale


def glance(phases: Sequence[Phase], width: int) -> Iterator[RenderableType]:
    """The picture, if there are two rows to compare: step by step, so that phases stand below each other."""
    tails = [
        (label, _where(phase), _Tail(latency))
        for phase, label, step in every_step(phases)
        if (latency := step.latency(phase.headline))
    ]
    tails = [row for row in tails if row[2].p50]
    if not 2 <= len(tails) <= ROWS:
        return
    order = list(dict.fromkeys(label for label, _, _ in tails))
    tails.sort(key=lambda row: order.index(row[0]))
    room = max(LEAST, width - LABEL - WHERE - 6)
    scale = Scale(min(t.p50 for _, _, t in tails), max(t.end for _, _, t in tails), room)
    yield heading("at a glance", (f"  response, ms, log scale   {LEGEND}", DIM))
    made = table(("", "left", LABEL), ("", "left", WHERE), (scale.ticks(), "fixed", scale.width))
    above = ""
    for label, where, tail in tails:
        add(made, brief(label, LABEL) if label != above else "", brief(where, WHERE), scale.draw(tail))
        above = label
    yield indented(made)


def _where(phase: Phase) -> str:
    return f"{place(phase)} service" if phase.headline == "service" else place(phase)


class _Tail:
    """p50, p99 and the longest, in ms; 0 if not known. `end` is the longest known time, `open` if timeouts lie beyond
    it."""

    def __init__(self, latency: Latency) -> None:
        figures = [latency.quantile(name) for name in ("p50", "p99", "max")]
        # a broken result may have times below 0, which no logarithm takes
        self.p50, self.p99, self.longest = (max(0.0, figure.value or figure.bound or 0.0) for figure in figures)
        self.end = max(self.p50, self.p99, self.longest)
        self.open = any(figure.value is None and figure.bound for figure in figures)


class Scale:
    """Columns on a logarithmic axis from `low` to `high`, both more than 0."""

    def __init__(self, low: float, high: float, width: int) -> None:
        self.width, self._least = width, low
        self._low = math.log10(low)
        self._span = max(math.log10(high) - self._low, 0.3)

    def column(self, value: float) -> int:
        # a file may say anything, and no time has a logarithm that is not more than 0
        return round((math.log10(max(value, self._least)) - self._low) / self._span * (self.width - 1))

    def draw(self, tail: _Tail) -> str:
        start = self.column(tail.p50)
        body = "●" + "━" * (self.column(tail.p99) - start if tail.p99 else 0)
        body += "┄" * (self.column(tail.end) - start + 1 - len(body))
        return " " * start + (body[:-1] + "▸" if tail.open else body)

    def ticks(self) -> str:
        """The axis: 1, 2 and 5 of every decade, if there is room."""
        drawn = ""
        for decade in range(math.floor(self._low), math.ceil(self._low + self._span) + 1):
            for number in (1, 2, 5):
                value = number * 10.0**decade
                at, label = self.column(value), ms(value).removesuffix(".0")
                if at >= (len(drawn) + 2 if drawn else 0) and at + len(label) <= self.width:
                    drawn = drawn.ljust(at) + label
        return drawn
