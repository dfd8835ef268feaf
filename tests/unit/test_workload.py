"""What is sent, and what is made of the answers: placeholders, escaping, bodies, data; expect, capture, record."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from engine_harness import profile
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen import clock
from loadgen.clock import SECOND
from loadgen.exchange import BODY, HEADERS, NOTHING, Exchange, Request
from loadgen.pacing import Schedule
from loadgen.profile.model import Profile
from loadgen.profile.placeholders import parse
from loadgen.profile.rate import LinearRate
from loadgen.workload import draws
from loadgen.workload.answers import by_status, milliseconds
from loadgen.workload.draws import BLOCK, Column, Unsendable, stream_of
from loadgen.workload.render import Seeds, encoded, in_url, json_pieces, text
from loadgen.workload.scenarios import USER_AGENT, StepWork, Workload

LOAD = "load: [{name: a, rate: 1/s, for: 1s}]\n"


def workload(steps: str, folder: Path | None = None, more: str = "", base: str = "", **which: int) -> Workload:
    written = LOAD + f"scenarios: [{{name: s, steps: [{steps}]{more}}}]"
    return Workload(profile(written, folder), base, **which)


def step(written: str, folder: Path | None = None) -> StepWork:
    return workload(f"{{name: x, {written}}}", folder).scenarios[0].steps[0]


def request(written: str, index: int = 0, values: dict[str, Any] | None = None, folder: Path | None = None) -> Request:
    """The request of a step; `values` stand for what earlier ones captured."""
    captured = ", ".join(f"{name}: body.{name}" for name in values or {})
    before = f"{{name: before, get: /, capture: {{{captured}}}}}, " if values else ""
    compiled = workload(f"{before}{{name: x, {written}}}", folder).scenarios[0].steps[-1]
    if compiled.constant:
        return compiled.constant
    assert compiled.render
    return compiled.render(values or {}, index)


def values(placeholder: str, count: int = 2000, seed: tuple[int, ...] = (1, 2)) -> list[Any]:
    single = parse(placeholder).single
    assert single
    get = draws.getter(single, seed)
    return [get({}, index) for index in range(count)]


# placeholders


def test_uuids_are_random_ones_of_version_4() -> None:
    found = values("{{uuid}}")
    assert len(set(found)) == len(found)
    assert {(UUID(text).version, UUID(text).variant) for text in found} == {(4, "specified in RFC 4122")}
    assert {str(UUID(text)) for text in found} == set(found)
    assert set(Counter(text[19] for text in found)) == set("89ab")


def test_seq_counts_the_iterations() -> None:
    assert values("{{seq}}", 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("low", "high"), [(1, 6), (-3, 3), (0, 0), (0, 10**18 - 1), (-(10**17), 10**17)])
def test_int_keeps_to_its_bounds_and_reaches_both(low: int, high: int) -> None:
    found = values(f"{{{{int {low} {high}}}}}")
    assert all(type(value) is int and low <= value <= high for value in found)
    if high - low < 10:
        assert set(found) == set(range(low, high + 1))


def test_int_is_even() -> None:
    counts = Counter(values("{{int 1 6}}", 12_000))
    assert sum((count - 2000) ** 2 / 2000 for count in counts.values()) < 25.7  # chi-squared, 5: P = 0.0001


def test_choice_takes_each_with_its_type() -> None:
    found = values('{{choice red "dark blue" 7 2.5}}')
    assert {(type(value), value) for value in found} == {(str, "red"), (str, "dark blue"), (int, 7), (float, 2.5)}
    assert min(Counter(map(str, found)).values()) > 400


@pytest.mark.parametrize("length", [0, 1, 150, 100_000])
def test_bytes_is_so_many_letters_and_digits(length: int) -> None:
    found = values(f"{{{{bytes {length}}}}}", 50)
    assert all(len(value) == length and (value.isalnum() or not value) and value.isascii() for value in found)
    assert len(set(found)) == (50 if length > 1 else len(set(found)))


def test_now_is_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "wall", lambda: 1_750_000_000 * SECOND + 7_999_999)
    assert values("{{now}}", 1) == ["2025-06-15T15:06:40.007Z"]
    assert clock.wall() > 1_750_000_000 * SECOND


def test_a_name_is_what_was_captured() -> None:
    assert request("get: '/{{a}}/{{b}}'", values={"a": "x", "b": 5}).path == "/x/5"


@pytest.mark.parametrize("kind", ["{{uuid}}", "{{int 0 999999}}", "{{choice a b c d e f g}}", "{{bytes 12}}"])
def test_a_value_depends_on_its_place_and_iteration_alone(kind: str) -> None:
    """Whoever asks, and in whatever order."""
    single = parse(kind).single
    assert single
    expected = values(kind, 5 * BLOCK)
    again = draws.getter(single, (1, 2))
    order = [*range(0, 5 * BLOCK, 3), *reversed(range(5 * BLOCK)), 0, 4 * BLOCK, 1]
    assert [again({}, index) for index in order] == [expected[index] for index in order]
    assert values(kind, 100, (1, 3)) != expected[:100]
    assert values(kind, 100, (2, 2)) != expected[:100]


def test_placeholders_of_one_text_are_drawn_apart() -> None:
    found = request("post: /, json: ['{{int 0 999999}}', '{{int 0 999999}}', 'x {{int 0 999999}}']").body
    first, second, third = json.loads(found)
    assert len({first, second, int(third[2:])}) == 3


def test_no_stream_of_a_run_is_an_arrivals_or_anothers() -> None:
    """As plain entropy, (seed, 0, 0, 1) and (seed, 0, 0, 1, 0, 0) would be one and the same."""
    places = [(), (0,), (0, 0), (0, 0, 1), (0, 0, 1, 0), (0, 0, 1, 0, 0), (1,), (1, 0), (0, 1), (0, 1, 0), (2**40, 0)]
    drawn = [stream_of((7, *place)).random() for place in places]
    assert len(set(drawn)) == len(places)
    block = next(Schedule(LinearRate(1, 1), 10**6 * SECOND, True, (7, 0, 0, 1)).blocks())
    exponentials = stream_of((7, 0, 0, 1)).standard_exponential(100)
    assert block[0] == int(exponentials[0] * SECOND), "an arrival's stream, as pacing makes it"
    assert stream_of((7, 0, 0, 1, 0, 0)).standard_exponential() != exponentials[0]


def test_another_run_variant_or_round_writes_other_items() -> None:
    written = "{name: x, post: /, json: {id: '{{uuid}}'}}"
    bodies = set()
    for payloads in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        render = workload(written, payloads=payloads).scenarios[0].steps[0].render
        assert render
        bodies |= {render({}, index).body for index in range(100)}
    assert len(bodies) == 400


def test_another_run_has_the_same_scenarios_and_think_times() -> None:
    written = {
        "name": "x",
        "target": "sandbox",
        "load": [{"name": "one", "users": 1, "for": "1s"}],
        "scenarios": [
            {"name": name, "steps": [{"name": "x", "get": "/", "think": "1s..9s"}]} for name in ("one", "two")
        ],
    }
    first, second = (Workload(Profile.model_validate(written), payloads=payloads) for payloads in ((), (7,)))
    assert [first.scenario(n).name for n in range(500)] == [second.scenario(n).name for n in range(500)]
    thinks = [[work.scenarios[0].steps[0].think(n) for n in range(500)] for work in (first, second)]
    assert thinks[0] == thinks[1]


# where a value stands

strange = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(strange)
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
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
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
def test_a_value_in_a_json_body_keeps_its_type_alone_and_is_text_within_a_text(value: Any) -> None:
    body = request("post: /, json: {one: '{{v}}', two: ['<{{v}}>'], three: 5}", values={"v": value}).body
    found = json.loads(body)
    assert found["one"] == value
    assert type(found["one"]) is type(value)
    inner = found["two"][0][1:-1]
    assert inner == value if isinstance(value, str) else json.loads(inner) == value
    assert found["three"] == 5


@given(anything)
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
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
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
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


# requests


def test_a_request_that_never_changes_is_made_once() -> None:
    compiled = step("post: /a?b=1, query: {c: 2, d: 'e f'}, json: {g: 1}")
    assert compiled.render is None
    made = compiled.constant
    assert made
    assert (made.method, made.path, made.body) == ("POST", "/a?b=1&c=2&d=e%20f", b'{"g":1}')
    assert made.headers == (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Content-Type", "application/json"))


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch", "head", "options"])
def test_methods_are_those_of_the_steps(method: str) -> None:
    assert request(f"{method}: /").method == method.upper()


def test_the_targets_own_path_comes_first() -> None:
    for path in ("/", "/{{seq}}"):
        compiled = workload(f"{{name: x, get: '{path}'}}", base="/prod").scenarios[0].steps[0]
        made = compiled.constant or (compiled.render and compiled.render({}, 3))
        assert made
        assert made.path == "/prod" + path.replace("{{seq}}", "3")


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/", "{a: 1}", "/?a=1"),
        ("/?z", "{a: 1}", "/?z&a=1"),
        ("/", "{a: 0.5, b: '', 'ü': 'ä'}", "/?a=0.5&b=&%C3%BC=%C3%A4"),
        ("/%20{{seq}}", "{a: '%20{{seq}}'}", "/%204?a=%25204"),
        ("/?a={{choice x/y}}", "{}", "/?a=x%2Fy"),
    ],
)
def test_queries_are_put_together(path: str, query: str, expected: str) -> None:
    assert request(f"get: '{path}', query: {query}", index=4).path == expected


@pytest.mark.parametrize(
    ("written", "content_type", "body"),
    [
        ("get: /", None, b""),
        ("post: /, json: null", "application/json", b"null"),
        ("post: /, json: ''", "application/json", b'""'),
        ("post: /, json: {a: [1, 2.5, true, null, 'ü']}", "application/json", b'{"a":[1,2.5,true,null,"\\u00fc"]}'),
        ("post: /, text: 'ü {{seq}}'", "text/plain; charset=utf-8", "ü 0".encode()),
        ("post: /, text: ''", "text/plain; charset=utf-8", b""),
        ("post: /, file: f.bin", "application/octet-stream", b"\x00\xff{{uuid}}"),
        ("post: /, json: 1, headers: {content-type: application/x}", "application/x", b"1"),
    ],
)
def test_bodies_say_what_they_are(tmp_path: Path, written: str, content_type: str | None, body: bytes) -> None:
    (tmp_path / "f.bin").write_bytes(b"\x00\xff{{uuid}}")
    made = request(written, folder=tmp_path)
    assert made.body == body
    found = {name.lower(): value for name, value in made.headers}
    assert found.get("content-type") == content_type
    assert len(found) == len(made.headers)


def test_headers_of_ones_own_replace_ours() -> None:
    made = request("get: /, headers: {user-agent: me, ACCEPT: 'a/b', x: '{{seq}}'}", index=2)
    assert made.headers == (("user-agent", "me"), ("ACCEPT", "a/b"), ("x", "2"))


# scenarios and data


def test_weights_are_shares_and_each_index_has_its_scenario() -> None:
    steps = "steps: [{name: x, get: /}]"
    written = LOAD + f"scenarios: [{{name: a, weight: 9, {steps}}}, {{name: b, {steps}}}]"
    first, again = Workload(profile(written)), Workload(profile(written))
    drawn = [first.scenario(index).name for index in range(10_000)]
    assert abs(drawn.count("a") - 9000) < 4 * 30
    assert [again.scenario(index).name for index in reversed(range(10_000))] == drawn[::-1]


def rows(order: str, folder: Path, count: int = 10) -> Callable[[int], int]:
    (folder / "d.jsonl").write_text("".join(f'{{"n": {n}, "t": {{"deep": [{n}]}}}}\n' for n in range(count)))
    more = f", data: {{file: d.jsonl, order: {order}}}"
    scenario = workload("{name: x, post: '/{{n}}', json: ['{{t}}']}", folder, more).scenarios[0]
    assert not scenario.plain

    def pick(index: int) -> int:
        render = scenario.steps[0].render
        assert render
        made = render(scenario.values(index), index)
        (value,) = json.loads(made.body)
        assert made.path == f"/{value['deep'][0]}"
        return int(value["deep"][0])

    return pick


def test_data_in_sequence_goes_round(tmp_path: Path) -> None:
    pick = rows("sequential", tmp_path)
    assert [pick(index) for index in range(25)] == [*range(10), *range(10), *range(5)]


def test_data_shuffled_takes_every_row_before_any_twice(tmp_path: Path) -> None:
    pick = rows("shuffle", tmp_path)
    first = [pick(index) for index in range(10)]
    assert sorted(first) == list(range(10))
    assert first != list(range(10))
    assert [pick(index) for index in range(10, 20)] == first


def test_data_at_random_takes_any(tmp_path: Path) -> None:
    pick = rows("random", tmp_path)
    counts = Counter(pick(index) for index in range(5000))
    assert sum((count - 500) ** 2 / 500 for count in counts.values()) < 33.7  # chi-squared, 9: P = 0.0001


def test_csv_values_are_text(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text('user,note\n007,"a, ""b"""\n')
    written = "{name: x, post: '/{{user}}', json: ['{{user}}', '{{note}}']}"
    scenario = workload(written, tmp_path, ", data: u.csv").scenarios[0]
    render = scenario.steps[0].render
    assert render
    assert render(scenario.values(5), 5).body == b'["007","a, \\"b\\""]'


