"""`loadgen once`: an exchange shown whole, and its secrets not at all."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from loadgen.report import redaction
from loadgen.report.terminal.once import render_once, show_once


@pytest.fixture
def exchange() -> dict[str, Any]:
    return {
        "scenario": "order",
        "step": "put",
        "request": {
            "method": "POST",
            "url": "https://127.0.0.1:40001/orders?x=1",
            "headers": [("Content-Type", "application/json"), ("X-Trace", "t1")],
            "body": b'{"id": "6a1f", "total": 12}',
        },
        "answer": {"status": 201, "headers": {"content-type": "application/json"}, "body": b'{"ok": true,\n "n": 1}'},
        "outcome": "ok",
        "reason": "",
        "expected": "status 201",
        "times_ms": {
            "response": 60.0, "lag": 0.0, "wait": 0.0, "service": 60.0, "connect": 40.0, "tcp": 20.0, "tls": 20.0,
        },
        "connection": "new",
        "peer": {
            "address": "127.0.0.1:40001",
            "tls": "TLSv1.3",
            "cipher": "TLS_AES_256_GCM_SHA384",
            "resumed": False,
            "certificate": {
                "subject": ((("commonName", "localhost"),),),
                "issuer": ((("organizationName", "loadgen"),), (("commonName", "sandbox authority"),)),
                "notAfter": "Nov 22 12:00:00 2027 GMT",
                "subjectAltName": (("DNS", "localhost"), ("IP Address", "127.0.0.1")),
            },
        },
        "captured": {"id": "6a1f"},
    }  # fmt: skip


def test_everything_is_shown(exchange: dict[str, Any]) -> None:
    text = render_once([exchange])
    for part in (
        "order put  ok; expected: status 201\n",
        "  POST https://127.0.0.1:40001/orders?x=1\n    Content-Type: application/json\n    X-Trace: t1\n\n",
        '    {"id": "6a1f", "total": 12}\n',
        '  201 Created\n    content-type: application/json\n\n    {"ok": true,\n     "n": 1}\n',
        "connection   127.0.0.1:40001, new connection\n",
        "TLS          TLSv1.3, TLS_AES_256_GCM_SHA384, full handshake\n",
        "certificate  localhost; for localhost, 127.0.0.1; issued by sandbox authority; valid until Nov 22",
        "captured     id = 6a1f\n",
    ):
        assert part in text


def test_the_time_is_drawn_part_after_part(exchange: dict[str, Any]) -> None:
    bars = {line[2:14].strip(): line[23:] for line in render_once([exchange]).split("\n") if "█" in line}
    assert list(bars) == ["tcp", "tls", "send→answer"]
    assert [len(line) - len(line.lstrip()) for line in bars.values()] == [0, 20, 40]
    assert [line.count("█") for line in bars.values()] == [20, 20, 20]


def test_what_is_built_is_told_apart_from_signing() -> None:
    times = {"response": 60.0, "lag": 0.0, "sign": 40.0, "build": 30.0, "wait": 0.0, "service": 20.0}
    text = render_once([{"step": "put", "outcome": "ok", "answer": None, "times_ms": times}])
    bars = {line[2:14].strip(): line[23:] for line in text.split("\n") if "█" in line}
    assert list(bars) == ["build", "sign", "send→answer"]
    assert [line.count("█") for line in bars.values()] == [30, 10, 20]
    assert [len(line) - len(line.lstrip()) for line in bars.values()] == [0, 30, 40]


def test_no_answer_is_said() -> None:
    text = render_once([{"step": "read", "outcome": "timeout", "reason": "no answer within 2 s", "answer": None}])
    assert "read  timeout: no answer within 2 s\n" in text
    assert "  no answer\n" in text


def test_secrets_are_not_shown(exchange: dict[str, Any]) -> None:
    exchange["request"] |= {
        "url": "https://me:s3cret@127.0.0.1/a?X-Amz-Signature=s3cret&x=1",
        "headers": [(name, "s3cret") for name in ("Authorization", "Cookie", "X-Api-Key", "X-Amz-Security-Token")],
        "body": b'{"user": "u", "password": "s3cret \\" s3cret", "pin_token": 5553, "nested": {"apiKey": "s3cret',
    }
    exchange["answer"]["headers"] = {"Set-Cookie": "a=s3cret", "location": "/b?access_token=s3cret"}
    exchange["captured"] = {"session_token": "s3cret"}
    text = render_once([exchange])
    assert "s3cret" not in text
    assert "5553" not in text
    assert "https://127.0.0.1/a?X-Amz-Signature=[redacted]&x=1" in text
    assert '"user": "u"' in text


def test_a_form_is_redacted_as_a_form(exchange: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    exchange["request"] |= {"headers": headers, "body": b"user=u&password=s3cret&x=1"}
    assert "user=u&password=[redacted]&x=1" in render_once([exchange])


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.integers(0, 200))
def test_a_secret_member_is_redacted_however_the_text_is_cut(value: str, cut: int) -> None:
    before = '{"a": 1, "client_secret": '
    text = (before + json.dumps(value) + ', "z": true}')[: len(before) + cut]
    shown = redaction.members(text)
    assert shown.startswith(before + ('"[redacted]"' if cut else ""))
    assert shown[len(before) :] in (
        "", *(f'"[redacted]"{rest}' for rest in (', "z": true}'[:size] for size in range(13)))
    )  # fmt: skip


def test_redaction_takes_time_in_proportion() -> None:
    assert redaction.members('"' * 20_000).count('"') == 20_000
    assert redaction.members('{"token": "' + "\\" * 20_001) == '{"token": "[redacted]"'


def test_a_body_that_is_not_text_is_counted_and_a_long_one_cut(exchange: dict[str, Any]) -> None:
    exchange["request"]["body"] = bytes(range(256)) * 4
    exchange["answer"]["body"] = b"line\n" * 100_000
    text = render_once([exchange])
    assert "1,024 bytes that are not text" in text
    assert "… cut: 500,000 bytes in all" in text
    assert text.count("    line\n") == 400


def test_a_terminal_cannot_be_steered(exchange: dict[str, Any]) -> None:
    exchange["answer"] |= {"headers": {"x\x1b[2J": "\x1b]0;x\x07"}, "body": b"\x1b[31mred and a good deal of text"}
    exchange["captured"] = {"a\x9b": "\x1b[2J"}
    text = render_once([exchange])
    assert all(character.isprintable() or character == "\n" for character in text)


def test_an_ascii_pipe_can_take_it(exchange: dict[str, Any]) -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    show_once([exchange], file)
    file.flush()
    assert b"send>answer" in raw.getvalue()


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=400), st.text(st.characters(), max_size=300), st.floats(0, 1e6), st.floats(0, 1e6))
def test_any_answer_can_be_shown(body: bytes, text: str, response: float, service: float) -> None:
    answer = {"status": 200, "headers": {text: text}, "body": body}
    times = {"response": response, "service": service, "connect": response, "client_delay": service}
    exchange = {"step": text, "answer": answer, "reason": text, "times_ms": times, "captured": {text: text}}
    shown = render_once([exchange])
    assert max(cell_len(line) for line in shown.split("\n")) <= 100
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_where_no_connection_came_about_nothing_was_sent(exchange: dict[str, Any]) -> None:
    exchange |= {
        "answer": None, "outcome": "tls", "reason": "certificate refused", "remedy": "Name the authority: tls.ca",
        "times_ms": {"response": 6.0, "lag": 0.0, "service": 6.0}, "connection": None, "peer": {},
    }  # fmt: skip
    text = render_once([exchange])
    assert "order put  tls: certificate refused; expected: status 201\n  Name the authority: tls.ca\n  POST " in text
    assert re.search(r"\n  connecting +6\.00 ", text)
    assert "send" not in text
