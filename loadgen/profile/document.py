"""YAML 1.2 as plain values, each with the place where it was written. Tags, aliases and repeated keys are refused."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.reader import ReaderError

from loadgen.errors import ProfileError
from loadgen.profile.units import printable, quoted

SIZE_LIMIT = 2**20
DEPTH_LIMIT = 50
NULLS = ("", "~", "null", "Null", "NULL")
FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

Way = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a line of a file, or line 0 of a command-line option."""

    file: str
    line: int


@dataclass(slots=True)
class Document:
    """Plain values, and the place of each. A value's way is the keys and indices that lead to it. `root` holds the one
    value, `data`. `moved` maps the way of a value to the way where it was written, if that is another. `variables` come
    with the document and take precedence over the environment's."""

    root: list[Any] = field(default_factory=lambda: [None])
    places: dict[Way, Place] = field(default_factory=dict)
    moved: dict[Way, Way] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        return self.root[0]

    def place(self, way: Way) -> Place:
        """The place of the value at `way`, or of the nearest value around it that has one."""
        return next((self.places[way[:n]] for n in range(len(way), -1, -1) if way[:n] in self.places), Place("", 0))

    def _written(self, way: Way) -> Way:
        """The way to where it was written."""
        moved = next((n for n in range(len(way), 0, -1) if way[:n] in self.moved), 0)
        return (*self.moved[way[:moved]], *way[moved:]) if moved else way

    def key(self, way: Way) -> str:
        """The way as users write it, with list items by their name: `load.burst.rate`."""
        words: list[str] = []
        value = self.data
        for length, step in enumerate(way, 1):
            value = _child(value, step)
            name = value.get("name") if isinstance(step, int) and isinstance(value, dict) else None
            words.append(printable(name if isinstance(name, str) else str(step))[:64])
            if written := self.moved.get(way[:length]):
                words = [printable(str(step))[:64] for step in written]
        return ".".join(words)

    def error(self, way: Way, problem: str, remedy: str = "") -> ProfileError:
        """What is wrong at `way`. The key is named, unless the option that the value comes from names it."""
        place, written = self.place(way), self._written(way)
        key = "" if place.line == 0 and written in self.places else self.key(way)
        return ProfileError(printable(problem), file=place.file, line=place.line, key=key, remedy=printable(remedy))


def read(text: str, file: str) -> Document:
    """`text` as a document. `file` is its name in errors. Raises ProfileError."""
    document = Document(places={(): Place(file, 1)})
    if len(text) > SIZE_LIMIT:
        raise ProfileError(f"is larger than {SIZE_LIMIT // 2**20}MiB: it cannot be a profile", file=file)
    try:
        _Reader(document, YAML(typ="safe", pure=True).parse(text), file).document()
    except MarkedYAMLError as error:
        raise _syntax_error(error, file) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ProfileError("holds a control character, which YAML does not allow", file=file, line=line) from None
    except (ValueError, OverflowError):
        raise ProfileError("holds an escape sequence that stands for no character", file=file) from None
    return document


