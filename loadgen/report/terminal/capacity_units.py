"""What DynamoDB's answers report besides data: items left unprocessed, capacity consumed."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Cycles, cycle, steps
from loadgen.report.terminal.page import DIM, WARN, Part, add, indented, table
from loadgen.report.words import UNKNOWN, brief, count, share
from loadgen.result.run import ConsumedCapacity, Items

LABEL = 40  # characters


def capacity_units(cycles: Cycles) -> Iterator[RenderableType]:
    """A row for each step and cycle that has any. Units are those of the calls that asked for them."""
    titles = [("items", 9), ("unprocessed", 14), ("sampled", 7), ("read units", 15), ("write units", 15)]
    columns = [(title, "right", width) for title, width in titles]
    made = table(("items and capacity", "left", 20), ("", "left", 3), *columns)
    for label, rows in steps(cycles):
        counted = [(phase, step) for phase, step in rows if step.items or step.capacity]
        for number, (phase, step) in enumerate(counted):
            cells = *_items(step.items), *_capacity(step.capacity)
            add(made, "" if number else brief(label, LABEL), cycle(phase), *cells)
    if made.row_count:
        yield indented(made)


def _items(items: Items | None) -> tuple[Part, Part]:
    if not items:
        return UNKNOWN, UNKNOWN
    left = items.unprocessed
    return count(items.sent), (f"{count(left)} ({share(left, items.sent)})" if left else "0", WARN if left else DIM)


def _capacity(capacity: ConsumedCapacity | None) -> tuple[Part, Part, Part]:
    if not capacity:
        return UNKNOWN, UNKNOWN, UNKNOWN
    calls = capacity.sampled_calls
    return count(calls), _units(capacity.read_units, calls), _units(capacity.write_units, calls)


def _units(units: float, calls: int) -> str:
    """The total, and the units of one call."""
    return f"{_short(units)} ({_short(units / calls)} each)" if units and calls else UNKNOWN


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
