"""Every step of every phase on one logarithmic scale: one look tells which tail is the long one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from loadgen.report.found import Found, grouped, headline, metric, place, steps
from loadgen.report.page import DIM, add, heading, indented, line, table
from loadgen.report.words import brief, known, ms

LABEL = 30
LEGEND = "● p50  ━ to p99  ┄ to the longest"


def glance(phases: list[Found], width: int) -> Iterator[RenderableType]:
    """The picture, if there are two rows to compare."""
    rows = [
        (f"{place(phase)}  {label}", metric(step, headline(phase)))
        for cycles in grouped(phases).values()
        for label, found in steps(cycles)
        for phase, step in found
    ]
    figures = [value for _, latency in rows for value in _points(latency) if value]
    if len(rows) < 2 or not figures:
        return
    scale = Scale(min(figures), max(figures), width - LABEL - 4)
    yield heading("at a glance, ms", (f"   {LEGEND}", DIM))
    made = table(("", "left", LABEL), (scale.ticks(), "left", scale.width))
    for label, latency in rows:
        add(made, brief(label, LABEL), scale.draw(*_points(latency)))
    yield indented(made)
    yield line()


def _points(latency: Any) -> tuple[float | None, float | None, float | None]:
    p50, p99, longest = ((v if known(v := latency.get(name)) and v > 0 else None) for name in ("p50", "p99", "max"))
    return p50, p99, longest


class Scale:
    """Columns on a logarithmic axis from `low` to `high`, both more than 0."""

    def __init__(self, low: float, high: float, width: int) -> None:
        self.width = width
        self._low = math.log10(low)
        self._span = max(math.log10(high) - self._low, 0.3)

    def column(self, value: float) -> int:
        return min(self.width - 1, max(0, round((math.log10(value) - self._low) / self._span * (self.width - 1))))

    def draw(self, p50: float | None, p99: float | None, longest: float | None) -> str:
        if p50 is None:
            return ""
        start = self.column(p50)
        tail = self.column(p99) if p99 else start
        end = self.column(longest) if longest else tail
        body = "●" + "━" * (tail - start)
        return " " * start + body + "┄" * (end - start + 1 - len(body))

    def ticks(self) -> str:
        """The axis: 1, 2 and 5 of every decade, as far as there is room."""
        drawn = ""
        for decade in range(math.floor(self._low), math.ceil(self._low + self._span) + 1):
            for number in (1, 2, 5):
                value = number * 10.0**decade
                label = ms(value)
                if not self._low <= math.log10(value) <= self._low + self._span:
                    continue
                at = self.column(value)
                if at >= len(drawn) + (2 if drawn else 0) and at + len(label) <= self.width:
                    drawn = drawn.ljust(at) + label
        return drawn
