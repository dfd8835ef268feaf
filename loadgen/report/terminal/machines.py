"""The machines that shared a load: what each sent, its verdict and its percentiles."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.machines import named, rows, title
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import DIM, WARN, add, heading, indented, line, table
from loadgen.report.words import count
from loadgen.result.run import Machines

MOST = 32  # rows


def machines(of: Machines | None, notes: Footnotes) -> Iterator[RenderableType]:
    """Empty for a run of one machine."""
    if not of:
        return
    yield heading("by machine", (f"  {title(of)}", ""))
    made = table(
        ("", "left", 21),
        ("machine", "right", 7),
        ("", "left", 9),
        ("requests", "right", 9),
        *((name, "right", 7) for name in PERCENTILES),
        ("", "left", 7),
    )
    listed, above = list(rows(of)), ""
    for row in listed[:MOST]:
        place, *told, differs = named(row)
        cells = (notes.cell(row[1].latency, name) for name in PERCENTILES) if row[1] else ["-"] * len(PERCENTILES)
        add(made, place if place != above else "", *told, *cells, (differs, WARN))
        above = place
    yield indented(made)
    if len(listed) > MOST:
        yield line((f"{count(len(listed) - MOST)} more: see --json", DIM), indent=2)
