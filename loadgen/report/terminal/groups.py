"""The requests of each step by node, by worker, and by the address of the target that they went to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.navigate import every_step, place
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import DIM, add, heading, indented, line, table
from loadgen.report.words import brief, count
from loadgen.result.latency import Latency
from loadgen.result.run import RunVariant

LABEL = 24  # characters
MOST = 16  # rows

Row = tuple[str, str, Latency]  # where it is, the name of the group, its figures


def groups(variant: RunVariant, notes: Footnotes) -> Iterator[RenderableType]:
    """The percentiles of each; nothing of a run with one worker, and a target with one address."""
    nodes, workers, addresses = by_node(variant), by_worker(variant), by_address(variant)
    if nodes:
        yield from _table("node", nodes, 6, notes)
    if workers:
        yield from _table("worker", workers, 6, notes)
    if addresses:
        yield from _table("address", addresses, 15, notes)


def by_node(variant: RunVariant) -> list[Row]:
    """A row for each node of each step."""
    steps = every_step(variant.phases)
    return [
        (f"{place(phase)} {brief(label, LABEL)}", str(of.node), of.latency)
        for phase, label, step in steps for of in step.by_node
    ]  # fmt: skip


def by_worker(variant: RunVariant) -> list[Row]:
    """A row for each worker of each step."""
    steps = every_step(variant.phases)
    return [
        (f"{place(phase)} {brief(label, LABEL)}", str(of.worker), of.latency)
        for phase, label, step in steps for of in step.by_worker
    ]  # fmt: skip


def by_address(variant: RunVariant) -> list[Row]:
    """A row for each address of each step."""
    steps = every_step(variant.phases)
    return [
        (f"{place(phase)} {brief(label, LABEL)}", of.address, of.latency)
        for phase, label, step in steps for of in step.by_address
    ]  # fmt: skip


def _table(kind: str, rows: Sequence[Row], width: int, notes: Footnotes) -> Iterator[RenderableType]:
    yield heading(f"by {kind}")
    figures = ((name, "right", 7) for name in PERCENTILES)
    made = table(("", "left", 21), (kind, "right", width), ("requests", "right", 9), *figures)
    above = ""
    for where, name, latency in rows[:MOST]:
        cells = (notes.cell(latency, each) for each in PERCENTILES)
        add(made, where if where != above else "", name, count(latency.count), *cells)
        above = where
    yield indented(made)
    if len(rows) > MOST:
        yield line((f"{count(len(rows) - MOST)} more: see --json", DIM), indent=2)
