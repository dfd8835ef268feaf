"""YAML as plain values with their places: what is read, what is refused, and where it says that it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.errors import ProfileError
from loadgen.profile.document import DEPTH_LIMIT, SIZE_LIMIT, Place, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("'~'", "~"),
        ("[yes, no, on, off, y]", ["yes", "no", "on", "off", "y"]),
        ("[true, TRUE, tRUE]", [True, True, "tRUE"]),
        ("[010, 0o10, 0x1f, -7, +7]", [10, 8, 31, -7, 7]),
        ("[1e3, .5, 1., 1_000, 12:30:00, 2026-01-01]", [1000.0, 0.5, 1.0, "1_000", "12:30:00", "2026-01-01"]),
        ("['1', \"1\"]", ["1", "1"]),
        ("9" * 301, 1e301),
        ("a: {}\nb: []", {"a": {}, "b": []}),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = read(text, "p.yaml").data
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9" * 300 + "e99"])
def test_what_json_has_no_number_for_is_refused(text: str) -> None:
    with pytest.raises(ProfileError, match="is not a number in JSON"):
        read(f"a: {text}", "p.yaml")
    assert read(f"a: '{text}'", "p.yaml").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("a: 1\nb: 2\na: 3", 3, "a"),
        ("a:\n  - {name: x, b: 1, b: 2}", 2, "a.x.b"),
        ("1: a\n'1': b", 2, "1"),
    ],
)
def test_a_key_that_is_there_twice_is_refused_where_it_stands(text: str, line: int, key: str) -> None:
    with pytest.raises(ProfileError, match="is given twice") as told:
        read(text, "p.yaml")
    assert (told.value.line, told.value.key) == (line, key)


def test_the_limits_are_exact() -> None:
    assert len(read("#" * SIZE_LIMIT, "p.yaml").places) == 1
    with pytest.raises(ProfileError, match="is larger than 1MiB"):
        read("#" * (SIZE_LIMIT + 1), "p.yaml")
    deepest = "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT
    assert read(deepest, "p.yaml").data
    with pytest.raises(ProfileError, match=f"deeper than {DEPTH_LIMIT}"):
        read(f"[{deepest[:-DEPTH_LIMIT]}1{deepest[DEPTH_LIMIT:]}]", "p.yaml")


def test_each_value_has_its_place_and_what_has_none_that_of_what_it_is_in() -> None:
    document = read("a:\n  - name: x\n    b: 1\n\n  - c\n", "p.yaml")
    assert document.place(("a", 0, "b")) == Place("p.yaml", 3)
    assert document.place(("a", 1)) == Place("p.yaml", 5)
    assert document.place(("a", 0, "nothing", "below")) == document.place(("a", 0)) == Place("p.yaml", 2)
    assert document.place(("nothing",)) == Place("p.yaml", 1)


def test_a_way_is_written_with_the_names_of_items() -> None:
    document = read("load:\n  - {name: burst, rate: 1}\n  - {name: 7}\n  - {}\n", "p.yaml")
    assert [document.key(("load", n, "rate")) for n in range(4)] == [
        "load.burst.rate", "load.1.rate", "load.2.rate", "load.3.rate",
    ]  # fmt: skip


def test_an_error_cannot_steer_the_terminal() -> None:
    document = read('"a\\e[2J": 1', "p.yaml")
    told = document.error(("a\x1b[2J",), "has \x1b[2J in it", "leave \x07 out")
    assert str(told).isprintable()


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_text_is_a_document_or_one_line(text: str) -> None:
    try:
        read(text, "p.yaml")
    except ProfileError as error:
        assert "\n" not in str(error)
