"""Attribute values and keys of the sandbox's DynamoDB: what is stored, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, got, n, put, s


def test_what_is_put_is_got(sandbox: Sandbox) -> None:
    item = {
        "pk": s("é\U0001f600"),
        "n": n("1.50"),
        "b": {"B": "AAE="},
        "t": {"BOOL": True},
        "nothing": {"NULL": True},
        "l": {"L": [s(""), n("-0")]},
        "m": {"M": {"inner": {"SS": ["b", "a"]}}},
    }
    assert sandbox.ok("PutItem", TableName=TABLE, Item=item) == {}
    assert sandbox.ok("GetItem", TableName=TABLE, Key={"pk": item["pk"]})["Item"] == {
        **item,
        "n": n("1.5"),
        "l": {"L": [s(""), n("0")]},
        "m": {"M": {"inner": {"SS": ["a", "b"]}}},
    }
    assert got(sandbox, "other") is None


@pytest.mark.parametrize(
    ("item", "code", "message"),
    [
        ({"v": s("x")}, INVALID, "Missing the key pk in the item"),
        ({"pk": n(1)}, INVALID, "Type mismatch for key pk expected: S actual: N"),
        ({"pk": s("")}, INVALID, "cannot contain an empty string value. Key: pk"),
        ({"pk": s("x" * 2049)}, INVALID, "Size of hashkey has exceeded"),
        ({"pk": s("a"), "v": {}}, INVALID, "AttributeValue is empty"),
        ({"pk": s("a"), "v": {"X": 1}}, INVALID, "AttributeValue is empty"),
        ({"pk": s("a"), "v": {"S": "x", "N": "1"}}, INVALID, "more than one datatypes"),
        ({"pk": s("a"), "v": n("one")}, INVALID, "cannot be converted to a numeric value: one"),
        ({"pk": s("a"), "v": n("1e126")}, INVALID, "Number overflow"),
        ({"pk": s("a"), "v": n("1e-131")}, INVALID, "Number underflow"),
        ({"pk": s("a"), "v": n("1" * 39)}, INVALID, "more than 38 significant digits"),
        ({"pk": s("a"), "v": {"N": 1}}, "SerializationException", "NUMBER_VALUE"),
        ({"pk": s("a"), "v": {"S": 1}}, "SerializationException", "NUMBER_VALUE cannot be converted to String"),
        ({"pk": s("a"), "v": {"BOOL": "x"}}, "SerializationException", "STRING_VALUE"),
        ({"pk": s("a"), "v": {"B": "?"}}, "SerializationException", "Base64"),
        ({"pk": s("a"), "v": {"NULL": False}}, INVALID, "must have the value of true"),
        ({"pk": s("a"), "v": {"SS": []}}, INVALID, "empty set"),
        ({"pk": s("a"), "v": {"NS": ["1", "1.0"]}}, INVALID, "contains duplicates"),
        ({"pk": s("a"), "v": {"L": {}}}, "SerializationException", "expected list"),
        ({"pk": s("a"), "v": {"M": []}}, "SerializationException", "Start of list"),
        ({"pk": s("a"), "v": s("x" * 409_600)}, INVALID, "Item size has exceeded the maximum allowed size"),
        ([], "SerializationException", "Start of list"),
    ],
)
def test_items_that_are_refused(sandbox: Sandbox, item: Any, code: str, message: str) -> None:
    found, said = sandbox.refused("PutItem", TableName=TABLE, Item=item)
    assert found == code
    assert message in said


def test_an_item_of_the_very_limit_is_taken(sandbox: Sandbox) -> None:
    put(sandbox, v=s("x" * (409_600 - 4)))
    assert sandbox.stats()["write_units"] == 400


def test_values_are_nested_so_deep_and_no_deeper(sandbox: Sandbox) -> None:
    value: dict[str, Any] = s("x")
    for _ in range(32):
        value = {"L": [value]}
    put(sandbox, v=value)
    assert got(sandbox)["v"] == value
    assert "Nesting" in sandbox.refused("PutItem", TableName=TABLE, Item={"pk": s("a"), "v": {"L": [value]}})[1]
