"""Values to JSON and back: what is written, what is read, and what is refused in one line that leads to the place."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import jsonschema
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from result_values import values

from loadgen.result.codec import Malformed, from_json, item, map_text, schema, to_json
from loadgen.result.latency import Interval, Latency
from loadgen.result.reason import CODES, Reason
from loadgen.result.run import Table, Target


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf."""

    size: float = item("how large", "mm")
    note: str | None = item("a note", omit=True)


@dataclass(frozen=True, slots=True)
class Stalk:
    """A stalk."""

    stalk: int = item("its number")
    bent: bool = item("whether it is bent", default=False)


@dataclass(frozen=True, slots=True)
class Plant:
    """A plant."""

    name: str = item("its name")
    kind: Literal["tree", "bush", 1] = item("its kind")
    color: Color = item("its colour")
    leaves: tuple[Leaf, ...] = item("its leaves")
    place: tuple[int, str] = item("its row, and where")
    largest: dict[str, Leaf] = item("by season")
    seed: bytes = item("its seed")
    anything: object = item("any JSON")
    known: str = item("a word", among=("oak", "yew"))
    height: float | None = item("its height", "m", default=None)
    either: float | str = item("a number or a text", default=0)
    parts: dict[str, int] = item("by part", inline=r"p[0-9]+", default_factory=dict)
    stalk: Stalk | None = item("its stalk", inline=True, default=None)
    tags: tuple[str, ...] = item("its tags", omit=True, default=())


PLANT = Plant(
    name="elm",
    kind="tree",
    color=Color.BLUE,
    leaves=(Leaf(1.5), Leaf(2, "brown")),
    place=(3, "left"),
    largest={"may": Leaf(4.0)},
    seed=b"\xff",
    anything={"deep": [1, None, {"x": True}]},
    known="oak",
    parts={"p1": 7},
    stalk=Stalk(9),
)
JSON: dict[str, Any] = {
    "name": "elm",
    "kind": "tree",
    "color": "blue",
    "leaves": [{"size": 1.5}, {"size": 2, "note": "brown"}],
    "place": [3, "left"],
    "largest": {"may": {"size": 4.0}},
    "seed": {"base64": "/w=="},
    "anything": {"deep": [1, None, {"x": True}]},
    "known": "oak",
    "height": None,
    "either": 0,
    "p1": 7,
    "stalk": 9,
    "bent": False,
}


# to JSON and back


def test_a_value_is_written_as_its_fields_say() -> None:
    assert to_json(PLANT) == JSON
    json.dumps(to_json(PLANT))


def test_and_read_back() -> None:
    assert from_json(Plant, json.loads(json.dumps(JSON))) == PLANT


@settings(max_examples=examples(100), deadline=None)
@given(values(Plant))
def test_any_value_comes_back(plant: Plant) -> None:
    document = json.loads(json.dumps(to_json(plant)))
    assert from_json(Plant, document) == plant
    jsonschema.validate(document, schema(Plant, "plant"))


def test_what_has_a_default_may_be_missing() -> None:
    less = {key: content for key, content in JSON.items() if key not in ("height", "either", "p1", "stalk", "bent")}
    read = from_json(Plant, less)
    assert (read.height, read.either, read.parts, read.stalk, read.tags) == (None, 0, {}, None, ())


def test_keys_of_a_later_version_are_passed_over() -> None:
    later = JSON | {"smell": ["sweet"], "leaves": [{"size": 1.5, "veins": 12}], "px": "no part"}
    read = from_json(Plant, later)
    assert read.leaves == (Leaf(1.5),) and read.parts == {"p1": 7}


def test_what_is_omitted_is_what_it_would_be_anyway() -> None:
    assert "tags" not in to_json(PLANT) and "note" not in to_json(Leaf(1.0))
    assert to_json(Leaf(1.0, "")) == {"size": 1.0, "note": ""}


def test_members_that_stand_beside_are_taken_by_their_names() -> None:
    latency = Latency(
        count=3, mean=1.0, min=None, quantiles={"p50": 1.0, "p99.9": None}, spent=3.0, max=2.0, timeouts=0,
        intervals={"p50": Interval(0.5, None)}, why={"p99.9": Reason.of("too_few", needs=1000, count=3)},
    )  # fmt: skip
    document = to_json(latency)
    assert (document["p50"], document["p99.9"]) == (1.0, None)
    assert document["why"] == {"p99.9": {"code": "too_few", "needs": 1000, "count": 3}}
    assert from_json(Latency, document) == latency


def test_an_interval_of_an_earlier_version_is_a_full_one() -> None:
    assert to_json(Interval(0.5, 1.0))["kind"] == "full"
    assert from_json(Interval, {"low": 0.5, "high": 1.0}) == Interval(0.5, 1.0, "full")


