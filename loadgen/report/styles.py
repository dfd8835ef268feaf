"""What a part of a text means beside its words: a terminal and a page show it, each in its own way."""

from __future__ import annotations

from collections.abc import Iterable

DIM, STRONG = "dim", "bold"
GOOD, WARN, BAD = "green", "yellow", "bold red"

Part = str | tuple[str, str]  # a text, or a text with one of these styles


def text_of(parts: Iterable[Part]) -> str:
    """The words alone."""
    return "".join(part if isinstance(part, str) else part[0] for part in parts)
