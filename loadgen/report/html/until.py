"""The goal of `--until`: whether it was reached, and what each look at it found."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.report.html.markup import Content, element
from loadgen.report.html.tables import Row, table
from loadgen.report.terminal.until import SHOWN, figure_text, reached
from loadgen.report.words import brief, seconds
from loadgen.result.run import Look, Until

NAME = 48  # characters


def until(goal: Until | None) -> Iterator[Content]:
    """Nothing of a run without `--until`."""
    if not goal:
        return
    yield element("p", f"{brief(goal.text, NAME)}: {reached(goal)}")
    if goal.planned_s:
        yield element("p", f"Looks were planned after {', '.join(f'{at:,.0f}' for at in goal.planned_s)} s.")
    made = [row for look in goal.looks for row in _rows(look)]
    if made:
        yield table(("look", "of", "found"), made, "Each look at the goal", words=(1, 2))


def _rows(look: Look) -> Iterator[Row]:
    after = f"after {seconds(look.after_s)}"
    if look.phase is not None:
        left = f"undecided: {'; '.join(look.undecided[:SHOWN])}" if look.undecided else "all decided"
        yield after, brief(look.phase, NAME), left
    for of in look.figures[:SHOWN]:
        yield after, brief(of.step, NAME), figure_text(of)
