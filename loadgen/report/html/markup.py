"""Elements of HTML and SVG. Whatever is not `Markup` is text, and is escaped here, and only here."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass

from loadgen.report.words import clean

EMPTY = frozenset({"link", "meta"})  # elements that have no end tag


@dataclass(frozen=True, slots=True)
class Markup:
    """Finished markup. `element` and `together` make it; only constants of this package may be given to it."""

    text: str


NO_BREAK = Markup("&#160;")  # a space at which no line ends

Content = Markup | str | Iterable["Content"] | None
Value = str | int | float | None


def element(tag: str, /, *content: Content, **attributes: Value) -> Markup:
    """An element. Of an attribute's name `class_` is `class` and `font_size` is `font-size`; one that is None is left
    out. All of it is well-formed XML too."""
    start = f"<{tag}{''.join(_attribute(*each) for each in attributes.items())}"
    return Markup(f"{start}/>" if tag in EMPTY else f"{start}>{together(*content).text}</{tag}>")


def together(*content: Content) -> Markup:
    """One after the other."""
    return Markup("".join(map(_text, content)))


def escaped(text: str) -> str:
    """The text as markup that shows it: without control characters, which no document may hold."""
    return html.escape(clean(text))


def _text(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, Markup):
        return content.text
    return escaped(content) if isinstance(content, str) else "".join(map(_text, content))


def _attribute(name: str, value: Value) -> str:
    return "" if value is None else f' {name.rstrip("_").replace("_", "-")}="{escaped(_written(value))}"'


def _written(value: str | float) -> str:
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """A length in a drawing, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def percent(share: float) -> str:
    """A share of the width or the height, as a length."""
    return f"{number(100 * min(1.0, max(0.0, share)))}%"
