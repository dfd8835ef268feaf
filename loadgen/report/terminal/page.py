"""The few shapes that a report is made of, and how they become text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from loadgen.report.styles import BAD, DIM, GOOD, STRONG, WARN, Part
from loadgen.report.terminal.table import Column, Table
from loadgen.report.words import columns, held, released

__all__ = ["BAD", "DIM", "GOOD", "STRONG", "WARN", "Part"]  # with which the lines below are made

WIDEST, NARROWEST = 100, 40  # columns; longer lines are hard to read


def fitting(file: TextIO) -> int:
    """How wide a report for `file` is: as its terminal, within limits."""
    return fitted(columns(file, WIDEST))


def fitted(width: int) -> int:
    """The width that a report has on a terminal of that width."""
    return max(NARROWEST, min(width, WIDEST))


def line(*parts: Part, indent: int = 0) -> RenderableType:
    """A paragraph of plain and `(text, style)` parts."""
    return indented(_text(*parts), indent)


def labelled(lead: Part, *parts: Part, indent: int = 0) -> RenderableType:
    """A paragraph beside its lead, which it is not wrapped under; below it if the lead is a third of the width."""
    return indented(_Labelled(_text(lead), _text(*parts)), indent)


class _Labelled:
    def __init__(self, lead: Text, text: Text) -> None:
        self._lead, self._text = lead, text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = self._lead.cell_len
        if 3 * width > options.max_width and self._lead.plain.strip():
            yield self._lead
            yield indented(self._text)
            return
        grid = RichTable.grid()
        grid.add_column(width=width, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self._lead, self._text)
        yield grid


def heading(*parts: Part) -> RenderableType:
    """A section's title, with an empty line above. What has no room goes on in lines that are indented."""
    styled = [(part, STRONG) if isinstance(part, str) else part for part in parts]
    return Padding(_Heading(_text(*styled)), (1, 0, 0, 0))


class _Heading:
    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if self._text.cell_len <= options.max_width:
            yield self._text
            return
        first = self._text.wrap(console, options.max_width)[0]
        first.rstrip()
        yield first
        rest = self._text[len(first) :]
        yield indented(rest[len(rest) - len(rest.plain.lstrip()) :])


def _text(*parts: Part) -> Text:
    """Parts as a text whose numbers keep their units."""
    return Text.assemble(*(held(part) if isinstance(part, str) else (held(part[0]), part[1]) for part in parts))


def table(*of: tuple[str, str, int]) -> Table:
    """A table of `(title, side, width)` columns. If all titles are empty, none is shown."""
    titled = any(title for title, _, _ in of)
    return Table([Column(title, side, width if titled or side == "right" else 0) for title, side, width in of], DIM)


def add(to: Table, *cells: Part, style: str = "") -> None:
    """A row of cells, each plain or `(text, style)`."""
    to.add_row(*map(_text, cells), style=style)


def indented(content: RenderableType, by: int = 2) -> RenderableType:
    return Padding(content, (0, 0, 0, by)) if by else content


def drawn(content: Iterable[RenderableType], width: int, color: bool) -> str:
    """`content`, one below the other, as text of at most `width` columns."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        color_system="standard" if color else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},  # what the user's environment asks for is decided by the caller
    )
    for item in content:
        console.print(item)
    return "".join(f"{written.rstrip()}\n" for written in released(out.getvalue()).split("\n")[:-1])
