"""Placeholders within a text: `{{uuid}}`, `{{int 1 500}}`, `{{name}}`. Their grammar is fixed; they are never code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from loadgen.profile.part import nearest
from loadgen.profile.units import quoted

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
BYTES_LIMIT = 16 * 2**20

Argument = str | int | float

_STRING = r'"(?:[^"\\]|\\.)*"'
_PLACEHOLDER = re.compile(rf"\{{\{{((?:{_STRING}|[^\"{{}}])*)\}}\}}", re.DOTALL)
_TOKEN = re.compile(rf"{_STRING}|[^\s\"]+")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`kind` is uuid, seq, int (low, high), choice (its values), bytes (how many, or least and most), now, or name."""

    kind: str
    args: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: its fixed parts and its placeholders, in order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def constant(self) -> bool:
        return not any(isinstance(part, Placeholder) for part in self.parts)

    @property
    def single(self) -> Placeholder | None:
        """The placeholder, if the text is exactly one: its value then keeps its type."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Placeholder) else None

    def names(self) -> tuple[str, ...]:
        """The captured names and data columns that it needs, in order, each once."""
        names = (str(part.args[0]) for part in self.parts if isinstance(part, Placeholder) and part.kind == "name")
        return tuple(dict.fromkeys(names))


def parse(text: str) -> Template:
    """Parse `text`. Raises ValueError for an unknown placeholder, and names the known ones."""
    parts: list[str | Placeholder] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts += _literal(text[end : match.start()], text)
        parts.append(_placeholder(match[1], match[0]))
        end = match.end()
    return Template((*parts, *_literal(text[end:], text)))


def _literal(text: str, whole: str) -> list[str]:
    if "{{" in text:
        raise ValueError(f"{quoted(whole)} opens a placeholder that is not closed: expected for example {{{{uuid}}}}")
    return [text] if text else []


def _placeholder(inside: str, written: str) -> Placeholder:
    tokens = _TOKEN.findall(inside)
    if not tokens:
        raise ValueError(f"{quoted(written)} is empty: expected one of {KNOWN}")
    kind, args = tokens[0], tuple(_argument(token) for token in tokens[1:])
    if kind in _KINDS:
        return Placeholder(kind, _KINDS[kind](args, written))
    if args:
        near = nearest(kind, _KINDS)
        hint = f"Did you mean {near}? " if near else ""
        raise ValueError(f"{quoted(written)} is not a placeholder. {hint}Known: {KNOWN}")
    if not NAME.fullmatch(kind):
        raise ValueError(
            f"{quoted(written)} is not a placeholder: names are letters, digits, '_' and '-'. Known: {KNOWN}"
        )
    return Placeholder("name", (kind,))


def _argument(token: str) -> Argument:
    if token.startswith('"'):
        return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)
    if _INTEGER.fullmatch(token):
        return int(token)
    return float(token) if _NUMBER.fullmatch(token) else token


def _none(args: tuple[Argument, ...], written: str) -> tuple[Argument, ...]:
    if args:
        raise ValueError(f"{quoted(written)} takes no arguments")
    return ()


def _range(args: tuple[Argument, ...], written: str) -> tuple[Argument, ...]:
    match args:
        case (int(low), int(high)) if low <= high:
            return args
    raise ValueError(f"{quoted(written)} needs two whole numbers, the smaller first: for example {{{{int 1 500}}}}")


def _choices(args: tuple[Argument, ...], written: str) -> tuple[Argument, ...]:
    if not args:
        raise ValueError(f'{quoted(written)} needs values to choose from: for example {{{{choice red "dark blue"}}}}')
    return args


def _length(args: tuple[Argument, ...], written: str) -> tuple[Argument, ...]:
    match args:
        case (int(length),) if 0 <= length <= BYTES_LIMIT:
            return args
        case (int(least), int(most)) if 0 <= least <= most <= BYTES_LIMIT:
            return args
    raise ValueError(f"{quoted(written)} needs a number of bytes up to {BYTES_LIMIT}: for example {{{{bytes 150}}}}")


_KINDS: dict[str, Callable[[tuple[Argument, ...], str], tuple[Argument, ...]]] = {
    "uuid": _none,
    "seq": _none,
    "int": _range,
    "choice": _choices,
    "bytes": _length,
    "now": _none,
}
KNOWN = "uuid, seq, int LOW HIGH, choice A B ..., bytes N [MOST], now, or the name of a captured value or data column"
RESERVED = tuple(_KINDS)