@pytest.mark.parametrize("table", [None, Table("t", "eu-west-1", False, None, None, None, None, None)])
def test_a_part_that_stands_beside_is_there_if_its_first_key_is(table: Table | None) -> None:
    target = Target("http://127.0.0.1/", False, (), (), None, table)
    assert ("region" in to_json(target)) == (table is not None)
    assert from_json(Target, to_json(target)) == target


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"", {"text": ""}),
        (b"text", {"text": "text"}),
        ("snow ☃".encode(), {"text": "snow ☃"}),
        (b"\xff\xfe", {"base64": "//4="}),
        (b"\xed\xa0\x80", {"base64": "7aCA"}),  # half a pair of UTF-16
    ],
)
def test_bytes_are_text_where_they_are_and_base64_where_not(body: bytes, document: dict[str, str]) -> None:
    assert to_json(body) == document
    assert from_json(bytes, json.loads(json.dumps(document))) == body


# what is wrong


def without(key: str) -> dict[str, Any]:
    return {name: content for name, content in JSON.items() if name != key}


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (without("name"), "name: is missing"),
        (JSON | {"name": 3}, "name: must be a text, is 3"),
        (JSON | {"name": None}, "name: must be a text, is null"),
        (JSON | {"kind": "herb"}, "kind: must be one of tree, bush, 1, is 'herb'"),
        (JSON | {"kind": True}, "kind: must be one of tree, bush, 1, is true"),
        (JSON | {"kind": 1.0}, "kind: must be one of tree, bush, 1, is 1.0"),
        (JSON | {"kind": []}, "kind: must be one of tree, bush, 1, is a list of 0"),
        (JSON | {"color": "green"}, "color: must be one of red, blue, is 'green'"),
        (JSON | {"leaves": {}}, "leaves: must be a list, is an object of 0"),
        (JSON | {"leaves": [{"size": 1}, {"size": "x"}]}, "leaves[1].size: must be a number, is 'x'"),
        (JSON | {"leaves": [{"size": True}]}, "leaves[0].size: must be a number, is true"),
        (JSON | {"leaves": [{"size": float("nan")}]}, "leaves[0].size: must be a number, is nan"),
        (JSON | {"leaves": [{"size": float("-inf")}]}, "leaves[0].size: must be a number, is -inf"),
        (JSON | {"leaves": [{"note": "x"}]}, "leaves[0].size: is missing"),
        (JSON | {"leaves": ["x"]}, "leaves[0]: must be an object, is 'x'"),
        (JSON | {"largest": []}, "largest: must be an object, is a list of 0"),
        (JSON | {"largest": {"may": {"size": []}}}, "largest.may.size: must be a number, is a list of 0"),
        (JSON | {"place": [3]}, "place: must be a list of 2, is a list of 1"),
        (JSON | {"largest": {"\x1b[2J": 1}}, r"largest['\x1b[2J']: must be an object, is 1"),
        (JSON | {"largest": {"x" * 99: 1}}, f"largest['{'x' * 39}…]: must be an object, is 1"),
        (JSON | {"place": "ab"}, "place: must be a list of 2, is 'ab'"),
        (JSON | {"place": [3.0, "x"]}, "place[0]: must be a whole number, is 3.0"),
        (JSON | {"place": [False, "x"]}, "place[0]: must be a whole number, is false"),
        (JSON | {"place": [3, 4]}, "place[1]: must be a text, is 4"),
        (JSON | {"either": None}, "either: must be a number or a text, is null"),
        (JSON | {"either": True}, "either: must be a number or a text, is true"),
        (JSON | {"p1": "7"}, "p1: must be a whole number, is '7'"),
        (JSON | {"stalk": "9"}, "stalk: must be a whole number, is '9'"),
        (JSON | {"bent": 0}, "bent: must be true or false, is 0"),
        (JSON | {"seed": "x"}, "seed: must be an object with text or base64, is 'x'"),
        (JSON | {"seed": {}}, "seed: must be an object with text or base64, is an object of 0"),
        (JSON | {"seed": {"text": 3}}, "seed: must be an object with text or base64, is an object of 1"),
        (JSON | {"seed": {"base64": "?"}}, "seed: must be an object with text or base64, is an object of 1"),
        ([], "must be an object, is a list of 0"),
        (None, "must be an object, is null"),
        ("x", "must be an object, is 'x'"),
    ],
)
def test_what_is_wrong_is_one_line_that_leads_there(document: Any, line: str) -> None:
    with pytest.raises(Malformed) as refused:
        from_json(Plant, document)
    assert str(refused.value) == line


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("make", "ending"),
    [
        (lambda: 10**400, "is 10 to the power of 40 or more"),
        (lambda: -(10**5000), "is -10 to the power of 40 or more"),
        (lambda: "x" * 10_000_000, f"is '{'x' * 39}…"),
        (lambda: "\x1b[2J\n", r"is '\x1b[2J\n'"),
        (lambda: deep(100_000), "is a list of 1"),
        (lambda: [0] * 1_000_000, "is a list of 1000000"),
        (lambda: 1.5, "is 1.5"),
    ],
)
def test_however_large_or_deep_it_is_the_line_is_short(make: Callable[[], Any], ending: str) -> None:
    with pytest.raises(Malformed) as refused:
        from_json(Stalk, {"stalk": make()})
    assert str(refused.value) == f"stalk: must be a whole number, {ending}"


