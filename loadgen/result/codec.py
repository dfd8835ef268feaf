"""Frozen dataclasses to JSON, JSON to dataclasses, and their JSON Schema: all three follow from the types alone.

`item` makes a field: it has the field's description and unit, and `inline` or `omit` if its shape in JSON differs from
that in Python. A type may be str, bytes, int, float, bool, `object` (any JSON), None, Literal, an enumeration of
strings, a tuple, a dictionary by string, a dataclass, a union of one of them with None, or a union of plain types.

Bytes are `{"text": …}` in JSON if they are UTF-8, and `{"base64": …}` if not.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import re
import types
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Convert = Callable[[Any], Any]
_AS_THEY_ARE = frozenset((str, int, bool, type(None)))  # classes, not with their subclasses
_NO_TEXT = frozenset((int, float, bool, type(None)))
SHOWN = 40  # an error repeats so many characters of a wrong value
HUGE = 10**SHOWN  # no whole number of a result is as large; a float cannot hold every larger one


class Malformed(ValueError):
    """JSON that does not fit its type. `where` is the path to it: `variants[0].phases[1].seconds`."""

    def __init__(self, why: str, where: str = "") -> None:
        super().__init__(f"{where.lstrip('.')}: {why}" if where else why)
        self.why, self.where = why, where

    def below(self, step: str) -> Malformed:
        """The same error, with a path that begins one level further up."""
        return Malformed(self.why, step + self.where)


def item(
    description: str,
    unit: str = "",
    *,
    inline: str | bool = False,
    omit: bool = False,
    among: Collection[str] = (),
    **default: Any,
) -> Any:
    """A field with its description, and its unit where it is a number.

    `inline`: the members of this dictionary or dataclass stand beside the other fields instead of below a key of their
    own; for a dictionary it is a pattern that the keys match. `omit`: JSON has no key if the value is the default.
    `among`: the words that this text can be, all of them loadgen's own; a later version may have more. `default` and
    `default_factory` are those of `dataclasses.field`; with `omit` the default is None unless it is given.
    """
    if omit and not default:
        default = {"default": None}
    meta = {"description": description, "unit": unit, "inline": inline, "omit": omit, "among": among}
    made: Any = dataclasses.field(**default, metadata=meta)
    return made


# values to JSON


def to_json(value: Any) -> Any:
    """Plain dictionaries, lists, texts and numbers, ready for `json.dumps`. NaN and infinity, which JSON does not have,
    become null."""
    of: Any = type(value)
    return value if of in _AS_THEY_ARE else _encoder(of)(value)


@cache
def _encoder(of: type) -> Convert:
    """Writes values of this class."""
    if dataclasses.is_dataclass(of):
        return _encoded_fields(of)
    if issubclass(of, Mapping):
        return lambda value: {str(name): to_json(content) for name, content in value.items()}
    if issubclass(of, tuple | list):
        return lambda value: [to_json(content) for content in value]
    if issubclass(of, float):
        return lambda value: value if math.isfinite(value) else None
    if issubclass(of, bytes):
        return _bytes_to_json
    return str if issubclass(of, StrEnum) else _same


def _encoded_fields(of: Any) -> Convert:
    fields = [
        (field.name, field.metadata["inline"], field.metadata["omit"], field.metadata["omit"] and _default(field))
        for field in dataclasses.fields(of)
    ]

    def encode(value: Any) -> dict[str, Any]:
        document: dict[str, Any] = {}
        for name, inline, omit, default in fields:
            content = getattr(value, name)
            if omit and content == default:
                continue
            if inline:
                document |= to_json(content) if content is not None else {}
            else:
                document[name] = to_json(content)
        return document

    return encode


def _same(value: Any) -> Any:
    return value


def _bytes_to_json(value: bytes) -> dict[str, str]:
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _default(field: dataclasses.Field[Any]) -> Any:
    """The value that an omitted field has."""
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


def map_text(value: T, change: Callable[[str], str]) -> T:
    """The same value, with `change` applied to every text, body and dictionary key in it. The words that are loadgen's
    own stay as they are: those of a Literal, an enumeration or a vocabulary (`among`)."""
    mapped: Any = _map(value, change)
    return mapped  # type: ignore[no-any-return]


def _map(value: Any, change: Callable[[str], str]) -> Any:
    of: Any = type(value)
    if of is str:
        return change(value)
    return value if of in _NO_TEXT else _mapper(of)(value, change)


@cache
def _mapper(of: type) -> Callable[[Any, Callable[[str], str]], Any]:
    """Applies a change to the texts of values of this class."""
    if issubclass(of, StrEnum):
        return lambda value, change: value
    if issubclass(of, str):
        return lambda value, change: change(value)
    if issubclass(of, bytes):
        return lambda value, change: change(value.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    if dataclasses.is_dataclass(of):
        return _mapped_fields(of)
    if issubclass(of, Mapping):
        return lambda value, change: {_map(name, change): _map(content, change) for name, content in value.items()}
    if issubclass(of, tuple | list):
        return lambda value, change: of(_map(content, change) for content in value)
    return lambda value, change: value


def _mapped_fields(of: Any) -> Callable[[Any, Callable[[str], str]], Any]:
    own = _own_words(of)
    fields = [(field.name, own.get(field.name, ())) for field in dataclasses.fields(of)]

    def mapped(value: Any, change: Callable[[str], str]) -> Any:
        contents = {}
        for name, words in fields:
            content = getattr(value, name)
            contents[name] = content if content in words else _map(content, change)
        return of(**contents)

    return mapped


@cache
def _own_words(of: type) -> dict[str, Collection[Any]]:
    """The fields of a dataclass that hold loadgen's own words, each with these words."""
    hints = get_type_hints(of)
    words = {field.name: field.metadata["among"] or _literals(hints[field.name]) for field in dataclasses.fields(of)}
    return {name: own for name, own in words.items() if own}


