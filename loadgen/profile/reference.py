"""Every key of a profile as Markdown, from the schema and the models: the reference part of docs/profile.md.

`python -m loadgen.profile.reference docs/profile.md` writes it into that page.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

from loadgen.profile import units
from loadgen.profile.beside import Beside
from loadgen.profile.dynamodb import OPERATIONS
from loadgen.profile.overrides import part_at
from loadgen.profile.part import NAME_PATTERN, FromText, Part
from loadgen.profile.scenario import VERBS
from loadgen.profile.schema import Node, json_schema
from loadgen.profile.values import StopIf

BEGIN = "<!-- made by `python -m loadgen.profile.reference docs/profile.md`, down to the end -->\n"
WIDTH = 120
WORDS = {"integer": "N", "number": "N", "boolean": "true | false", "object": "{...}", "string": "TEXT"}
MEBIBYTE = 2**20
DEFAULTS: dict[str, Callable[[Any], str]] = {
    units.DURATION_PATTERN: units.format_duration,
    units.RATE_PATTERN: units.format_rate,
    units.SIZE_PATTERN: lambda size: f"{size}B" if size % MEBIBYTE else f"{size // MEBIBYTE}MiB",
    units.SHARE_PATTERN: "{:.0%}".format,
}


def reference() -> str:
    """A section for each mapping of a profile, with a list item for each of its keys."""
    schema = json_schema()
    return "\n".join(_sections((), schema, schema["$defs"]))


def with_reference(page: str) -> str:
    """The page with its generated part replaced by a new one."""
    return f"{page.partition(BEGIN)[0]}{BEGIN}\n{reference()}"


def _sections(way: tuple[str, ...], mapping: Node, definitions: Node) -> Iterator[str]:
    part = part_at(way)
    assert part
    fields = {str(field.validation_alias or name): field for name, field in part.model_fields.items()}
    below: list[tuple[str, Node]] = []
    yield from (f"### {'.'.join(way) or 'The profile'}", "", *_wrapped(mapping["description"]), "")
    keys, request = part.keys(), ""
    if issubclass(part, Beside):  # the keys of its request are told where those of a step are
        keys, request = ("name", *part.own), "- A request, with the keys of [a step](#scenariossteps)."
    for key in keys:
        if key in VERBS[1:] or key in [*OPERATIONS][1:]:  # the item of the first names them all
            continue
        node = mapping["properties"][key]
        name = _part_in(node)
        if name:
            below.append((key, definitions[name]))
        yield from _item(way, key, node, key in mapping["required"], fields.get(key))
    yield from (request, "") if request else ("",)
    for key, definition in below:
        yield from _sections((*way, key), _long_form(definition), definitions)


def _item(way: tuple[str, ...], key: str, node: Node, required: bool, field: FieldInfo | None) -> Iterator[str]:
    words = [str(node["description"])]
    if key in VERBS:
        shown = f"`{key}: /PATH`"
        words = ["Required.", *words, f"Or {', '.join(VERBS[1:])}: a step has one of them."]
    elif key in OPERATIONS:
        shown = f"`{key}: {{PARAMETER: VALUE}}`"
        words = ["Instead, on a DynamoDB table:", *words, f"Or {', '.join([*OPERATIONS][1:])}."]
    elif _part_in(node):
        shown = f"[`{key}`](#{''.join((*way, key)).lower()})"
    else:
        file = field and Path in (field.annotation, *get_args(field.annotation))
        shown = f"`{key}: {'FILE' if file else _value(node)}`"
    if required:
        words.insert(0, "Required, a list." if "items" in node else "Required.")
    if field and (default := _default(field)):
        words.append(f"Default: {default}.")
    yield from _wrapped(f"- {shown}: {' '.join(words)}", "  ")


def _long_form(definition: Node) -> Node:
    """The mapping of a definition, without its short form."""
    if "properties" in definition:
        return definition
    return {
        **next(form for form in definition["anyOf"] if "properties" in form),
        "description": definition["description"],
    }


def _part_in(node: Node) -> str:
    """The name of the mapping that `node` is, or that its items are; empty if there is none."""
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        return "" if name == "Variable" else name
    return next(
        (match for form in (*node.get("anyOf", ()), node.get("items", {})) if form and (match := _part_in(form))), ""
    )


def _value(node: Node) -> str:
    """The value in short: an example, the words to choose from, or its type."""
    if examples := node.get("examples"):
        return str(examples[0])
    if "anyOf" in node:
        return _value(node["anyOf"][0])
    if "enum" in node:
        return " | ".join(dict.fromkeys(map(str, node["enum"])))
    if "items" in node:
        return f"[{_value(node['items'])}]"
    if isinstance(node.get("additionalProperties"), dict):
        return f"{{NAME: {_value(node['additionalProperties'])}}}"
    if node.get("pattern") == f"^{NAME_PATTERN}$":
        return "NAME"
    kind = node.get("type", "...")
    return WORDS.get(kind, kind) if isinstance(kind, str) else "TEXT"


def _default(field: FieldInfo) -> str:
    """The default as users would write it; empty if there is none, or if it is a mapping or list."""
    value: Any = field.default
    if field.is_required() or field.default_factory or value is None or isinstance(value, Part | tuple | dict):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StopIf):
        return value.text
    pattern = next((item.pattern for item in field.metadata if isinstance(item, FromText)), "")
    return DEFAULTS[pattern](value) if pattern in DEFAULTS else str(value)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_reference(page.read_text()))