def test_a_row_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user\na\n")
    written = "{name: x, get: '/{{user}}', capture: {id: body.id}}"
    scenario = workload(written, tmp_path, ", data: u.csv").scenarios[0]
    scenario.values(0)["user"] = "changed"
    assert scenario.values(0) == {"user": "a"}


def test_everything_is_drawn_once_before_the_load_whatever_the_data(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user\né\n")
    steps = "{name: x, get: /, headers: {x: '{{user}}'}, capture: {id: body.id}}, {name: y, get: '/{{id}}/{{uuid}}'}"
    workload(steps, tmp_path, ", data: u.csv").prime(5)


# answers


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Exchange:
    x = Exchange(Request("GET", "/"), 0, None, 1, 1, 1, 0)
    x.status, x.body, x.headers = status, body, {name.replace("_", "-"): value for name, value in headers.items()}
    return x


def assessed(expect: str, x: Exchange) -> tuple[str, str]:
    step(f"get: /{f', expect: {{{expect}}}' if expect else ''}").assess(x)
    return x.outcome.word, x.reason


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"), (204, "ok"), (301, "ok"), (399, "ok"), (400, "http_4xx"), (404, "http_4xx"), (429, "throttled"),
        (499, "http_4xx"), (500, "http_5xx"), (503, "http_5xx"), (599, "http_5xx"),
    ],
)  # fmt: skip
def test_unless_said_a_status_below_400_is_ok(status: int, outcome: str) -> None:
    assert assessed("", answer(status)) == (outcome, "" if outcome == "ok" else f"status {status}")


