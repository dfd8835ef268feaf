"""The gate through which everything leaves: no form of a secret passes it, nor what a cut has left of one."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.redaction import CUT, REDACTED, SHORTEST, Secrets

SECRET = "s3cr3t-t0k3n"
LONGER = SECRET + "-of-another"
SHAPES = {
    "plain": "canary0123456789",
    "short": "cnry",
    "with blanks around it": "  canary of blanks \t",
    "special": "canary+/=\"\\&<>?#%20 'x",
    "beyond ASCII": "canarié-über-κλειδί-🔑",
    "latin-1": "canarié-über",
    "capitals": "CANARY-Of-CaseS-ΚΛΕΙΔΊΣ",
    "several lines": "-----BEGIN KEY-----\ncanaryline0001+/ab\ncanaryline0002==\n-----END KEY-----\n",
    "with a scheme": "Bearer canary-behind-a-scheme",
    "JSON": '{"key": "canary-in-json", "n": [1, "zwölf"]}',
    "a path": "/services/canary-T000/B000?token=canary-of-a-query",
    "long": "eyJhbGciOi" + "canaryLONG" * 120,
}


def json_text(text: str) -> str:
    return json.dumps(text)[1:-1]


def percent(text: str) -> str:
    return quote(text, safe="")


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRITINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "trimmed": str.strip,
    "percent": percent,
    "percent, a path": quote,
    "percent, a form": quote_plus,
    "percent, small letters": lambda text: percent(text).replace("%C3%A9", "%c3%a9"),
    "percent twice": lambda text: percent(percent(text)),
    "JSON": json_text,
    "JSON, not ASCII alone": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json_text(json_text(text)),
    "JSON with \\/": lambda text: json_text(text).replace("/", r"\/"),
    "JSON in a URL": lambda text: percent(json_text(text)),
    "HTML": html.escape,
    "latin-1": lambda text: text.encode().decode("latin-1"),
    "latin-1, trimmed, in JSON": lambda text: json_text(text.strip().encode().decode("latin-1")),
    "bytes that are not UTF-8": lambda text: text.encode("latin-1", "ignore").decode(errors="surrogateescape"),
    "base64": coded,
    "base64 behind a name": lambda text: coded(f"me:{text}"),
    "base64 behind another": lambda text: coded(f"you:{text}:"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"u{text}".encode()).decode(),
    "base64 of percent": lambda text: coded(f"client:{quote_plus(text)}"),
    "lower case": str.lower,
    "lower case of percent": lambda text: percent(text).lower(),
    "capitals": lambda text: text.upper() if text.isascii() else text,
    "control characters made visible": lambda text: text.replace("\n", "?").replace("\t", "?"),
    "a line of it": lambda text: text.strip().splitlines()[len(text.strip().splitlines()) // 2],
}
APPLIES_NOT = {("short", "base64 behind a name"), ("short", "base64 behind another"), ("short", "base64 for URLs"),
               ("short", "base64 of percent")}  # fewer characters than a cut must leave  # fmt: skip
NO_LATIN = ("beyond ASCII", "capitals")


def left(text: str, form: str) -> str:
    """The longest piece of the form, from CUT characters on, that is in the text."""
    size = min(CUT, len(form))
    return next((form[at : at + size] for at in range(len(form) - size + 1) if form[at : at + size] in text), "")


@pytest.mark.parametrize("shape", SHAPES)
def test_no_form_of_a_secret_passes(shape: str) -> None:
    hide = Secrets("another secret", SHAPES[shape]).hide
    for writing, write in WRITINGS.items():
        if (shape, writing) in APPLIES_NOT or (writing == "bytes that are not UTF-8" and shape in NO_LATIN):
            continue
        written = write(SHAPES[shape])
        shown = hide(f"before<{written}>after")
        if "base64" in writing:  # its ends are mixed with what stands beside it
            written = written[6:-6] if "behind" in writing or "of" in writing else written[4:-4]
        assert left(shown, written) == "", writing
        assert shown.startswith("before<") and shown.endswith(">after")
        assert REDACTED in shown, writing


@given(
    st.sampled_from(sorted(set(SHAPES) - {"short"})),
    st.sampled_from(sorted(name for name in WRITINGS if "behind" not in name and "URLs" not in name)),
    st.integers(0, 4096),
    st.sampled_from(["", "…", '"', "; Remedy", "\n"]),
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
    assert left(shown, written) == "" or len(kept.rstrip("/-_=&?#@+%")) < CUT
    assert shown.endswith(after)


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
    ["", "plain", f"not cut {SECRET[:6]}", f"{SECRET[:9]}and on", f"{SECRET[:-1]}/x", "abc", "[redacted]"],
)
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert Secrets(SECRET, "abc", "").hide(text) == text
    assert Secrets().hide(text) == text
    assert SHORTEST == 4


@given(st.text(min_size=SHORTEST), st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_hidden_in_any_other(secret: str, before: str, after: str) -> None:
    shown = Secrets(secret).hide(before + secret + after)
    assert len(secret.strip()) < SHORTEST or secret.strip() not in shown.replace(REDACTED, "")


def test_what_is_raised_is_hidden_too() -> None:
    with pytest.raises(ValueError, match=r"^it said \[redacted\]$"), Secrets(SECRET).unrevealing():
        raise ValueError(f"it said {SECRET}")


def test_a_letter_that_is_longer_in_lower_case_hides_no_secret_from_the_gate() -> None:
    assert Secrets(SECRET).hide(f"İİİİ{SECRET.upper()}Σ") == "İİİİ[redacted]Σ"
