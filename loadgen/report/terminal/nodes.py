"""The nodes that a load came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.terminal.page import DIM, add, heading, indented, line, table
from loadgen.report.words import count
from loadgen.result.node import Node

MOST = 16  # rows


def nodes(of: Sequence[Node]) -> Iterator[RenderableType]:
    """A row for each; nothing of a load from this machine."""
    if not of:
        return
    yield heading("nodes")
    made = table(("node", "right", 4), ("address", "left", 16), ("target", "left", 16), ("workers", "right", 7),
                 ("requests", "right", 9), ("clock ahead, ms", "right", 20), ("moved, ms", "right", 16))  # fmt: skip
    for node in of[:MOST]:
        ahead = f"{node.clock_ahead_ms:.3f} ± {node.clock_error_ms:.3f}"
        moved = f"{node.clock_moved_ms:.3f} ± {node.clock_moved_error_ms:.3f}"
        lost = " (lost)" if node.lost else ""
        sends = f", from {node.source}" if node.source not in ("", node.address) else ""
        address = f"{node.address}{lost}{sends}"
        add(made, str(node.node), address, node.target, str(node.workers), count(node.requests), ahead, moved)
    yield indented(made)
    if len(of) > MOST:
        yield line((f"{count(len(of) - MOST)} more: see --json", DIM), indent=2)
