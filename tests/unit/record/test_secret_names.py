"""What goes by the name of a secret is not shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.record import secret_names

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def test_a_url_is_shown_without_password_and_secret_fields() -> None:
    shown = secret_names.url("https://me:s3cret@127.0.0.1/a?X-Amz-Signature=s3cret&x=1")
    assert shown == "https://127.0.0.1/a?X-Amz-Signature=[redacted]&x=1"
    assert secret_names.url("http://[::1/a?token=s3cret") == "http://[::1/a"


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-Amz-Security-Token"])
def test_a_header_that_is_secret_has_no_value(name: str) -> None:
    assert secret_names.header(name, "s3cret") == "[redacted]"


def test_a_header_that_is_a_url_is_shown_as_one() -> None:
    assert secret_names.header("location", "/b?access_token=s3cret&x=1") == "/b?access_token=[redacted]&x=1"
    assert secret_names.header("x-trace", "/b?access_token=1") == "/b?access_token=1"


def test_a_form_is_redacted_as_a_form() -> None:
    assert secret_names.body(b"user=u&password=s3cret&x=1", FORM) == b"user=u&password=[redacted]&x=1"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", bytes(range(256)), "é".encode("latin-1"), "€".encode()])
def test_a_body_without_secrets_stays_as_it_is(body: bytes) -> None:
    assert secret_names.body(body, ()) == secret_names.body(body, FORM) == body


def test_a_secret_member_is_redacted_beside_what_is_no_text() -> None:
    assert secret_names.body(b'\xff {"token": "s3cret"} \xfe', ()) == b'\xff {"token": "[redacted]"} \xfe'


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.integers(0, 200))
def test_a_secret_member_is_redacted_however_the_text_is_cut(value: str, cut: int) -> None:
    before = '{"a": 1, "client_secret": '
    text = (before + json.dumps(value) + ', "z": true}')[: len(before) + cut]
    shown = secret_names.members(text)
    assert shown.startswith(before + ('"[redacted]"' if cut else ""))
    assert shown[len(before) :] in (
        "", *(f'"[redacted]"{rest}' for rest in (', "z": true}'[:size] for size in range(13)))
    )  # fmt: skip


def test_redaction_takes_time_in_proportion() -> None:
    assert secret_names.members('"' * 20_000).count('"') == 20_000
    assert secret_names.members('{"token": "' + "\\" * 20_001) == '{"token": "[redacted]"'
