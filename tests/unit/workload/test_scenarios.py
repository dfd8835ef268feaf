"""Scenarios, steps and the requests that they make."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_harness import profile
from workloads import LOAD, request, step, workload

from loadgen.clock import SECOND
from loadgen.exchange import BODY, HEADERS, NOTHING
from loadgen.workload.scenarios import USER_AGENT, Workload

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