class _Reader:
    """Builds the values of one document from the parser's events."""

    def __init__(self, document: Document, events: Iterator[Event], file: str) -> None:
        self._document, self._events, self._file = document, events, file

    def document(self) -> None:
        self._next(StreamStartEvent)
        start = next(self._events)
        if isinstance(start, StreamEndEvent):
            return
        assert isinstance(start, DocumentStartEvent)
        if start.version or start.tags:
            raise self._error(start, "begins with a % directive", "Leave it out: profiles are YAML 1.2")
        self._fill(self._document.root, 0, next(self._events), ())
        self._next(DocumentEndEvent)
        more = next(self._events)
        if not isinstance(more, StreamEndEvent):
            raise self._error(more, "holds a second document after '---'", "Write one profile a file")

    def _next(self, kind: type[Event]) -> None:
        event = next(self._events)
        assert isinstance(event, kind)

    def _error(self, event: Event, problem: str, remedy: str = "", way: Way = ()) -> ProfileError:
        line = event.start_mark.line + 1
        return ProfileError(problem, file=self._file, line=line, key=self._document.key(way), remedy=remedy)

    def _check(self, event: Event, way: Way) -> None:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise self._error(
                event, "anchors (&) and aliases (*) are not supported", "Write the value out or quote it", way
            )
        if getattr(event, "tag", None):
            raise self._error(event, "tags (!) are not supported", "Leave it out, or put the text in quotes", way)

    def _fill(self, parent: Any, step: str | int, event: Event, way: Way) -> None:
        """Read the value that begins with `event` into `parent[step]`. Containers are put in before they are filled, so
        that an error inside them can name its key."""
        self._check(event, way)
        if len(way) >= DEPTH_LIMIT:
            raise self._error(event, f"is nested deeper than {DEPTH_LIMIT} levels")
        if isinstance(event, ScalarEvent):
            parent[step] = self._scalar(event, way)
        elif isinstance(event, MappingStartEvent):
            parent[step] = {}
            self._mapping(parent[step], way)
        else:
            parent[step] = []
            self._sequence(parent[step], way)

    def _mapping(self, mapping: dict[str, Any], way: Way) -> None:
        while not isinstance(event := next(self._events), MappingEndEvent):
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                remedy = 'Put placeholders in quotes: "{{uuid}}"'
                raise self._error(event, "a key that is itself a mapping or list", remedy, way)
            self._check(event, way)
            key = self._text(event, way)
            if key in mapping:
                raise self._error(event, "is given twice", "Keep one of them", (*way, key))
            self._document.places[*way, key] = Place(self._file, event.start_mark.line + 1)
            self._fill(mapping, key, next(self._events), (*way, key))

    def _sequence(self, sequence: list[Any], way: Way) -> None:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            index = len(sequence)
            sequence.append(None)
            self._document.places[*way, index] = Place(self._file, event.start_mark.line + 1)
            self._fill(sequence, index, event, (*way, index))

    def _text(self, event: Event, way: Way) -> str:
        assert isinstance(event, ScalarEvent)
        text: str = event.value
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise self._error(event, "holds half of a surrogate pair, which is no character", way=way)
        return text

    def _scalar(self, event: ScalarEvent, way: Way) -> str | int | float | bool | None:
        text = self._text(event, way)
        if not event.implicit[0]:
            return text
        if text in NULLS:
            return None
        if text in FLAGS:
            return FLAGS[text]
        number: int | float | None = None
        if _INTEGER.fullmatch(text) and len(text) <= 300:
            number = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        elif _FLOAT.fullmatch(text):
            number = float(text)
        if (number is not None and math.isinf(float(number))) or _NO_NUMBER.fullmatch(text):
            raise self._error(event, f"{quoted(text)} is not a number in JSON", "Put it in quotes", way)
        return text if number is None else number


def _child(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


_SYNTAX = (
    ("mapping values are not allowed", "a ':' where none can be", "Put text that holds ': ' in quotes"),
    (r"'\t' that cannot start", "a tab", "Indent with spaces"),
    ("expected ',' or ']'", "a [ that is not closed, or a missing comma", "Write [a, b]"),
    ("expected ',' or '}'", "a { that is not closed, or a missing comma", 'Write {a: 1, b: "{{uuid}}"}'),
    ("end of stream", "a quote or bracket that is not closed", "Close it"),
    ("expected <block end>", "a line whose indentation does not fit those above", "Line it up with its neighbours"),
    ("expected the node content", "a value is missing or misplaced", "Put text with special characters in quotes"),
    ("cannot start any token", "text that begins with a special character", "Put it in quotes"),
    ("could not find expected ':'", "a key without ': ' and a value", "Write key: value"),
    ("unknown escape", "a backslash in double quotes that means nothing", "Double it, or use single quotes"),
)


def _syntax_error(error: MarkedYAMLError, file: str) -> ProfileError:
    said = f"{error.problem or ''} {error.context or ''}"
    unknown = (printable(error.problem or "it cannot be read"), "")
    problem, remedy = next((words for sign, *words in _SYNTAX if sign in said), unknown)
    unclosed = "not closed" in problem and error.context_mark is not None
    mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
    return ProfileError(f"not YAML: {problem}", file=file, line=mark.line + 1 if mark else 0, remedy=remedy)
