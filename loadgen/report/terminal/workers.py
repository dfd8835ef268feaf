"""The requests of each step by worker."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import every_step, place
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import DIM, add, heading, indented, line, table
from loadgen.report.words import brief, count
from loadgen.result.run import RunVariant

LABEL = 24  # characters
MOST = 16  # rows


def workers(variant: RunVariant, notes: Footnotes) -> Iterator[RenderableType]:
    """The percentiles of each worker; nothing of a run with one worker."""
    rows = [(phase, label, of) for phase, label, step in every_step(variant.phases) for of in step.by_worker]
    if not rows:
        return
    yield heading("by worker")
    made = table(
        ("", "left", 21),
        ("worker", "right", 6),
        ("requests", "right", 9),
        *((name, "right", 7) for name in PERCENTILES),
    )
    above = ""
    for phase, label, of in rows[:MOST]:
        name = f"{place(phase)} {brief(label, LABEL)}"
        figures = (notes.cell(of.latency, each) for each in PERCENTILES)
        add(made, name if name != above else "", str(of.worker), count(of.latency.count), *figures)
        above = name
    yield indented(made)
    if len(rows) > MOST:
        yield line((f"{count(len(rows) - MOST)} more: see --json", DIM), indent=2)
