"""Attribute values: to and from plain JSON as boto3 has them, sizes by the documented rules; capacity and prices."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.aws.attributes import DEPTH, TYPES, plain, size, typed
from loadgen.aws.capacity import read_units, write_units
from loadgen.aws.prices import cost, price

fuzz = settings(max_examples=examples(400), deadline=None, derandomize=True, database=None)
NAMES = st.text(max_size=4).filter(lambda name: name not in TYPES)
LEAVES = st.none() | st.booleans() | st.integers(-(10**37), 10**37) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES | st.floats(-1e100, 1e100).filter(lambda number: number == 0 or abs(number) > 1e-100),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
EXACT = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=10
)


@fuzz
@given(VALUES)
def test_a_value_comes_back_as_it_went(value: Any) -> None:
    assert plain(json.loads(json.dumps(typed(value)))) == value


@fuzz
@given(EXACT)
def test_boto3_makes_the_same_of_it(value: Any) -> None:
    attribute = typed(value)
    assert attribute == TypeSerializer().serialize(value)
    assert TypeDeserializer().deserialize(attribute) == value


def test_what_is_typed_passes_through() -> None:
    for attribute in ({"S": "x"}, {"N": "1.50"}, {"SS": ["a"]}, {"M": {"a": {"BOOL": True}}}, {"B": "AAE="}):
        assert typed(attribute) == attribute
    assert typed([{"B": "AAE="}, 1]) == {"L": [{"B": "AAE="}, {"N": "1"}]}
    assert typed({"S": "x", "N": "1"}) == {"M": {"S": {"S": "x"}, "N": {"S": "1"}}}
    assert typed({}) == {"M": {}}
    assert typed(True) == {"BOOL": True}


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "nan is not a number"),
        (float("inf"), "inf is not a number"),
        ({1: 2}, "name of an attribute is not text"),
        (b"x", "no type for bytes"),
        (nested(DEPTH + 1), "more than 32 levels"),
    ],
)
def test_what_dynamodb_has_no_type_for_is_said(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        typed(value)


def test_thirty_two_levels_are_not_too_many() -> None:
    assert plain(typed(nested(DEPTH))) == nested(DEPTH)


def test_numbers_and_sets_become_plain() -> None:
    assert plain({"N": "12"}) == 12
    assert plain({"N": "1.5E+3"}) == 1500.0
    assert plain({"NS": ["1", "2.5"]}) == [1, 2.5]
    assert plain({"SS": ["a", "b"]}) == ["a", "b"]
    assert plain({"B": "AAE="}) == "AAE="
    assert plain({"NULL": True}) is None


DEEP: Any = {"S": "x"}
for _ in range(DEPTH + 1):
    DEEP = {"L": [DEEP]}


@pytest.mark.parametrize(
    "attribute",
    [
        None,
        "x",
        {},
        {"X": 1},
        {"S": 1},
        {"N": 1},
        {"N": "one"},
        {"N": ""},
        {"N": "."},
        {"N": "1e999"},
        {"N": "1" * 100_000 + "x"},
        {"BOOL": "true"},
        {"L": {"S": "a"}},
        {"L": ["a"]},
        {"M": [1]},
        {"SS": [1]},
        {"NS": ["x"]},
        DEEP,
    ],
)
def test_what_is_no_attribute_value_is_refused(attribute: Any) -> None:
    with pytest.raises(ValueError, match=r"^(not |an item is nested)"):
        plain(attribute)
    if attribute != {"N": "1e999"}:
        with pytest.raises(ValueError, match=r"^(not |an item is nested)"):
            size({"a": attribute})


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, 0),
        ({"pk": {"S": "abc"}}, 2 + 3),
        ({"ä": {"S": "\u3042"}}, 2 + 3),
        ({"n": {"N": "0"}}, 1 + 1),
        ({"n": {"N": "7"}}, 1 + 2),
        ({"n": {"N": "-1200"}}, 1 + 2),
        ({"n": {"N": "0.00123"}}, 1 + 3),
        ({"n": {"N": "123.450e-7"}}, 1 + 4),
        ({"n": {"N": "1" * 38}}, 1 + 20),
        ({"b": {"B": base64.b64encode(b"12345").decode()}}, 1 + 5),
        ({"b": {"BOOL": False}, "z": {"NULL": True}}, 4),
        ({"l": {"L": []}}, 1 + 3),
        ({"l": {"L": [{"S": "ab"}, {"BOOL": True}]}}, 1 + 3 + (1 + 2) + (1 + 1)),
        ({"m": {"M": {"key": {"S": "ab"}}}}, 1 + 3 + (1 + 3 + 2)),
        ({"s": {"SS": ["a", "bcd"]}, "n": {"NS": ["1", "22"]}, "b": {"BS": ["AAE="]}}, 1 + 4 + 1 + 2 + 2 + 1 + 2),
    ],
)
def test_the_size_of_an_item(item: dict[str, Any], expected: int) -> None:
    assert size(item) == expected


def test_a_binary_that_is_not_base64_has_no_size() -> None:
    with pytest.raises(ValueError, match="not base64"):
        size({"b": {"B": "a b"}})


@pytest.mark.parametrize(
    ("bytes_", "write", "strong"), [(0, 1, 1), (1, 1, 1), (1024, 1, 1), (1025, 2, 1), (4096, 4, 1), (4097, 5, 2)]
)
def test_units_are_of_started_blocks(bytes_: int, write: int, strong: int) -> None:
    assert write_units(bytes_) == write
    assert write_units(bytes_, transactional=True) == 2 * write
    assert read_units(bytes_, consistent=True) == strong
    assert read_units(bytes_) == strong / 2
    assert read_units(bytes_, transactional=True) == 2 * strong


def test_the_cost_of_three_million_writes() -> None:
    assert Decimal(repr(cost("us-east-1", 0, 3_000_000))) == Decimal("1.875")
    assert cost("us-east-1", 8_000_000, 0) == 1.0
    assert cost("eu-central-1", 0, 1_000_000) == price("eu-central-1").write > cost("us-east-1", 0, 1_000_000)


def test_a_price_says_where_it_is_from() -> None:
    assert (price("eu-west-1").region, price("eu-west-1").date) == ("eu-west-1", "2026-08-15")
    assert price("mars-north-1") == price("us-east-1")