def test_classes_of_what_is_not_ok() -> None:
    assert [by_status(status).word for status in (100, 200, 302, 400, 429, 500, 999)] == [
        "unexpected", "unexpected", "unexpected", "http_4xx", "throttled", "http_5xx", "http_5xx",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expect", "status", "outcome"),
    [
        ("status: 201", 201, "ok"),
        ("status: 201", 200, "unexpected"),
        ("status: 2xx", 299, "ok"),
        ("status: 2xx", 300, "unexpected"),
        ("status: 200..204", 204, "ok"),
        ("status: 200..204", 205, "unexpected"),
        ("status: [404, 5xx]", 404, "ok"),
        ("status: [404, 5xx]", 503, "ok"),
        ("status: [404, 5xx]", 429, "throttled"),
        ("status: 404", 200, "unexpected"),
        ("status: 200", 404, "http_4xx"),
        ("status: 200", 500, "http_5xx"),
        ("status: 429", 429, "ok"),
        ("body: x", 404, "http_4xx"),
    ],
)
def test_expect_alone_decides_which_status_is_ok(expect: str, status: int, outcome: str) -> None:
    assert assessed(expect, answer(status, b"x"))[0] == outcome


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ("headers: {X-Kind: a b}", ""),
        ("headers: {x-kind: a}", "header x-kind is another"),
        ("headers: {x-kind: {matches: '^a.b$'}}", ""),
        ("headers: {x-kind: {matches: b}}", ""),
        ("headers: {x-kind: {matches: '^b'}}", "header x-kind is another"),
        ("headers: {x-no: a}", "header x-no is missing"),
        ("json: {a.b.0: 5}", ""),
        ("json: {a.b.0: '5'}", "json a.b.0 is another"),
        ("json: {a.b.0: 5.0}", "json a.b.0 is another"),
        ("json: {a.b.1: true}", ""),
        ("json: {a.b.1: 1}", "json a.b.1 is another"),
        ("json: {a.b.2: null}", ""),
        ("json: {a.b.3: null}", "json a.b.3 is missing"),
        ("json: {a.no: 1}", "json a.no is missing"),
        ("json: {a.b.x: 1}", "json a.b.x is missing"),
        ("json: {s.0: a}", "json s.0 is missing"),
        ("json: {'7': y}", ""),
        ("json: {a: {b: [5, true, null]}}", ""),
        ("body: '\"b\": [5'", ""),
        ("body: nowhere", "the body does not contain what is expected"),
        ("headers: {x-kind: a b}, json: {a.b.0: 5}, body: nowhere", "the body does not contain what is expected"),
    ],
)
def test_headers_json_and_body_are_compared(expect: str, reason: str) -> None:
    body = b'{"a": {"b": [5, true, null]}, "s": "abc", "7": "y"}'
    outcome = "unexpected" if reason else "ok"
    assert assessed(expect, answer(200, body, x_kind="a b")) == (outcome, reason)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b"NaN", b"9" * 5000])
