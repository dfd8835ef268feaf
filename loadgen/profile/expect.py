"""What a step expects of its answer. If a profile gives it, it alone decides whether the answer is ok."""

from __future__ import annotations

import re
import warnings
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from loadgen.profile.part import Part, Text
from loadgen.profile.units import quoted
from loadgen.profile.values import HEADER_NAME, json_path

Statuses = tuple[tuple[int, int], ...]

OK: Statuses = ((200, 299),)

_RANGE = re.compile(r"([1-5][0-9][0-9])(?:\.\.([1-5][0-9][0-9]))?")
_CLASS = re.compile(r"([1-5])xx")
_STATUS: list[dict[str, Any]] = [
    {"type": "integer", "minimum": 100, "maximum": 599},
    {"type": "string", "pattern": r"^[1-5](xx|[0-9]{2}(\.\.[1-5][0-9]{2})?)$"},
]
_STATUSES = {"anyOf": [*_STATUS, {"type": "array", "items": {"anyOf": _STATUS}, "minItems": 1}]}
_REGEX = {"type": "string", "description": "A regular expression, found anywhere in the header."}
_MATCHES = {"properties": {"matches": _REGEX}, "required": ["matches"], "additionalProperties": False}


def statuses(value: object) -> Statuses:
    """`200`, `2xx`, `200..299` or a list of them, as inclusive ranges. Raises ValueError."""
    if isinstance(value, tuple):
        return value
    return tuple(_status(item) for item in value) if isinstance(value, list) and value else (_status(value),)


def _status(value: object) -> tuple[int, int]:
    text = str(value)
    if match := _CLASS.fullmatch(text):
        return int(match[1]) * 100, int(match[1]) * 100 + 99
    match = _RANGE.fullmatch(text)
    if not match or isinstance(value, bool | float):
        raise ValueError(f"{quoted(value)} is not a status: expected 201, 2xx, 200..299 or a list of them")
    low, high = int(match[1]), int(match[2] or match[1])
    if low > high:
        raise ValueError(f"{quoted(value)} runs backwards: expected the lower status first")
    return low, high


def header_name(name: str) -> str:
    if not HEADER_NAME.fullmatch(name):
        raise ValueError(f"{quoted(name)} is not a header name: expected letters, digits and '-'")
    return name


def _exact_or_pattern(value: object) -> object:
    if isinstance(value, str | re.Pattern):
        return _literal(value)
    match value:
        case {"matches": str(pattern), **rest} if not rest:
            try:
                with warnings.catch_warnings(action="ignore"):
                    return re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"{quoted(pattern)} is not a regular expression: {error}") from None
    raise ValueError(f"{quoted(value)} is neither text in quotes nor {{matches: REGULAR EXPRESSION}}")


def _literal(value: object) -> object:
    if isinstance(value, str) and "{{" in value:
        raise ValueError(f"{quoted(value)}: an expected value cannot hold a placeholder")
    return value


def _json_path(path: str) -> str:
    json_path(path)
    return path


HeaderName = Annotated[str, AfterValidator(header_name)]
ExpectedHeader = Annotated[
    str | re.Pattern[str],
    PlainValidator(_exact_or_pattern),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", **_MATCHES}]}),
]
JsonPath = Annotated[str, AfterValidator(_json_path)]
JsonValue = Annotated[Any, AfterValidator(_literal)]


class Expect(Part):
    """What the answer must have to count as ok. Every given condition must hold."""

    status: Annotated[Statuses, PlainValidator(statuses), WithJsonSchema(_STATUSES)] = OK
    """The status: 201, 2xx, 200..299, or a list of them. Unless said: 2xx."""

    headers: dict[HeaderName, ExpectedHeader] = Field(default={})
    """Headers by name: the exact text, or {matches: REGULAR EXPRESSION}, which may match anywhere in the text."""

    json_values: dict[JsonPath, JsonValue] = Field(default={}, validation_alias="json")
    """Values in the JSON body by their path, for example {items.0.id: 5}. Type and value must be equal."""

    body: Annotated[Text, AfterValidator(_literal)] | None = None
    """Text that the body must contain."""

    item: dict[JsonPath, JsonValue] = Field(default={})
    """On DynamoDB: attributes of the returned item by name or path, as plain values."""
