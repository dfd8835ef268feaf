"""What DynamoDB's answers told beside the data: items left unprocessed, capacity consumed."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Found, cycle, steps
from loadgen.report.terminal.page import DIM, WARN, Part, add, indented, table
from loadgen.report.words import UNKNOWN, brief, count, known, share

LABEL = 40  # characters


def tallies(cycles: list[Found]) -> Iterator[RenderableType]:
    """A row for each step and cycle that has any; units are those of the calls that were asked for them."""
    titles = [("items", 9), ("unprocessed", 14), ("sampled", 7), ("read units", 15), ("write units", 15)]
    columns = [(title, "right", width) for title, width in titles]
    made = table(("items and capacity", "left", 20), ("", "left", 3), *columns)
    for label, rows in steps(cycles):
        told = [(phase, step) for phase, step in rows if step.get("items") or step.get("capacity")]
        for number, (phase, step) in enumerate(told):
            cells = *_items(step.get("items")), *_capacity(step.get("capacity"))
            add(made, "" if number else brief(label, LABEL), cycle(phase), *cells)
    if made.row_count:
        yield indented(made)


def _items(items: Found | None) -> tuple[Part, Part]:
    if not items:
        return UNKNOWN, UNKNOWN
    sent, left = items.get("sent") or 0, items.get("unprocessed") or 0
    return count(sent), (f"{count(left)} ({share(left, sent)})" if left else "0", WARN if left else DIM)


def _capacity(capacity: Found | None) -> tuple[Part, Part, Part]:
    if not capacity:
        return UNKNOWN, UNKNOWN, UNKNOWN
    calls = capacity.get("sampled_calls") or 0
    read, written = (_units(capacity.get(name), calls) for name in ("read_units", "write_units"))
    return count(calls), read, written


def _units(units: float | None, calls: int) -> str:
    """All of them, and how many a call consumed."""
    return f"{_short(units)} ({_short(units / calls)} each)" if units and known(units) and calls else UNKNOWN


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
