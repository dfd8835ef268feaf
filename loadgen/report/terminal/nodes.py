"""The nodes that a load came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.nodes import TITLES, rows
from loadgen.report.terminal.page import DIM, add, heading, indented, line, table
from loadgen.report.words import count
from loadgen.result.node import Node

MOST = 16  # rows
SIDES = (
    ("right", 4), ("left", 16), ("left", 16), ("right", 7), ("right", 9), ("right", 20), ("right", 16),
)  # fmt: skip


def nodes(of: Sequence[Node]) -> Iterator[RenderableType]:
    """A row for each; nothing of a load from this machine."""
    if not of:
        return
    yield heading("nodes")
    made = table(*((title, *side) for title, side in zip(TITLES, SIDES, strict=True)))
    for row in rows(of[:MOST]):
        add(made, *row)
    yield indented(made)
    if len(of) > MOST:
        yield line((f"{count(len(of) - MOST)} more: see --json", DIM), indent=2)
