"""The JSON Schema of a profile as users write it, for editors. The descriptions are the docstrings of the models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadgen.profile.dynamodb import OPERATIONS
from loadgen.profile.model import Profile, Step
from loadgen.profile.part import Part
from loadgen.profile.scenario import BODIES, CALLS, VERBS

Node = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE: Node = {
    "description": "A value from the environment, ${NAME} or ${NAME:-default}, or of an axis, ${matrix.NAME}.",
    "type": "string",
    "pattern": r"\$\{([A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?|matrix\.[A-Za-z_][A-Za-z0-9_-]*)\}",
}
NARROW = ("boolean", "integer", "number")


def json_schema() -> Node:
    """The schema, in JSON Schema 2020-12."""
    schema = Profile.model_json_schema()
    parts = {part.__name__: part for part in _parts(Part)}
    definitions = {name: _definition(parts[name], node) for name, node in schema.pop("$defs").items()}
    root = _definition(Profile, schema)
    return {"$schema": DIALECT, "title": "loadgen profile", **root, "$defs": {**definitions, "Variable": VARIABLE}}


def _parts(part: type[Part]) -> Iterator[type[Part]]:
    for child in part.__subclasses__():
        yield child
        yield from _parts(child)


def _definition(part: type[Part], node: Node) -> Node:
    """The mapping of `part` with the keys that users write, and its short form if it has one."""
    keys = {str(field.validation_alias or name): name for name, field in part.model_fields.items()}
    written = {
        key: _tidy(_described(of, part.descriptions()[keys[key]]))
        for key, of in node["properties"].items()
        if key in part.keys()  # noqa: SIM118
    }
    definition = {**_tidy(node), "properties": written}
    definition["required"] = [key for key in node.get("required", ()) if key in written]
    if issubclass(part, Step):
        definition = _step(definition)
    short = next((value for text in ("text", 1) if isinstance(value := part.short(text), dict)), None)
    if short is None:
        return definition
    (key,) = short
    return {"description": definition.pop("description"), "anyOf": [written[key], definition]}


def _described(node: Node, text: str) -> Node:
    """With its description among the words that are in order."""
    return dict(sorted({**node, "description": text}.items())) if text else node


def _step(node: Node) -> Node:
    """The mapping of a step: one verb with its path, or one operation with its parameters, and at most one body."""
    path = {"type": "string", "pattern": r"^(/|\$\{)"}
    words = "of this path, which begins with / and is added to the target's own. It may hold placeholders."
    verbs = {verb: {**path, "description": f"A {verb.upper()} {words}"} for verb in VERBS}
    calls = {name: _call(name, needs) for name, needs in OPERATIONS.items()}
    at_most_one_body = {"not": {"anyOf": [{"required": [a, b]} for a in BODIES for b in BODIES if a < b]}}
    return {
        **node,
        "properties": {**node["properties"], **verbs, **calls},
        "oneOf": [{"required": [key]} for key in (*VERBS, *CALLS)],
        **at_most_one_body,
    }


def _call(operation: str, needs: str) -> Node:
    words = f"Calls DynamoDB's {operation} with these parameters, on the target's table. Values may be plain or typed."
    return {"type": "object" if needs else ["object", "null"], "description": words}


def _tidy(node: Any) -> Any:
    """`node` without the keys that only the generator needs, and with a variable as the alternative to each narrow
    value."""
    if isinstance(node, list):
        return [_tidy(item) for item in node if item != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    kept = {key: _tidy(node[key]) for key in node if key not in ("title", "default", "format", "properties")}
    if "properties" in node:
        kept["properties"] = {key: _tidy(item) for key, item in node["properties"].items()}
    if isinstance(node.get("default"), str | bool) and "$ref" not in node:
        kept["default"] = node["default"]
    if len(kept.get("anyOf", ())) == 1:
        (only,) = kept.pop("anyOf")
        kept |= only
    if kept.get("type") in NARROW or "enum" in kept or "pattern" in kept:
        return _or_variable(kept)
    return kept


def _or_variable(node: Node) -> Node:
    outside: Node = {key: node.pop(key) for key in ("description", "default", "examples") if key in node}
    return {**outside, "anyOf": [node, {"$ref": "#/$defs/Variable"}]}
