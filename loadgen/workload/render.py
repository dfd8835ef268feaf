"""Makes functions of templates: of a text, a path, a JSON body. The constant parts are made once.

A value is escaped for its place: percent-encoded in a path or a query, as JSON in a JSON body. In a header it must be
printable, because a captured value may come from a hostile target; any other value is refused there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count, groupby, repeat
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from loadgen.profile.placeholders import Placeholder, Template, parse
from loadgen.workload.draws import Column, Getter, Unsendable, Values, as_text, counted, getter

WIDTH = 2048  # characters: up to this length a whole block of texts is made at once

Renderer = Callable[[Values, int], str]
Bytes = Callable[[Values, int], bytes]
Piece = str | Getter

TEXTS = ("uuid", "bytes", "now")
"""Placeholders that are texts of letters, digits, "-", ":" and ".", which JSON need not escape."""


class Seeds:
    """Numbers the placeholders of a profile, so that each draws from a stream of its own. `named` are the profile's
    keys, which are the same everywhere; lengths are drawn from `sizes`; {{seq}} begins with `first`."""

    def __init__(
        self,
        *seed: int,
        named: Mapping[str, Getter] = MappingProxyType({}),
        sizes: tuple[int, ...] = (),
        first: int = 0,
    ) -> None:
        self._seed, self._places, self.named, self._sizes, self._first = seed, count(), named, sizes or seed, first

    def getter(self, placeholder: Placeholder) -> Getter:
        """The function (captured values, iteration index) -> value of a placeholder at its place in the profile."""
        place = next(self._places)
        if placeholder.kind == "seq":
            return counted(self._first)
        named = self.named.get(str(placeholder.args[0])) if placeholder.kind == "name" else None
        return named or getter(placeholder, (*self._seed, place), (*self._sizes, place))


def in_url(value: Any) -> str:
    return quote(as_text(value), safe="")


def in_header(value: Any) -> str:
    text = as_text(value)
    if not (text.isascii() and text.isprintable()):
        raise Unsendable("a value with a line break or beyond ASCII cannot stand in a header")
    return text


def in_json_text(value: Any) -> str:
    return json.dumps(as_text(value))[1:-1]


def text(template: Template, seeds: Seeds, escape: Callable[[Any], str] = as_text) -> str | Renderer:
    """The template as a constant, or as a function of the iteration."""
    return joined(_of(template, seeds, escape))


def joined(pieces: list[Piece]) -> str | Renderer:
    """Joins neighbouring constants, and makes one function that joins the rest. Parts that depend only on the
    iteration's index are joined for a whole block at once, which takes a fifth of the time."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    if all(isinstance(piece, str) for piece in merged):
        return "".join(piece for piece in merged if isinstance(piece, str))
    merged = _in_blocks(merged)
    if len(merged) == 1 and not isinstance(merged[0], str):
        return merged[0]

    parts = [piece if isinstance(piece, str) else "" for piece in merged]
    drawn = [(place, piece) for place, piece in enumerate(merged) if not isinstance(piece, str)]

    def render(values: Values, index: int) -> str:
        filled = parts.copy()
        for place, draw in drawn:
            filled[place] = draw(values, index)
        return "".join(filled)

    return render


def encoded(text: str | Renderer) -> bytes | Bytes:
    """The same in UTF-8. Raises UnicodeEncodeError for text that is not valid Unicode; the function does so when it is
    called."""
    if isinstance(text, str):
        return text.encode()
    if isinstance(text, Column):
        return text.mapped(str.encode).__call__  # Python calls a bound method in half the time of an object's __call__
    return lambda values, index: text(values, index).encode()


def _in_blocks(pieces: list[Piece]) -> list[Piece]:
    """Columns and the constants around them, as one column if that is small."""
    kept: list[Piece] = []
    for narrow, group in groupby(pieces, _narrow):
        run = list(group)
        columns = [piece for piece in run if isinstance(piece, Column)]
        width = sum(len(piece) for piece in run if isinstance(piece, str)) + sum(column.width for column in columns)
        kept += [_side_by_side(run, width)] if narrow and columns and width <= WIDTH else run
    return kept


def _narrow(piece: Piece) -> bool:
    return isinstance(piece, str) or (isinstance(piece, Column) and piece.width > 0)


def _side_by_side(pieces: list[Any], width: int) -> Column:
    def block(number: int) -> list[str]:
        parts = [repeat(piece) if isinstance(piece, str) else piece.block(number) for piece in pieces]
        return list(map("".join, zip(*parts, strict=False)))

    return Column(block, width)


def json_pieces(value: Any, seeds: Seeds) -> list[Piece]:
    """A JSON body as constants and functions. A text that is exactly one placeholder keeps its value's type."""
    if isinstance(value, str):
        template = parse(value)
        if template.single:
            return single(template.single, seeds)
        return quoted(value, seeds)
    if isinstance(value, dict):
        items = [[json.dumps(key), ":", *json_pieces(item, seeds)] for key, item in value.items()]
        return enclosed("{", items, "}")
    if isinstance(value, list | tuple):
        return enclosed("[", [json_pieces(item, seeds) for item in value], "]")
    return [json.dumps(value)]


def single(placeholder: Placeholder, seeds: Seeds) -> list[Piece]:
    """A placeholder's value as JSON."""
    get = seeds.getter(placeholder)
    return ['"', get, '"'] if placeholder.kind in TEXTS else [_escaped(get, json.dumps)]


def quoted(text: str, seeds: Seeds) -> list[Piece]:
    """A text with placeholders as a JSON text, whatever their values are."""
    return ['"', *_of(parse(text), seeds, in_json_text, lambda part: json.dumps(part)[1:-1]), '"']


def enclosed(opening: str, items: list[list[Piece]], closing: str) -> list[Piece]:
    """The items with commas between them."""
    pieces: list[Piece] = [opening]
    for number, item in enumerate(items):
        pieces += [",", *item] if number else item
    return [*pieces, closing]


def _of(
    template: Template, seeds: Seeds, escape: Callable[[Any], str], constant: Callable[[str], str] = str
) -> list[Piece]:
    return [
        constant(part) if isinstance(part, str) else _escaped(seeds.getter(part), escape) for part in template.parts
    ]


def _escaped(value: Getter, escape: Callable[[Any], str]) -> Getter:
    if isinstance(value, Column) and value.width:
        return value.mapped(str)
    return lambda values, index: escape(value(values, index))
