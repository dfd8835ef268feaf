"""A line of a screen that is drawn again and again: parts with a style each, cut to a width, written with few bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from rich.cells import cell_len, set_cell_size

from loadgen.report.styles import BAD, DIM, GOOD, STRONG, WARN, Part

PRESENT = f"{STRONG} reverse"
MORE = " …"
_CODES = {DIM: ("2", "2"), STRONG: ("1", "1"), PRESENT: ("1;7", "1;7"), GOOD: ("32", ""), WARN: ("33", "1"),
          BAD: ("1;31", "1")}  # fmt: skip
"""How a terminal is told, with colours and without."""


class Line:
    """`width` are the columns that it takes."""

    __slots__ = ("_parts", "width")

    def __init__(self, *parts: Part) -> None:
        self._parts: list[tuple[str, str]] = []
        self.width = 0
        for part in parts:
            self.add(*((part, "") if isinstance(part, str) else part))

    def add(self, text: str, style: str = "") -> Self:
        if text:
            self._parts.append((text, style))
            self.width += cell_len(text)
        return self

    def pad(self, width: int) -> Self:
        """Fill it with spaces up to `width` columns."""
        return self.add(" " * (width - self.width))

    def cut(self, width: int) -> Line:
        """The line in at most `width` columns; an ellipsis stands for what is left out."""
        if self.width <= width:
            return self
        short = Line()
        for text, style in self._parts:
            room = width - 1 - short.width
            if cell_len(text) > room:
                return short.add(f"{set_cell_size(text, room).rstrip()}…", style) if width > 0 else short
            short.add(text, style)
        return short

    def join(self, other: Line) -> Self:
        """Add all of another line."""
        self._parts += other._parts
        self.width += other.width
        return self

    @property
    def plain(self) -> str:
        return "".join(text for text, _ in self._parts)

    def written(self, color: bool) -> str:
        """As a terminal takes it."""
        found = []
        for text, style in self._parts:
            code = _CODES[style][not color] if style else ""
            found.append(f"\x1b[{code}m{text}\x1b[m" if code else text)
        return "".join(found)


def flow(lead: Line, parts: Sequence[Part], width: int, rows: int, between: str = "   ") -> list[Line]:
    """The parts in at most `rows` lines behind their lead, as many as there is room for. None is cut, so that no number
    is, unless it alone is too wide; an ellipsis stands for the others."""
    indent = lead.width
    lines = [lead]
    for number, part in enumerate(parts):
        text, style = (part, "") if isinstance(part, str) else part
        line, needed = lines[-1], cell_len(text)
        empty = line.width <= indent
        last = len(lines) == rows
        reserve = len(MORE) if last and number < len(parts) - 1 else 0
        if not empty and line.width + len(between) + needed + reserve > width:
            if last:
                line.add(MORE, DIM)
                break
            lines.append(line := Line().pad(indent))
            empty = True
        line.add(text if empty else between + text, style)
    return [line.cut(width) for line in lines]


def rows_of(lead: Line, parts: Sequence[Part], width: int, most: int) -> int:
    """How many lines the parts fill, of at most `most`."""
    return len(flow(Line().pad(lead.width), parts, width, most))


def filled(lines: Iterable[Line], rows: int) -> list[Line]:
    """Exactly so many lines."""
    found = [*lines][:rows]
    return [*found, *(Line() for _ in range(rows - len(found)))]
