"""The few shapes that a report is made of, and how they become text."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

DIM, STRONG = "dim", "bold"
GOOD, WARN, BAD = "green", "yellow", "bold red"

Part = str | tuple[str, str]


def line(*parts: Part, indent: int = 0) -> RenderableType:
    """A paragraph of plain and `(text, style)` parts."""
    return indented(Text.assemble(*parts), indent)


def labelled(lead: Part, *parts: Part, indent: int = 0) -> RenderableType:
    """A paragraph beside its lead, which it is not wrapped under."""
    grid = Table.grid()
    label = Text.assemble(lead)
    grid.add_column(width=label.cell_len, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(label, Text.assemble(*parts))
    return indented(grid, indent)


def heading(*parts: Part) -> RenderableType:
    """A section's title, with an empty line above."""
    styled = [(part, STRONG) if isinstance(part, str) else part for part in parts]
    return Padding(Text.assemble(*styled), (1, 0, 0, 0))


def table(*columns: tuple[str, str, int]) -> Table:
    """A table of `(title, "left" | "right", least width)` columns. If all titles are empty, none is shown.

    If there is not enough room, the leftmost column is folded, so that no number is ever cut.
    """
    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style=DIM)
    made.show_header = any(title for title, _, _ in columns)
    for title, side, width in columns:
        if side == "left":
            made.add_column(title.ljust(width), overflow="fold")
        else:
            made.add_column(title, justify="right", min_width=width, overflow="fold")
    return made


def add(to: Table, *cells: Part, style: str = "") -> None:
    """A row of cells, each plain or `(text, style)`."""
    to.add_row(*(Text.assemble(cell) for cell in cells), style=style)


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
    return "".join(f"{written.rstrip()}\n" for written in out.getvalue().split("\n")[:-1])
