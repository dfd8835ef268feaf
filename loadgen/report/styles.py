"""What a part of a text means beside its words: a terminal and a page show it, each in its own way."""

from __future__ import annotations

DIM, STRONG = "dim", "bold"
GOOD, WARN, BAD = "green", "yellow", "bold red"

Part = str | tuple[str, str]  # a text, or a text with one of these styles
