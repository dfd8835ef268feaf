"""DynamoDB's attribute values: from and to plain JSON, and their size in bytes."""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})
DEPTH = 32  # levels of lists and maps in an item
_INTEGER = re.compile(r"-?[0-9]{1,38}")
_NUMBER = re.compile(r"[-+]?([0-9]*)(?:\.([0-9]*))?(?:[eE][-+]?[0-9]+)?")


def typed(value: Any) -> dict[str, Any]:
    """The attribute value of a plain JSON value; one that is typed already ({"S": "x"}) passes through as it is.

    Raises ValueError for what DynamoDB has no type for: NaN, infinity, names that are not text, 33 levels.
    """
    return _typed(value, DEPTH)


def _typed(value: Any, depth: int) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number that DynamoDB can store")
        return {"N": repr(value)}
    if value is None:
        return {"NULL": True}
    if is_typed(value):
        return dict(value)
    if depth == 0:
        raise ValueError(f"lists and maps are nested more than {DEPTH} levels deep")
    if isinstance(value, list):
        return {"L": [_typed(member, depth - 1) for member in value]}
    if not isinstance(value, dict):
        raise ValueError(f"DynamoDB has no type for {type(value).__name__}")
    if not all(isinstance(name, str) for name in value):
        raise ValueError("the name of an attribute is not text")
    return {"M": {name: _typed(member, depth - 1) for name, member in value.items()}}


def is_typed(value: Any) -> bool:
    """Whether a value has an attribute value's form: a map with one key, which names a type."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in TYPES


def plain(attribute: Any) -> Any:
    """The plain JSON value of an attribute value: numbers as int or float, binaries in base64, sets as lists.

    Raises ValueError for what is no attribute value.
    """
    return _plain(attribute, DEPTH)


def _plain(attribute: Any, depth: int) -> Any:
    kind, value = _parts(attribute)
    if kind == "N":
        return _number(value)
    if kind == "NULL":
        return None
    if kind == "NS":
        return [_number(member) for member in value]
    if kind in ("L", "M"):
        if depth == 0:
            raise ValueError(f"an item is nested more than {DEPTH} levels deep")
        if kind == "L":
            return [_plain(member, depth - 1) for member in value]
        return {name: _plain(member, depth - 1) for name, member in value.items()}
    return value


def size(item: dict[str, Any]) -> int:
    """Bytes that an item ({name: attribute value}) counts for: its names and values, without the index's 100 bytes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    A number's is approximate there too. Raises ValueError for what is no attribute value.
    """
    return sum(len(name.encode()) + _size(attribute, DEPTH) for name, attribute in item.items())


def _size(attribute: Any, depth: int) -> int:
    kind, value = _parts(attribute)
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return _digits(value)
    if kind == "B":
        return _raw(value)
    if kind in ("L", "M"):
        if depth == 0:
            raise ValueError(f"an item is nested more than {DEPTH} levels deep")
        members = value.values() if kind == "M" else value
        names = sum(len(name.encode()) for name in value) if kind == "M" else 0
        return 3 + names + sum(1 + _size(member, depth - 1) for member in members)
    if kind in ("SS", "NS", "BS"):
        of = {"SS": lambda member: len(member.encode()), "NS": _digits, "BS": _raw}[kind]
        return sum(map(of, value))
    return 1


_SHAPES: dict[str, type] = {
    **dict.fromkeys(("S", "N", "B"), str),
    **dict.fromkeys(("BOOL", "NULL"), bool),
    **dict.fromkeys(("SS", "NS", "BS", "L"), list),
    "M": dict,
}


def _parts(attribute: Any) -> tuple[str, Any]:
    """The type and value of an attribute value, which may come from anybody."""
    if not is_typed(attribute):
        raise ValueError("not an attribute value")
    ((kind, value),) = attribute.items()
    sound = isinstance(value, _SHAPES[kind])
    if sound and kind in ("SS", "NS", "BS"):
        sound = all(isinstance(member, str) for member in value)
    if not sound:
        raise ValueError(f"not a value of type {kind}")
    return kind, value


def _number(text: str) -> int | float:
    if _INTEGER.fullmatch(text):
        return int(text)
    _significant(text)
    value = float(text)
    if math.isinf(value):
        raise ValueError("not a number that DynamoDB can hold")
    return value


def _digits(text: str) -> int:
    """A number's size: a byte for two significant digits, and one."""
    return (len(_significant(text)) + 1) // 2 + 1


def _significant(text: str) -> str:
    match = _NUMBER.fullmatch(text)
    digits = match[1] + (match[2] or "") if match else ""
    if not digits:
        raise ValueError("not a number")
    return digits.strip("0")


def _raw(text: str) -> int:
    try:
        return len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
