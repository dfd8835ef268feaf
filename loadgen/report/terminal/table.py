"""A table that fits into the width that it gets: names are cut with an ellipsis, sentences are wrapped, and numbers are
neither. Columns that have no room beside the names are shown below, beside the names once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.table import Table as RichTable
from rich.text import Text

from loadgen.report.words import brief, ending

NAME, SENTENCE = 8, 16  # characters that a name and a sentence keep


class Widths(NamedTuple):
    """Of a column: if there is room, without room to spare, and with names cut, sentences and titles wrapped."""

    wanted: int
    whole: int
    least: int


@dataclass(frozen=True, slots=True)
class Column:
    """`side` is left of a name, right of a number, fixed of what stands at the left and keeps its width, text of a
    sentence. `width` is what it has if there is room."""

    title: str
    side: str
    width: int

    def widths(self, cells: Sequence[Text]) -> Widths:
        content = max((cell.cell_len for cell in cells), default=0)
        name = max([NAME, *(len(ending(cell.plain)) + 2 for cell in cells)])
        kept = {"left": name, "text": SENTENCE}.get(self.side, content)
        words = [self.title] if self.side == "fixed" else self.title.split()
        return Widths(
            wanted=max(self.width, cell_len(self.title), content),
            whole=max(cell_len(self.title), content),
            least=max(min(content, kept), *map(cell_len, words), 0),
        )


class Table:
    """Columns, and rows of as many cells. If all titles are empty, none is shown."""

    def __init__(self, columns: Sequence[Column], header_style: str) -> None:
        self._columns, self._header_style = columns, header_style
        self._rows: list[tuple[Sequence[Text], str]] = []

    def add_row(self, *cells: Text, style: str = "") -> None:
        missing = len(self._columns) - len(cells)
        self._rows.append(([*cells, *[Text()] * missing], style))

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def fits(self, width: int) -> bool:
        """Whether all columns have room beside each other."""
        return sum(widths.least + 1 for widths in self._widths()) - 1 <= width

    def _widths(self) -> list[Widths]:
        return [column.widths([cells[at] for cells, _ in self._rows]) for at, column in enumerate(self._columns)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RichTable]:
        of = self._widths()
        for block in self._blocks([widths.least for widths in of], options.max_width):
            yield self._drawn(block, self._fit(block, of, options.max_width))

    def _blocks(self, least: Sequence[int], width: int) -> list[list[int]]:
        """The columns, by number, that stand beside each other; those of names in each block."""
        every = range(len(self._columns))
        names = next((index for index in every if self._columns[index].side in ("right", "text")), len(every))
        blocks: list[list[int]] = [[]]
        for index in every[names:]:
            beside = [*every[:names], *blocks[-1], index]
            if blocks[-1] and least[index] and sum(least[at] + 1 for at in beside) - 1 > width:
                blocks.append([])
            blocks[-1].append(index)
        return [[*every[:names], *block] for block in blocks]

    def _fit(self, block: Sequence[int], of: Sequence[Widths], width: int) -> list[int]:
        """The widths of a block's columns. If there is no room, sentences give way before names, and titles last."""
        widths = [of[index].wanted for index in block]
        room = width - len(block) + 1
        steps = [("", "whole"), ("text", "least"), ("left", "least"), ("right", "least")]
        for side, limit in steps:
            least = [getattr(of[index], limit) for index in block]
            those = [at for at, index in enumerate(block) if side in ("", self._columns[index].side)]
            while sum(widths) > room and (wide := [at for at in those if widths[at] > least[at]]):
                widths[max(wide, key=widths.__getitem__)] -= 1
        return widths

    def _drawn(self, block: Sequence[int], widths: Sequence[int]) -> RichTable:
        drawn = RichTable(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style=self._header_style)
        drawn.show_header = any(self._columns[index].title for index in block)
        for index, width in zip(block, widths, strict=True):
            column = self._columns[index]
            drawn.add_column(column.title, justify="right" if column.side == "right" else "left", width=width)
        for cells, style in self._rows:
            shown = [self._fitted(index, cells[index], width) for index, width in zip(block, widths, strict=True)]
            drawn.add_row(*shown, style=style)
        return drawn

    def _fitted(self, index: int, cell: Text, width: int) -> Text:
        if self._columns[index].side == "left" and cell.cell_len > width:
            cell = cell.copy()
            cell.plain = brief(cell.plain, width)
            cell.truncate(width, overflow="ellipsis")  # of characters that are two columns wide
        return cell