def _literals(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(value for arg in get_args(hint) for value in _literals(arg))
    return get_args(hint) if get_origin(hint) is Literal else ()


# JSON to values


def from_json(of: type[T], document: Any) -> T:
    """The value of type `of` that a document describes. Keys that `of` does not have are ignored, because a later
    version may write more of them. Raises Malformed if a key is missing or its value has another type."""
    decode: Convert = _decoder(of)  # type: ignore[arg-type]
    value: T = decode(document)
    return value


@cache
def _decoder(hint: Any) -> Convert:
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = [arg for arg in args if arg is not type(None)]
        decode = _any_of(inner) if len(inner) > 1 else _decoder(inner[0])
        return (lambda value: None if value is None else decode(value)) if len(inner) < len(args) else decode
    if origin is tuple:
        return _each(_decoder(args[0])) if args[-1] is Ellipsis else _fixed([_decoder(arg) for arg in args])
    if origin in (dict, Mapping):
        return _members(_decoder(args[1]))
    if origin is Literal:
        return _one_of(args)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        decode_member = _one_of(tuple(str(member) for member in hint))
        return lambda value: hint(decode_member(value))
    return _PLAIN[hint]


def _wrong(expected: str, value: Any) -> Malformed:
    return Malformed(f"must be {expected}, is {_shown(value)}")


def _shown(value: Any) -> str:
    """A wrong value in a few words, in the terms of JSON."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) >= HUGE:
        return f"{'-' if value < 0 else ''}10 to the power of {SHOWN} or more"
    shown = repr(value[: SHOWN + 1] if isinstance(value, str) else value)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "…"


def _integer(value: Any) -> int:
    if type(value) is int and -HUGE < value < HUGE:
        return value
    raise _wrong("a whole number", value)


def _number(value: Any) -> float:
    of = type(value)
    if (of is float and math.isfinite(value)) or (of is int and -HUGE < value < HUGE):
        return value  # type: ignore[no-any-return]
    raise _wrong("a number", value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _wrong("a text", value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong("true or false", value)


def _bytes(value: Any) -> bytes:
    if isinstance(value, dict) and isinstance(text := value.get("text"), str):
        return text.encode(errors="surrogatepass")
    if isinstance(value, dict) and isinstance(coded := value.get("base64"), str):
        with suppress(ValueError):
            return base64.b64decode(coded, validate=True)
    raise _wrong("an object with text or base64", value)


def _anything(value: Any) -> Any:
    """Any JSON. A file may hold NaN and infinity, which JSON does not have: they are null, as when it is written."""
    try:
        return to_json(value)
    except RecursionError:
        raise _wrong("of less depth", value) from None


_PLAIN: dict[Any, Convert] = {
    int: _integer, float: _number, str: _text, bool: _boolean, bytes: _bytes, object: _anything
}  # fmt: skip


def _one_of(values: tuple[Any, ...]) -> Convert:
    """One of these values. Its type counts too: 1 is not true."""
    expected = f"{'one of ' if len(values) > 1 else ''}{', '.join(map(str, values))}"
    allowed = {(type(value), value) for value in values}
    kinds = {of for of, _ in allowed}

    def decode(value: Any) -> Any:
        of = type(value)
        if of not in kinds or (of, value) not in allowed:  # the first, since not every value has a hash
            raise _wrong(expected, value)
        return value

    return decode


def _any_of(plain: list[Any]) -> Convert:
    decoders = [_PLAIN[hint] for hint in plain]

    def decode(value: Any) -> Any:
        for decode_one in decoders:
            try:
                return decode_one(value)
            except Malformed:
                continue
        raise _wrong("a number or a text", value)

    return decode


def _each(decode: Convert) -> Convert:
    def decode_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _wrong("a list", value)
        contents: list[Any] = []
        try:
            for content in value:
                contents.append(decode(content))
        except Malformed as error:
            raise error.below(f"[{len(contents)}]") from None
        return tuple(contents)

    return decode_list


def _fixed(decoders: list[Convert]) -> Convert:
    def decode_row(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(decoders):
            raise _wrong(f"a list of {len(decoders)}", value)
        contents: list[Any] = []
        try:
            for decode, content in zip(decoders, value, strict=True):
                contents.append(decode(content))
        except Malformed as error:
            raise error.below(f"[{len(contents)}]") from None
        return tuple(contents)

    return decode_row


def _members(decode: Convert) -> Convert:
    def decode_members(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong("an object", value)
        contents: dict[str, Any] = {}
        name = ""
        try:
            for name, content in value.items():
                contents[name] = decode(content)
        except Malformed as error:
            raise error.below(_member(name)) from None
        return contents

    return decode_members


def _member(name: str) -> str:
    """The step to a member: its name, in quotes if it is not a plain one."""
    return f".{name}" if name.isprintable() and len(name) <= SHOWN else f"[{_shown(name)}]"


def _dataclass(of: Any) -> Convert:
    hints, fields = get_type_hints(of), dataclasses.fields(of)
    keyed = [(f.name, _decoder(hints[f.name]), _has_default(f)) for f in fields if not f.metadata["inline"]]
    beside = [(f.name, _inline(f, hints[f.name])) for f in fields if f.metadata["inline"]]
    names = {name for name, _, _ in keyed}

    def decode_object(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _wrong("an object", value)
        contents = {}
        name = ""
        try:
            for name, decode, optional in keyed:
                if name in value:
                    contents[name] = decode(value[name])
                elif not optional:
                    raise Malformed("is missing")
        except Malformed as error:
            raise error.below(f".{name}") from None
        rest = {name: content for name, content in value.items() if name not in names} if beside else {}
        for name, decode in beside:
            contents[name] = decode(rest)
        return of(**contents)

    return decode_object


def _inline(field: dataclasses.Field[Any], hint: Any) -> Convert:
    """Reads an inline field from the keys of the object that it stands in. A dictionary takes the keys that match its
    pattern; a dataclass that may be None is there if its first key is."""
    pattern = field.metadata["inline"]
    if isinstance(pattern, str):
        decode, matches = _decoder(hint), re.compile(pattern, re.DOTALL).fullmatch
        return lambda rest: decode({name: content for name, content in rest.items() if matches(name)})
    (inner,) = [arg for arg in get_args(hint) or (hint,) if arg is not type(None)]
    decode, first = _decoder(inner), dataclasses.fields(inner)[0].name
    return lambda rest: decode(rest) if first in rest or inner is hint else None


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


# the schema

Definitions = dict[type, dict[str, Any]]


def schema(of: Any, title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `to_json` makes of values of type `of`, which may be a union of dataclasses.
    Raises ValueError if two of the types have the same name."""
    definitions: Definitions = {}
    args = get_args(of) if get_origin(of) in (Union, types.UnionType) else ()
    root = {"anyOf": [_schema(arg, definitions) for arg in args]} if args else _schema(of, definitions)
    named = {made.__name__: content for made, content in definitions.items()}
    if len(named) < len(definitions):
        names = [made.__name__ for made in definitions]
        raise ValueError(f"two types have the same name: {', '.join(sorted({n for n in names if names.count(n) > 1}))}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": dict(sorted(named.items())),
    }


_NAMED: dict[Any, dict[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bytes: {
        "type": "object",
        "properties": {"text": {"type": "string"}, "base64": {"type": "string", "contentEncoding": "base64"}},
        "oneOf": [{"required": ["text"]}, {"required": ["base64"]}],
    },
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
}


def _schema(hint: Any, definitions: Definitions) -> dict[str, Any]:
    if dataclasses.is_dataclass(hint):
        return _reference(hint, definitions)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(arg, definitions) for arg in args]}
    if origin is tuple and args[-1] is Ellipsis:
        return {"type": "array", "items": _schema(args[0], definitions)}
    if origin is tuple:
        row = [_schema(arg, definitions) for arg in args]
        return {"type": "array", "prefixItems": row, "minItems": len(row), "maxItems": len(row)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1], definitions)}
    if origin is Literal:
        return {"enum": list(args)}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [str(member) for member in hint]}
    return dict(_NAMED[hint])