def test_a_body_that_is_no_json_is_missing_and_no_error(body: bytes) -> None:
    assert assessed("json: {a: 1}", answer(200, body)) == ("unexpected", "json a is missing")


def read(
    written: str, x: Exchange, before: dict[str, Any] | None = None
) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    found = dict(before or {})
    return found, step(f"get: /, {written}").read(x, found)


def test_parts_of_the_answer_are_captured() -> None:
    x = answer(201, b'{"id": {"n": [1, 2]}, "ok": true}', x_cold="true")
    written = "capture: {s: status, c: header.X-Cold, w: body, i: body.id.n.1, o: body.ok}"
    assert read(written, x) == (
        {"s": 201, "c": "true", "w": '{"id": {"n": [1, 2]}, "ok": true}', "i": 2, "o": True}, [],
    )  # fmt: skip


def test_what_is_missing_is_not_captured_and_forgets_what_was() -> None:
    assert read("capture: {a: body.a, h: header.h}", answer(), {"a": 1, "h": 2, "b": 3}) == ({"b": 3}, [])


@pytest.mark.parametrize(
    ("header", "ns"),
    [
        ("db;dur=53.2", 53_200_000),
        ("cache;desc=hit, db ; dur = 7", 7_000_000),
        ('db;desc="a, b; dur=9";dur=5', 5_000_000),
        ('db;dur="4.5";desc=x', 4_500_000),
        ("DB;dur=1", None),
        ("db", None),
        ("db;desc=x, other;dur=3", None),
        ("db;dur=1.2.3", None),
        ("other;dur=3", None),
        ("", None),
        (",;,db;;dur=3", 3_000_000),
        ('db;desc="never closed;dur=3', None),
        ("db;duration=3", None),
        (";" * 100_000, None),
        ('"' * 100_001, None),
    ],
)
def test_server_timing_is_read_by_metric(header: str, ns: int | None) -> None:
    found = read("record: {t: header.server-timing.db}", answer(server_timing=header))[1]
    assert found == ([] if ns is None else [(0, ns)])


