"""The gate through which everything leaves: no form of a secret passes it, nor what a cut has left of one."""

from __future__ import annotations

import re

import pytest
from canaries import NO_LATIN, SHAPES, WRITINGS, left, marks, pieces
from hypothesis import example, given
from hypothesis import strategies as st

from loadgen.redaction import CUT, REDACTED, SHORTEST, Secrets, one_line

SECRET = "s3cr3t-t0k3n"
LONGER = SECRET + "-of-another"
ESCAPE = re.compile(r"&#?\w+;?|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\.")


@pytest.mark.parametrize("shape", SHAPES)
def test_no_form_of_a_secret_passes(shape: str) -> None:
    hide = Secrets("another secret", SHAPES[shape]).hide
    for writing, write in WRITINGS.items():
        if writing == "bytes that are not UTF-8" and shape in NO_LATIN:
            continue
        written = write(SHAPES[shape])
        shown = hide(f"before<{written}>after")
        assert left(shown, marks(SHAPES[shape])) == "", writing
        assert shown.startswith("before<") and shown.endswith(">after")
        assert REDACTED in shown or (shape == "short" and "base64" in writing), writing


@given(
    st.sampled_from(sorted(set(SHAPES) - {"short"})),
    st.sampled_from(sorted(name for name in WRITINGS if "behind" not in name and "URLs" not in name)),
    st.integers(0, 4096),
    st.sampled_from(["", "…", '"', "; Remedy", "\n", "&hellip;", "%7E."]),
)
def test_of_a_secret_that_was_cut_less_than_eight_characters_are_left(
    shape: str, writing: str, padding: int, after: str
) -> None:
    """Wherever the cut falls, and whatever sentence it is put into."""
    if (writing == "bytes that are not UTF-8" and shape in NO_LATIN) or writing == "base64 of percent":
        return
    written = WRITINGS[writing](SHAPES[shape]).strip()
    kept = written[: padding % (len(written) + 1)]
    shown = Secrets(SHAPES[shape]).hide(f"{'x' * (padding // 100)} {kept}{after}")
    known = len(ESCAPE.sub("?", kept).rstrip("/-_=&?#@+%"))  # characters of the secret itself
    assert left(shown, pieces(WRITINGS[writing](SHAPES[shape].strip()))) == "" or known < CUT
    assert shown.endswith(after[1:])  # a sign may be the form's own next one


@pytest.mark.parametrize("after", ["zzz", "/x", "-", "_", "+1", "&amp;", "%41", "9"])
def test_most_of_a_secret_is_hidden_whatever_goes_on_behind_it(after: str) -> None:
    assert Secrets(LONGER).hide(f"E: {LONGER[:-5]}{after}").startswith("E: [redacted]")
    assert Secrets("eyJ" * 400).hide(f"E: {'eyJ' * 20}{after}").startswith("E: [redacted]")


def test_two_urls_that_begin_alike_are_not_the_same() -> None:
    hide = Secrets("https://hooks.example/services/canary").hide
    for shown in ("https://other.example/", "see https%3A%2F%2Fother.example", "http://hooks.example"):
        assert hide(shown) == shown


@pytest.mark.parametrize(
    ("secret", "decoded"),
    [
        ("Basic Ym9iOmNhbmFyeS0wMTIz", ["bob:canary-0123", "canary-0123"]),
        ("Ym9iOmNhbmFyeS0wMTIz", ["bob:canary-0123", "bob%3Acanary-0123"]),
        ("canary%2Bof%2525", ["canary+of%25", "canary+of%", "canary%252Bof%252525", "canary of%"]),
        ("canary&amp;co", ["canary&co", "canary%26co"]),
    ],
)
def test_what_a_secret_stands_for_is_one_too(secret: str, decoded: list[str]) -> None:
    for text in decoded:
        assert Secrets(secret).hide(f"it said <{text}>") == "it said <[redacted]>"


def test_what_stands_around_an_escaped_secret_is_left() -> None:
    hide = Secrets("canary/+é'1").hide
    assert hide(r"&lt;\u0022canary\/%2B&eacute;&#039;1\u0022&gt; 5%20") == r"&lt;\u0022[redacted]\u0022&gt; 5%20"


@pytest.mark.parametrize("secrets", [(SECRET, LONGER), (LONGER, SECRET)])
def test_a_secret_that_another_begins_with_leaves_nothing_of_it(secrets: tuple[str, ...]) -> None:
    assert Secrets(*secrets).hide(f"a {LONGER} b {SECRET}") == "a [redacted] b [redacted]"


def test_secrets_that_overlap_leave_nothing_of_each_other() -> None:
    assert Secrets("abcdefgh", "efghijkl").hide("-abcdefghijkl-") == "-[redacted]-"


@given(st.text(max_size=40), st.sampled_from(["redacted", "[redacted]", "acte", SECRET]))
def test_what_was_hidden_once_stays_as_it_is(text: str, secret: str) -> None:
    hide = Secrets(secret).hide
    once = hide(f"{text} {secret}")
    assert hide(once) == once


@pytest.mark.parametrize(
    "text",
    ["", "plain", f"not cut {SECRET[:6]}", f"{LONGER[:9]}and on", f"{LONGER[:10]}/x", "abc", "[redacted]"],
)
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert Secrets(LONGER, "abc", "").hide(text) == text
    assert Secrets().hide(text) == text
    assert SHORTEST == 4


@given(st.text(min_size=SHORTEST), st.text(max_size=20), st.text(max_size=20))
@example("000+", "", "")
def test_any_text_is_hidden_in_any_other(secret: str, before: str, after: str) -> None:
    shown = Secrets(secret).hide(before + secret + after)
    assert len(secret.strip()) < SHORTEST or secret.strip() not in shown.replace(REDACTED, "")


def test_what_is_raised_is_hidden_too() -> None:
    with pytest.raises(ValueError, match=r"^it said \[redacted\]$"), Secrets(SECRET).unrevealing():
        raise ValueError(f"it said {SECRET}")


def test_a_letter_that_is_longer_in_lower_case_hides_no_secret_from_the_gate() -> None:
    assert Secrets(SECRET).hide(f"İİİİ{SECRET.upper()}Σ") == "İİİİ[redacted]Σ"


@pytest.mark.parametrize("secret", ["-----KEY-----\nMIIE\n-----END-----\n", "a\tb  c", "bell\x07 rings"])
def test_a_secret_is_known_in_one_line_too(secret: str) -> None:
    """As a sample has a body, which may repeat it."""
    assert Secrets(secret).hide(one_line(f'{{"echo": "{secret}"}}')).startswith('{"echo": "[redacted]')


@pytest.mark.parametrize("left", ["  canary", "&#32;&#32;canary", "&#32;&#32;canary&", "%20%20canary%", "  canary o"])
def test_a_cut_that_leaves_blanks_and_little_of_a_secret_that_begins_with_them(left: str) -> None:
    assert "canary" not in Secrets("  canary of blanks  ").hide(f"eee{left}")
    assert Secrets("canary of blanks").hide("a  canary") == "a  canary", "which is too little of one without"
