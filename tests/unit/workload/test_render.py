"""Values as text where they stand: in a URL, in JSON, in a header; and texts made by the block."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from workloads import request

from loadgen.profile.placeholders import parse
from loadgen.workload.draws import BLOCK, Column, Unsendable
from loadgen.workload.render import Seeds, encoded, in_url, json_pieces, text

strange = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(strange)
@settings(max_examples=examples(160), deadline=None, derandomize=True, database=None)
def test_a_value_in_a_path_and_a_query_comes_back_from_the_url(value: str) -> None:
    path = request("get: '/a/{{v}}', query: {q: 'x {{v}}', 'a b': '1&2'}", values={"v": value}).path
    assert re.fullmatch(r"/a/[A-Za-z0-9_.~%-]*\?q=[A-Za-z0-9_.~%-]*&a%20b=1%262", path)
    first, _, rest = path.partition("?")
    assert unquote(first) == f"/a/{value}"
    assert unquote(rest.split("&")[0]) == f"q=x {value}"


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), strange, st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(strange, inner, max_size=3)),
    max_leaves=6,
)


@given(anything)
@settings(max_examples=examples(160), deadline=None, derandomize=True, database=None)
def test_a_value_in_a_json_body_keeps_its_type_alone_and_is_text_within_a_text(value: Any) -> None:
    body = request("post: /, json: {one: '{{v}}', two: ['<{{v}}>'], three: 5}", values={"v": value}).body
    found = json.loads(body)
    assert found["one"] == value
    assert type(found["one"]) is type(value)
    inner = found["two"][0][1:-1]
    assert inner == value if isinstance(value, str) else json.loads(inner) == value
    assert found["three"] == 5


@given(anything)
@settings(max_examples=examples(160), deadline=None, derandomize=True, database=None)
def test_a_json_body_without_placeholders_is_itself(value: Any) -> None:
    if "{{" not in json.dumps(value):
        pieces = json_pieces(value, Seeds(1))
        assert all(isinstance(piece, str) for piece in pieces)
        assert json.loads("".join(map(str, pieces))) == value


def test_one_placeholder_alone_keeps_its_type() -> None:
    body = (
        "{a: '{{int 5 5}}', b: '{{int 5 5}} ', c: '{{choice 7}}', d: ['{{seq}}'], e: '{{choice x}}', f: '{{bytes 0}}'}"
    )
    found = json.loads(request(f"post: /, json: {body}", index=9).body)
    assert found == {"a": 5, "b": "5 ", "c": 7, "d": [9], "e": "x", "f": ""}


@pytest.mark.parametrize("evil", ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b", "é", "\x7f", "\x85", "\ud800", "a\tb"])
def test_a_value_that_would_break_a_header_is_refused(evil: str) -> None:
    with pytest.raises(Unsendable):
        request("get: /, headers: {x-id: 'a {{v}}'}", values={"v": evil})


@given(st.text(max_size=50))
@settings(max_examples=examples(160), deadline=None, derandomize=True, database=None)
def test_no_captured_text_gets_a_line_break_into_the_head(value: str) -> None:
    try:
        made = request("get: '/{{v}}', query: {'{': '{{v}}'}, headers: {x: '{{v}}'}", values={"v": value})
    except Unsendable:
        return
    assert all(0x20 < ord(c) < 0x7F for c in made.path)
    assert all(0x20 <= ord(c) < 0x7F for name, line in made.headers for c in name + line)


def test_a_lone_surrogate_is_refused_where_it_cannot_be_encoded() -> None:
    for written in ("get: '/{{v}}'", "get: /, query: {a: '{{v}}'}", "post: /, text: '{{v}}'"):
        with pytest.raises(Unsendable, match="Unicode"):
            request(written, values={"v": "\ud800"})
    assert json.loads(request("post: /, json: ['{{v}}']", values={"v": "\ud800"}).body) == ["\ud800"]


def test_values_in_texts_are_jsons_words() -> None:
    value = {"t": True, "n": None, "l": [1, "x"], "s": "plain", "f": 0.5}
    made = request("post: '/{{t}}', text: '{{n}} {{l}} {{s}} {{f}}', headers: {x: '{{l}}'}", values=value)
    assert (made.path, made.body) == ("/true", b'null [1, "x"] plain 0.5')
    assert dict(made.headers)["x"] == '[1, "x"]'


def test_a_template_is_a_constant_if_it_can_be() -> None:
    assert text(parse("a b"), Seeds(1), in_url) == "a b", "what the user wrote stands as it is written"
    assert callable(text(parse("a {{seq}}"), Seeds(1)))


def test_a_text_of_drawn_values_is_the_values_one_by_one() -> None:
    """It is joined for a block of iterations at once, in whatever order they are asked for, and as if it were not."""
    template = parse("<{{uuid}} {{int -5 99}}/{{x}}/{{bytes 3 9}} {{seq}}>")
    seeds = Seeds(1)
    apart = [part if isinstance(part, str) else seeds.getter(part) for part in template.parts]
    whole = text(template, Seeds(1))
    assert not isinstance(whole, str)
    for index in [*range(0, 3 * BLOCK, 7), *range(2 * BLOCK, 0, -11), BLOCK - 1, BLOCK, 10**9]:
        given = {"x": f"captured {index}"}
        expected = "".join(part if isinstance(part, str) else str(part(given, index)) for part in apart)
        assert whole(given, index) == expected


@pytest.mark.parametrize(("written", "in_blocks"), [("{{uuid}} {{bytes 1000}}", True), ("{{bytes 1024}} " * 2, False)])
def test_only_short_texts_are_held_by_the_block(written: str, in_blocks: bool) -> None:
    assert isinstance(text(parse(written), Seeds(1)), Column) is in_blocks


def test_a_text_that_has_no_bytes_is_refused_when_it_is_sent() -> None:
    make = encoded(text(parse("{{uuid}} \ud800"), Seeds(1)))
    assert not isinstance(make, bytes)
    with pytest.raises(UnicodeEncodeError):
        make({}, 0)
