"""What of an answer a sample may show: the beginning of what a failing one says, in one line and without secrets."""

from __future__ import annotations

import json

import pytest

from loadgen.exchange import Exchange, Outcome, Request
from loadgen.net.http1 import EXCERPT
from loadgen.record.excerpt import MESSAGE, excerpt_of

JSON = b"Content-Type: application/json\r\n"


def says(body: bytes, *, headers: bytes = b"", status: int = 500, outcome: Outcome = Outcome.HTTP_5XX) -> str:
    x = Exchange(Request("GET", "/"), 0, None, 1, 1, 1, 0)
    x.status, x.outcome = status, outcome
    x.excerpt = (b"HTTP/1.1 %d No\r\n%s\r\n" % (status, headers) + body)[:EXCERPT]
    return excerpt_of(x).message


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"message": "Internal server error", "requestId": "1"}', "Internal server error"),
        (b'{"Message": "no such table"}', "no such table"),
        (b'{"errorMessage": "Task timed out", "errorType": "Sandbox.Timedout"}', "Task timed out"),
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b'{"error": {"code": 7, "message": "no such user"}}', "no such user"),
        (b'{"error": {"code": 7}}', '{"error": {"code": 7}}'),
        (b'{"message": 5}', '{"message": 5}'),
        (b'{\n  "detail": [\n    "a"\n  ]\n}\n', '{ "detail": [ "a" ] }'),
        (b"<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway"),
        (b"<!doctype html><TITLE lang=en>A &amp; B</TITLE>", "A & B"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>No</Message></Error>", "AccessDenied No"),
        (b"upstream connect error\r\n", "upstream connect error"),
        ("größer".encode(), "größer"),
        (b"", ""),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56", ""),
        (b"[" * 10_000, "[" * MESSAGE),
    ],
)
def test_a_failing_answer_says_why(body: bytes, text: str) -> None:
    assert says(body) == text


@pytest.mark.parametrize(
    ("body", "headers", "wordless"),
    [
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56", b"", "compressed"),
        (b"words?", b"Content-Encoding: br\r\n", "compressed"),
        (b"\x89PNG\x00\x01\x02\xff\xfe\xfd", b"", "binary"),
        (b"", b"", "empty"),
        (b"", b"Content-Length: 0\r\n", "empty"),
        (b"", b"Content-Length: 12\r\n", None),  # it did not come
        (b"", b"X-Filler: " + b"f" * EXCERPT + b"\r\n", None),  # nobody kept it
        (b"words", b"", None),
    ],
)
def test_a_body_without_words_is_told_as_what_it_is(body: bytes, headers: bytes, wordless: str | None) -> None:
    x = Exchange(Request("GET", "/"), 0, None, 1, 1, 1, 0)
    x.status, x.outcome = 500, Outcome.HTTP_5XX
    x.excerpt = (b"HTTP/1.1 500 No\r\n%s\r\n" % headers + body)[:EXCERPT]
    assert excerpt_of(x)[2:] == ("words" if body == b"words" else "", wordless)
    x.outcome = Outcome.OK
    assert excerpt_of(x).wordless is None


def test_what_a_body_says_is_one_short_line_that_steers_nothing() -> None:
    told = says("\x1b]0;owned\x07\r\n\u202e".encode() + b"a b " * 5000)
    assert len(told) == MESSAGE
    assert told.startswith("?]0;owned? ")
    assert told.isprintable()


def test_members_with_the_name_of_a_secret_have_no_value() -> None:
    body = json.dumps({"code": 7, "access_token": "canary", "next": {"sessionId": "canary", "pad": "x" * 300}}).encode()
    assert says(body).startswith('{"code": 7, "access_token": "[redacted]", "next": {"sessionId": "[redacted]"')
    form = b"Content-Type: application/x-www-form-urlencoded\r\n"
    assert says(b"error=no&client_secret=canary", headers=form) == "error=no&client_secret=[redacted]"


def test_a_text_that_the_excerpt_cuts_off_says_so() -> None:
    """So that what is left of a secret at its end is known for that."""
    head = b"X-Filler: " + b"f" * (EXCERPT - 100) + b"\r\n"
    told = says(b"the key is canary-canary-" + b"x" * 300, headers=head)
    assert told.startswith("the key is canary-")
    assert told.endswith("…")
    assert len(told) < MESSAGE


def test_the_body_that_a_step_reads_is_told_whatever_the_status() -> None:
    x = Exchange(Request("GET", "/"), 0, None, 1, 1, 1, 0)
    x.status, x.outcome, x.headers, x.body = 200, Outcome.UNEXPECTED, {}, b'{"error": "busy"}'
    assert excerpt_of(x).message == "busy"
    x.outcome = Outcome.OK
    assert excerpt_of(x).message == ""
