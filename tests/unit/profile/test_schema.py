"""The schema for editors agrees with the loader, and the file that is shipped is the one that is made."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loadgen.profile.load import load, shipped
from loadgen.profile.new import commented_profile
from loadgen.profile.overrides import part_at
from loadgen.profile.schema import json_schema


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_the_shipped_file_is_up_to_date() -> None:
    path = next(iter(shipped().values())).parent / "schema.json"
    assert path.read_text() == json.dumps(json_schema(), indent=2) + "\n"


@pytest.mark.parametrize("name", shipped())
def test_each_shipped_profile_is_valid(name: str) -> None:
    assert [error.message for error in validator().iter_errors(load(name).resolved)] == []
    assert shipped()[name].read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_a_new_profile_is_valid() -> None:
    assert validator().is_valid(load("new.yaml", text=commented_profile("https://h/a")).resolved)


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("nam",), "x"),
        (("client",), "boto"),
        (("session",), "per-reqest"),
        (("session",), {"reuse": "shared", "conections": 5}),
        (("target",), {"dynamodb": {"table": "t"}}),
        (("load",), []),
        (("load", 1, "rate"), 5),
        (("load", 1, "rate"), "5"),
        (("load", 1, "for"), "5 sec"),
        (("load", 1, "name"), "a b"),
        (("cycles",), 0),
        (("stop_if",), "errors"),
        (("thresholds",), {"burst": "errors < 5%"}),
        (("scenarios", 0, "steps", 0, "get"), "/x"),
        (("scenarios", 0, "steps", 0, "text"), "x"),
        (("scenarios", 0, "steps", 0, "method"), "POST"),
        (("scenarios", 0, "steps", 0, "expect"), {"status": 20}),
        (("scenarios", 0, "data"), {"rows": []}),
        (("sandbox", "rtt"), 20),
    ],
)
def test_what_the_loader_refuses_is_not_valid(way: tuple[str | int, ...], value: Any) -> None:
    tree: Any = copy.deepcopy(load("burst").resolved)
    parent = tree
    for step in way[:-1]:
        parent = parent[step]
    parent[way[-1]] = value
    assert not validator().is_valid(tree)


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("session",), "per-request"),
        (("target",), {"url": "https://h"}),
        (("load", 1, "rate"), "${RATE}"),
        (("load", 1, "rate"), "${matrix.rate}"),
        (("cycles",), "${CYCLES:-3}"),
        (("stop_if",), "never"),
        (("scenarios", 0, "data"), "users.csv"),
        (("scenarios", 0, "steps", 0, "expect"), {"status": [200, "4xx"], "headers": {"a": {"matches": "b"}}}),
        (("sandbox", "environments"), 5),
        (("sandbox", "environments"), {"max": 5, "overflow": 429}),
        (("sandbox", "stalls"), {"at": "1s", "for": "2s"}),
        (("sandbox", "stalls"), [{"every": "5s", "for": "2s"}]),
    ],
)
def test_what_the_loader_takes_is_valid(way: tuple[str | int, ...], value: Any) -> None:
    tree: Any = copy.deepcopy(load("burst").resolved)
    parent = tree
    for step in way[:-1]:
        parent = parent[step]
    parent[way[-1]] = value
    assert [error.message for error in validator().iter_errors(tree)] == []


def test_every_key_is_described() -> None:
    assert [key for key, node in properties(json_schema()) if "description" not in node and "$ref" not in node] == []


def properties(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        for item in node:
            yield from properties(item)
    elif isinstance(node, dict):
        yield from node.get("properties", {}).items()
        for item in node.values():
            yield from properties(item)


def test_the_keys_of_a_place_are_known() -> None:
    place = part_at(("scenarios", 0, "steps", 0, "expect"))
    assert place
    assert place.keys() == ("status", "headers", "json", "body", "item")
    assert part_at(("scenarios", 0, "steps", 0, "headers")) is None