@pytest.mark.parametrize(
    ("value", "ns"),
    [(5, 5_000_000), ("2.5", 2_500_000), (0, 0), (0.0000005, 0), (-1, None), ("x", None), (None, None), ([], None),
     ("nan", None), ("inf", None), (1e300, None), (True, None), ({}, None)],
)  # fmt: skip
def test_a_reported_time_is_a_number_of_milliseconds(value: Any, ns: int | None) -> None:
    assert milliseconds(value) == ns


def test_metrics_of_ones_own_are_numbered_over_all_steps() -> None:
    made = workload(
        "{name: x, get: /, record: {a: body.a, b: body.b}}, {name: y, get: /, record: {b: body.x, c: body.c}}"
    )
    assert made.metrics == ("a", "b", "c")
    assert [[number for number, _ in step.record] for step in made.scenarios[0].steps] == [[0, 1], [1, 2]]


@pytest.mark.parametrize(
    ("written", "wants"),
    [
        ("get: /", NOTHING),
        ("get: /, expect: {status: 200}", NOTHING),
        ("get: /, capture: {s: status}", NOTHING),
        ("get: /, expect: {headers: {a: b}}", HEADERS),
        ("get: /, capture: {c: header.x}", HEADERS),
        ("get: /, record: {c: header.server-timing.x}", HEADERS),
        ("get: /, expect: {body: x}", BODY),
        ("get: /, expect: {json: {a: 1}}", BODY),
        ("get: /, capture: {c: header.x, d: body}", BODY),
    ],
)
def test_a_client_keeps_what_a_step_reads_and_no_more(written: str, wants: int) -> None:
    assert step(written).wants == wants


