"""The validator's findings in our own words, each with its place: the first is the error that helps most."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from loadgen.profile.document import Document, Way
from loadgen.profile.overrides import part_at
from loadgen.profile.part import did_you_mean
from loadgen.profile.units import quoted

Words = tuple[str, str]


def findings(error: ValidationError, document: Document) -> list[tuple[Way, str, str]]:
    """All mistakes as (way, problem, remedy), by line.

    An unknown key is reported alone: the rest of its mapping is not checked.
    """
    details = [item for item in error.errors(include_url=False) if not _consequence(item)]
    ways = [_way(item, document.data) for item in details]
    problems = [(way, *_words(item, way)) for item, way in zip(details, ways, strict=True)]
    return sorted(problems, key=lambda finding: document.place(finding[0]).line)


def _consequence(item: ErrorDetails) -> bool:
    """Whether it only follows from another finding: the validator calls a list empty if all its items are wrong."""
    return item["type"] == "default_factory_not_called" or (item["type"] == "too_short" and bool(item["input"]))


def _way(item: ErrorDetails, data: Any) -> Way:
    """The way to the mistake, as far as the data goes; one key further if that key is missing."""
    ours = item["type"] in ("missing", "profile")
    way: Way = ()
    for step in (*item["loc"], *item.get("ctx", {}).get("at", ())):
        if step == "[key]" or (isinstance(step, int) and isinstance(data, dict)):  # a single item, where a list may be
            continue
        exists = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        if not exists:
            return (*way, step) if ours and isinstance(data, dict) else way
        way, data = (*way, step), data[step]
    return way


def _words(item: ErrorDetails, way: Way) -> Words:
    """What is wrong, and what to do about it."""
    given, context = quoted(item["input"]), item.get("ctx", {})
    match item["type"]:
        case "profile":
            return context["problem"], context["remedy"]
        case "value_error":
            return str(context["error"]), ""
        case "missing":
            return "is missing", _description(way)
        case "literal_error":
            return _not_among(item["input"], context["expected"])
        case "model_type" | "model_attributes_type" | "dict_type":
            part = part_at(way)
            return f"{given} is not a mapping", f"Its keys: {', '.join(part.keys())}" if part else "Write {key: value}"
        case "tuple_type" | "list_type":
            return f"{given} is not a list", "Write [a, b], or '- ' before each item on a line of its own"
        case "too_short":
            return "is empty", "Give it at least one item"
        case kind if kind in _BOUNDS:
            word, key = _BOUNDS[kind]
            return f"{given} is out of range: expected {word} {context[key]:g}", ""
    return f"{given} is not accepted here", ""


_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _description(way: Way) -> str:
    """What the missing key at `way` is for."""
    *parents, key = way
    part = part_at(tuple(parents))
    fields = part.model_fields.items() if part else ()
    named = next((name for name, field in fields if key == str(field.validation_alias or name)), None)
    text = part.descriptions()[named] if part and named else ""
    return f"Add it: {text[0].lower()}{text[1:].rstrip('.')}" if text else ""


def _not_among(given: object, expected: str) -> Words:
    """`expected` is the validator's own list of the accepted words."""
    expected_names = re.findall(r"'([^']*)'", expected)
    return f"{quoted(given)} is not accepted here", did_you_mean(str(given), expected_names)
