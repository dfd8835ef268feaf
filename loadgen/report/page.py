"""The few shapes a report is made of, and how they become text. The only place where rich draws a finished page."""

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


def line(*parts: Part, indent: int = 0, hang: int = 0) -> RenderableType:
    """A paragraph of plain and `(text, style)` parts; the lines it wraps to are indented by `hang` more."""
    text = Text.assemble(*parts)
    if hang and text.cell_len > hang:
        first, rest = text.divide([hang])
        grid = Table.grid(padding=0)
        grid.add_column(width=hang, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(first, rest)
        return Padding(grid, (0, 0, 0, indent))
    return Padding(text, (0, 0, 0, indent)) if indent else text


def heading(*parts: Part) -> RenderableType:
    """A section's title, with an empty line above."""
    styled = [(part, STRONG) if isinstance(part, str) else part for part in parts]
    return Padding(Text.assemble(*styled), (1, 0, 0, 0))


def table(*columns: tuple[str, str, int], indent: int = 2) -> Table:
    """A table of `(title, "left" | "right", least width)` columns."""
    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style=DIM, collapse_padding=True)
    for title, side, width in columns:
        made.add_column(title, justify="left" if side == "left" else "right", min_width=width, overflow="fold")
    return made


def indented(content: RenderableType, by: int = 2) -> RenderableType:
    return Padding(content, (0, 0, 0, by))


def add(to: Table, *cells: Part, style: str = "") -> None:
    """A row of cells, each plain or `(text, style)`."""
    to.add_row(*(Text(cell) if isinstance(cell, str) else Text(*cell) for cell in cells), style=style)


def drawn(content: Iterable[RenderableType], width: int, color: bool) -> str:
    """`content` one below the other as text of at most `width` columns."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        color_system="standard" if color else None,
        force_terminal=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},  # what the user's environment asks for is decided by the caller
    )
    for item in content:
        console.print(item)
    return "".join(f"{written.rstrip()}\n" for written in out.getvalue().splitlines())
