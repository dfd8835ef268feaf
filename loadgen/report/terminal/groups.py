"""The requests of each step by node, by worker, and by the address of the target that they went to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from loadgen.report.navigate import every_step, place
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import DIM, add, heading, indented, line, table
from loadgen.report.words import brief, count
from loadgen.result.latency import Latency
from loadgen.result.run import RunVariant, Step

LABEL = 24  # characters
MOST = 16  # rows

Row = tuple[str, str, Latency]  # where it is, the name of the group, its figures


@dataclass(frozen=True, slots=True)
class Grouping:
    """What requests are grouped by, which of them belong to a group, and how wide its name is."""

    name: str
    which: str
    width: int
    of: Callable[[Step], Iterable[tuple[str, Latency]]]


GROUPINGS = (
    Grouping("node", "node that sent them", 6, lambda step: ((str(of.node), of.latency) for of in step.by_node)),
    Grouping(
        "worker", "worker that sent them", 6, lambda step: ((str(of.worker), of.latency) for of in step.by_worker)
    ),
    Grouping(
        "address", "address that they went to", 15, lambda step: ((of.address, of.latency) for of in step.by_address)
    ),
)


def groups(variant: RunVariant, notes: Footnotes) -> Iterator[RenderableType]:
    """The percentiles of each; nothing of a run with one worker, and a target with one address."""
    for by in GROUPINGS:
        if every := rows_by(variant, by):
            yield from _table(by.name, every, by.width, notes)


def rows_by(variant: RunVariant, by: Grouping) -> list[Row]:
    """A row for each group of each step."""
    return [
        (f"{place(phase)} {brief(label, LABEL)}", name, latency)
        for phase, label, step in every_step(variant.phases)
        for name, latency in by.of(step)
    ]


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