def _reference(of: Any, definitions: Definitions) -> dict[str, Any]:
    if of not in definitions:
        definitions[of] = _object(of, definitions)
    return {"$ref": f"#/$defs/{of.__name__}"}


def _object(of: Any, definitions: Definitions) -> dict[str, Any]:
    hints = get_type_hints(of)
    made: dict[str, Any] = {"type": "object", "description": " ".join((of.__doc__ or "").split())}
    properties: dict[str, Any] = {}
    patterns: dict[str, Any] = {}
    required: list[str] = []
    for field in dataclasses.fields(of):
        inline, hint = field.metadata["inline"], hints[field.name]
        if isinstance(inline, str):
            patterns[inline] = _described(field, get_args(hint)[1], definitions)
        elif inline:
            (inner,) = [arg for arg in get_args(hint) or (hint,) if arg is not type(None)]
            properties |= _object(inner, definitions)["properties"]
        else:
            properties[field.name] = _described(field, hint, definitions)
            required += [] if field.metadata["omit"] else [field.name]
    if patterns:
        made["patternProperties"] = {_but(properties, pattern): content for pattern, content in patterns.items()}
    return {**made, "properties": properties, "required": required}


def _but(names: Collection[str], pattern: str) -> str:
    """The pattern, without the names that have a property of their own."""
    own = [name for name in names if re.fullmatch(pattern, name)]
    return f"^(?!({'|'.join(own)})$)({pattern})$" if own else f"^({pattern})$"


def _described(field: dataclasses.Field[Any], hint: Any, definitions: Definitions) -> dict[str, Any]:
    unit = {"unit": field.metadata["unit"]} if field.metadata["unit"] else {}
    among = {"enum": list(field.metadata["among"])} if field.metadata["among"] else {}
    return {**(among or _schema(hint, definitions)), "description": field.metadata["description"], **unit}
