"""Tables: a name in the first column, figures beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loadgen.report.html.markup import NO_BREAK, Content, Markup, element
from loadgen.report.styles import BAD, DIM, GOOD, STRONG, WARN, Part
from loadgen.report.words import unbreakable

STYLES = {DIM: "dim", STRONG: "strong", GOOD: "good", WARN: "warn", BAD: "bad"}

Cell = Content | Part
Row = Sequence[Cell]


def spoken(*parts: Part) -> Markup:
    """Parts of a sentence, each in its style. No line breaks between a number and its unit."""
    return element("span", [_unbroken(part) if isinstance(part, str) else styled(part) for part in parts])


def styled(part: tuple[str, str]) -> Content:
    text, style = part
    return element("span", _unbroken(text), class_=STYLES.get(style)) if style and text else _unbroken(text)


def _unbroken(text: str) -> Content:
    first, *others = unbreakable(text)
    return [first, *((NO_BREAK, other) for other in others)]


def table(titles: Sequence[str], rows: Iterable[Row], caption: str, words: Iterable[int] = ()) -> Markup:
    """A table that scrolls by itself where it is wider than the page. Its first column names the rows; the columns
    whose numbers are in `words` hold words, the others figures."""
    kinds = [None if at in {0, *words} else "n" for at in range(len(titles))]
    head = element(
        "tr", [element("th", title, scope="col", class_=kind) for title, kind in zip(titles, kinds, strict=True)]
    )
    body = [_row(row, kinds) for row in rows]
    made = element("table", element("caption", caption), element("thead", head), element("tbody", body))
    return element("div", made, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _row(row: Row, kinds: Sequence[str | None]) -> Markup:
    first, *others = map(_cell, row)
    cells = [element("td", cell, class_=kind) for cell, kind in zip(others, kinds[1:], strict=True)]
    return element("tr", element("th", first, scope="row"), cells)


def _cell(cell: Cell) -> Content:
    if isinstance(cell, tuple) and len(cell) == 2 and all(isinstance(part, str) for part in cell):
        return styled((str(cell[0]), str(cell[1])))
    return cell


def facts(of: Iterable[tuple[str, Content]]) -> Markup:
    """Names and what is known of them; those of which nothing is are left out."""
    known = [(name, content) for name, content in of if content]
    return element("dl", [element("div", element("dt", name), element("dd", content)) for name, content in known])
