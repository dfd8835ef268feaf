"""An answer is judged and read: its class, what is captured of it, what it reports."""

from __future__ import annotations

from typing import Any

import pytest
from workloads import step

from loadgen.exchange import Exchange, Outcome, Request
from loadgen.profile.model import Expect
from loadgen.workload.answers import by_status, judge, milliseconds


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
        (200, "ok"), (204, "ok"), (299, "ok"), (300, "unexpected"), (302, "unexpected"), (304, "unexpected"),
        (399, "unexpected"), (400, "http_4xx"), (404, "http_4xx"), (429, "throttled"), (499, "http_4xx"),
         (500, "http_5xx"), (503, "http_5xx"), (599, "http_5xx"),
    ],
)  # fmt: skip
def test_unless_said_2xx_is_ok(status: int, outcome: str) -> None:
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
        ("body: x", 302, "unexpected"),
        ("status: 3xx", 302, "ok"),
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


@pytest.mark.parametrize(
    ("expected", "status", "outcome", "reason"),
    [
        (201, 201, Outcome.OK, ""),
        (201, 200, Outcome.UNEXPECTED, "status 200, not 201"),
        ("2xx", 302, Outcome.UNEXPECTED, "status 302, not 200..299"),
        ([200, "404..410"], 429, Outcome.THROTTLED, "status 429, not 200 or 404..410"),
    ],
)
def test_another_status_than_expected(expected: object, status: int, outcome: Outcome, reason: str) -> None:
    check = judge(Expect.model_validate({"status": expected}))
    assert check
    x = Exchange(Request("GET", "/"), 0, None, 1, 1, 1, 0)
    x.status = status
    check(x)
    assert (x.outcome, x.reason) == (outcome, reason)
