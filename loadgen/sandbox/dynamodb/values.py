"""Attribute values: `{"S": "text"}` and the like. They are checked once and made canonical: equal values are equal
dicts."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any

from loadgen.aws.attributes import DEPTH
from loadgen.sandbox.dynamodb.numbers import canonical, decimal
from loadgen.sandbox.dynamodb.refusals import Refused, invalid, unreadable, wrong_parameter

Value = dict[str, Any]
"""One key, its type, and what it holds: text for S, N and B (base64), True for NULL, ..."""
Item = dict[str, Value]


def checked_item(item: object) -> Item:
    """`item` itself, with canonical values. Raises Refused."""
    if type(item) is not dict:
        raise expected_map(item)
    for value in item.values():
        check(value)
    return item


def check(value: object, depth: int = 1) -> None:
    """Make a value canonical, in place. Raises Refused."""
    if type(value) is not dict:
        raise expected_map(value)
    if len(value) != 1:
        more = "has more than one datatypes set" if value else "is empty"
        raise invalid(f"Supplied AttributeValue {more}, must contain exactly one of the supported datatypes")
    [(kind, content)] = value.items()
    if kind == "S":
        if type(content) is not str:
            raise unreadable(f"{_java(content)} cannot be converted to String")
    elif kind in _SCALARS:
        value[kind] = _SCALARS[kind](content)
    elif kind in _SETS:
        value[kind] = _set(kind, content)
    elif kind not in ("M", "L"):
        raise invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    elif depth > DEPTH:
        raise invalid("Nesting Levels have exceeded supported limits")
    else:
        _check_nested(kind, content, depth + 1)


def comparable(value: Value) -> tuple[str, Any] | None:
    """The type of a value, and the key that orders it among values of that type; None if nothing orders it."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return kind, content
        case "N":
            return kind, decimal(content)
        case "B":
            return kind, b64decode(content)
    return None


def expected_map(value: object) -> Refused:
    """The error for a value that should be a mapping."""
    return unreadable("Start of list found where not expected" if type(value) is list else "Expected map or null")


def _check_nested(kind: str, content: object, depth: int) -> None:
    if kind == "M":
        if type(content) is not dict:
            raise expected_map(content)
        for value in content.values():
            check(value, depth)
    else:
        if type(content) is not list:
            raise unreadable("Unexpected value type in payload: expected list or null")
        for value in content:
            check(value, depth)


def _binary(content: object) -> str:
    if type(content) is not str:
        raise unreadable(f"{_java(content)} cannot be converted to Blob")
    try:
        return b64encode(b64decode(content, validate=True)).decode()
    except (Base64Error, ValueError):  # ValueError: it is not ASCII
        raise unreadable("A Blob is not valid Base64") from None


def _flag(content: object) -> bool:
    if type(content) is not bool:
        raise unreadable(f"{_java(content)} cannot be converted to Boolean")
    return content


def _null(content: object) -> bool:
    if content is not True:
        raise wrong_parameter("Null attribute value types must have the value of true")
    return True


def _string(content: object) -> str:
    if type(content) is not str:
        raise unreadable(f"{_java(content)} cannot be converted to String")
    return content


_SCALARS: dict[str, Callable[[object], object]] = {"N": canonical, "B": _binary, "BOOL": _flag, "NULL": _null}
_SETS: dict[str, Callable[[object], str]] = {"SS": _string, "NS": canonical, "BS": _binary}


def _set(kind: str, content: object) -> list[str]:
    """The members of a set, in order, so that equal sets are equal lists."""
    if type(content) is not list:
        raise unreadable("Unexpected value type in payload: expected list or null")
    if not content:
        raise wrong_parameter("An AttributeValue may not contain an empty set")
    members = sorted(_SETS[kind](member) for member in content)
    if len(set(members)) < len(members):
        raise wrong_parameter("Input collection contains duplicates.")
    return members


def _java(value: object) -> str:
    """DynamoDB's name for a value that it did not expect."""
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE" if isinstance(value, int | float) else "Value"
