"""The nodes that a load came from, in rows of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.words import count
from loadgen.result.node import Node

TITLES = ("node", "address", "target", "workers", "requests", "clock ahead, ms", "moved, ms")


def rows(of: Sequence[Node]) -> Iterator[tuple[str, ...]]:
    """A row for each, below `TITLES`: `10.0.0.8 in eu-west-1a (lost), from 172.31.0.8`."""
    for node in of:
        zone = f" in {node.zone}" if node.zone else ""
        lost = " (lost)" if node.lost else ""
        sends = f", from {node.source}" if node.source not in ("", node.address) else ""
        ahead = f"{node.clock_ahead_ms:.3f} ± {node.clock_error_ms:.3f}"
        moved = f"{node.clock_moved_ms:.3f} ± {node.clock_moved_error_ms:.3f}"
        yield (
            str(node.node),
            f"{node.address}{zone}{lost}{sends}",
            node.target,
            str(node.workers),
            count(node.requests),
            ahead,
            moved,
        )