@pytest.mark.parametrize(
    ("target", "wants"),
    [
        ("target: https://abc.execute-api.eu-west-1.amazonaws.com/prod", HEADERS),
        ("target: https://api.example.com\nauth: {api_key: {env: KEY}}", HEADERS),
        ("target: https://api.example.com", NOTHING),
    ],
)
def test_headers_are_kept_where_they_hold_the_id_of_a_request(target: str, wants: int) -> None:
    (made,) = Workload(profile(f"{target}\n{LOAD}")).scenarios
    assert made.steps[0].wants == wants


def test_an_iteration_that_keeps_nothing_is_plain() -> None:
    assert workload("{name: x, get: '/{{uuid}}', expect: {body: x}}").scenarios[0].plain
    for written in ("capture: {a: body.a}", "record: {a: body.a}", "think: 1s"):
        assert not workload(f"{{name: x, get: /, {written}}}").scenarios[0].plain
    assert not workload("{name: x, get: /}, {name: y, get: /}").scenarios[0].plain


def test_think_times_are_within_their_range_and_the_same_again() -> None:
    made = step("get: /, think: 10ms..20ms").think
    again = step("get: /, think: 10ms..20ms").think
    assert made
    assert again
    drawn = [made(index) for index in range(1000)]
    assert drawn == [again(index) for index in range(1000)]
    assert 10_000_000 <= min(drawn) < 10_100_000
    assert 19_900_000 < max(drawn) <= 20_000_000


def test_steps_are_numbered_over_all_scenarios_and_keep_their_timeouts() -> None:
    written = (
        LOAD
        + """
timeout: 7s
scenarios:
  - {name: a, steps: [{name: x, get: /, timeout: 2s}, {name: y, get: /}]}
  - {name: b, steps: [{name: x, get: /}]}
"""
    )
    made = Workload(profile(written))
    assert [[step.number for step in s.steps] for s in made.scenarios] == [[0, 1], [2]]
    assert [[step.timeout // SECOND for step in s.steps] for s in made.scenarios] == [[2, 7], [7]]


def test_a_template_is_a_constant_if_it_can_be() -> None:
    assert text(parse("a b"), Seeds(1), in_url) == "a b", "what the user wrote stands as it is written"
    assert callable(text(parse("a {{seq}}"), Seeds(1)))


# texts in blocks


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
