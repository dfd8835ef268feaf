"""What came from the environment is nowhere in what is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.net.http1 import Headers
from loadgen.record.excerpt import MESSAGE, one_line
from loadgen.runner.redaction import SHORTEST_SECRET, redacted

SECRET = "s3cr3t-t0k3n"
LONGER = SECRET + "-of-another"


@pytest.mark.parametrize("secrets", [(SECRET, LONGER), (LONGER, SECRET)])
def test_a_secret_that_another_begins_with_leaves_nothing_of_it(secrets: tuple[str, ...]) -> None:
    assert redacted(f"a {LONGER} b {SECRET}", secrets) == "a [redacted] b [redacted]"


def test_keys_are_redacted_as_values_are() -> None:
    """The reasons of failures are keys, and a library's words may hold what was asked for."""
    result = {"failures": [{"reasons": {f"certificate is not valid for {SECRET}": 3}, "count": 3}]}
    assert redacted(result, (SECRET,)) == {
        "failures": [{"reasons": {"certificate is not valid for [redacted]": 3}, "count": 3}]
    }


@given(st.integers(SHORTEST_SECRET, len(SECRET)), st.text("xy ", max_size=MESSAGE))
def test_of_a_text_that_was_cut_nothing_of_a_secret_is_left(kept: int, before: str) -> None:
    text = (before.ljust(MESSAGE)[: MESSAGE - kept] + SECRET)[:MESSAGE]
    assert SECRET[:SHORTEST_SECRET] not in redacted(text, (SECRET, LONGER))


@given(st.integers(SHORTEST_SECRET, len(SECRET)))
def test_nor_is_it_of_one_that_says_that_it_was_cut(kept: int) -> None:
    assert redacted(f"x {SECRET[:kept]}…", (SECRET, LONGER)) in ("x …", "x [redacted]…")


@pytest.mark.parametrize("secret", ["-----KEY-----\nMIIE\n-----END-----\n", "a\tb  c", "bell\x07 rings"])
def test_a_secret_is_known_in_one_line_too(secret: str) -> None:
    """As a sample has a body, which may repeat it."""
    assert redacted(one_line(f'{{"echo": "{secret}"}}'), (secret,)).startswith('{"echo": "[redacted]')


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "", "plain", ["a", {"b": [1]}], f"not cut {SECRET[:6]}"])
def test_what_holds_no_secret_stays_as_it_is(value: Any) -> None:
    assert json.dumps(redacted(value, (SECRET, "abc"))) == json.dumps(value)


def test_what_requests_and_answers_are_kept_in_is_redacted_too() -> None:
    """Headers as pairs and as they are read out of a head, bodies as bytes."""
    head = Headers(f"HTTP/1.1 200 OK\r\nX-Echo: {SECRET}\r\n\r\n".encode())
    seen = {"headers": (("x-api-key", SECRET),), "body": f"echo {SECRET}".encode(), "answer": head}
    assert redacted(seen, (SECRET,)) == {
        "headers": (("x-api-key", "[redacted]"),),
        "body": b"echo [redacted]",
        "answer": {"x-echo": "[redacted]"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "/x?key=Zq9%2Bsec%2F%22r%C3%A9t%3D%3D77",  # as it goes into a URL
        "/x?key=Zq9%2bsec%2f%22r%c3%a9t%3d%3d77",
        "/x/Zq9%2Bsec/%22r%C3%A9t%3D%3D77",
        "key=Zq9%2Bsec%2F%22r%C3%A9t%3D%3D77",
        r'{"k":"Zq9+sec/\"r\u00e9t==77"}',  # into JSON
        r'{"k":"Zq9+sec/\"rét==77"}',
        r'{"k":"Zq9+sec\/\"rét==77"}',  # and as others write that
    ],
)
def test_a_secret_is_found_however_it_is_written(text: str) -> None:
    found = redacted(text, ('Zq9+sec/"r\u00e9t==77',))
    assert "[redacted]" in found
    assert "sec" not in found
    assert redacted(text.encode(), ('Zq9+sec/"r\u00e9t==77',)) == found.encode()