def test_a_whole_number_that_no_float_holds_is_no_number() -> None:
    with pytest.raises(Malformed, match="size: must be a number, is 10 to the power of"):
        from_json(Leaf, {"size": 10**400})


def test_what_is_passed_over_may_be_of_any_depth() -> None:
    assert from_json(Stalk, {"stalk": 1, "else": deep(100_000)}) == Stalk(1)


@pytest.mark.parametrize("value", [math.inf, [math.nan, 1], {"a": [-math.inf]}])
def test_what_json_does_not_have_is_null_wherever_it_is_read(value: Any) -> None:
    read = from_json(Plant, JSON | {"anything": value})
    assert from_json(Plant, to_json(read)) == read


def test_anything_may_not_be_of_any_depth() -> None:
    with pytest.raises(Malformed, match="anything: must be of less depth, is a list of 1"):
        from_json(Plant, JSON | {"anything": deep(100_000)})


LEAVES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(JSON)), LEAVES)
def test_any_other_value_is_read_or_refused_in_one_line(key: str, value: Any) -> None:
    try:
        read = from_json(Plant, JSON | {key: value})
    except Malformed as refused:
        line = str(refused)
        assert line.startswith((f"{key}: ", f"{key}.", f"{key}["))
        assert line.isprintable() and len(line) < 200
    else:
        assert from_json(Plant, to_json(read)) == read


def test_any_name_of_a_number_comes_back() -> None:
    reason = Reason("too_few", {"a\nb": 1, "\n": 2, "": 3, "code ": 4})
    assert from_json(Reason, to_json(reason)) == reason


def test_reasons_are_of_the_vocabulary() -> None:
    assert from_json(Reason, {"code": "too_few", "needs": 3}) == Reason.of("too_few", needs=3)
    assert from_json(Reason, {"code": "because"}) == Reason("because"), "a later version may have more"
    with pytest.raises(KeyError):
        Reason.of("because")
    assert {*schema(Reason, "x")["$defs"]["Reason"]["properties"]["code"]["enum"]} == {*CODES}


# its texts


def test_every_text_is_changed_but_words_of_its_own() -> None:
    changed = map_text(PLANT, lambda text: text.replace("e", "E").replace("o", "0").replace("p1", "p2"))
    assert changed.name == "Elm"
    assert changed.leaves == (Leaf(1.5), Leaf(2, "br0wn"))
    assert changed.place == (3, "lEft")
    assert changed.anything == {"dEEp": [1, None, {"x": True}]}
    assert changed.parts == {"p2": 7}
    assert (changed.kind, changed.color, changed.known) == ("tree", Color.BLUE, "oak")


def test_bodies_are_changed_too_whatever_else_is_in_them() -> None:
    assert map_text(b"\xff s3cret \xfe", lambda text: text.replace("s3cret", "-")) == b"\xff - \xfe"


def test_a_secret_that_is_part_of_a_code_leaves_the_code() -> None:
    reason = Reason.of("none_ok", of="none of it")
    assert map_text(reason, lambda text: text.replace("none", "-")) == Reason.of("none_ok", of="- of it")
    assert map_text(Reason("no\x1bne"), lambda text: text.replace("\x1b", "?")).code == "no?ne", "it is foreign"


# the schema


def test_the_schema_refuses_what_is_refused() -> None:
    validator = jsonschema.Draft202012Validator(schema(Plant, "plant"))
    validator.validate(JSON)
    validator.validate(JSON | {"smell": 1})
    for wrong in (
        without("name"), JSON | {"kind": "herb"}, JSON | {"color": "x"}, JSON | {"p1": "x"},
        JSON | {"place": [3]}, JSON | {"place": ["x", 3]}, JSON | {"seed": {}}, JSON | {"leaves": [{}]},
        JSON | {"stalk": "x"}, JSON | {"largest": {"may": 1}},
    ):  # fmt: skip
        assert not validator.is_valid(wrong), wrong


def test_a_union_is_any_of_them() -> None:
    made = schema(Leaf | Stalk, "either")
    assert made["anyOf"] == [{"$ref": "#/$defs/Leaf"}, {"$ref": "#/$defs/Stalk"}]
    jsonschema.validate({"size": 1}, made)
    jsonschema.validate({"stalk": 1, "bent": True}, made)


def test_a_name_of_its_own_is_not_taken_for_a_member() -> None:
    made = schema(Reason, "reason")["$defs"]["Reason"]
    assert [*made["patternProperties"]] == ["^(?!(code)$)(.*)$"]
    jsonschema.validate({"code": "too_few", "needs": 3, "of": "workers"}, schema(Reason, "reason"))


def test_two_types_of_one_name_are_refused() -> None:
    other = dataclass(frozen=True)(type("Leaf", (), {"__doc__": "another", "__annotations__": {}}))
    with pytest.raises(ValueError, match="two types have the same name: Leaf"):
        schema(Leaf | other, "either")
