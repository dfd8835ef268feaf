"""Secrets of every shape, every way in which a target may write one, and a look for what is left of one."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from functools import cache
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from loadgen.redaction import CUT

LETTERS = 6  # of a piece that can only come from a secret: escapes of blanks and quotes have up to two
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


def utf16(character: str) -> str:
    data = character.encode("utf-16-be")
    return "".join(f"\\u{data[at : at + 2].hex().upper()}" for at in range(0, len(data), 2))


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
    "HTML with numbers": lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    "HTML of XML": lambda text: escape(
        text, {"'": "&apos;", '"': "&#34;", "/": "&#x2F;", "=": "&#x3D;", "é": "&eacute;"}
    ),
    "HTML in JSON": lambda text: json_text(html.escape(text)),
    "JSON of .NET": lambda text: "".join(c if c.isalnum() and c.isascii() else utf16(c) for c in text),
    "JavaScript's escape": lambda text: "".join(
        c if c.isascii() and c.isalnum() else f"%{ord(c):02X}" if ord(c) < 256 else utf16(c).replace("\\", "%")
        for c in text
    ),
    "hexadecimal": lambda text: text.strip().encode().hex(),
    "latin-1": lambda text: text.encode().decode("latin-1"),
    "latin-1, trimmed, in JSON": lambda text: json_text(text.strip().encode().decode("latin-1")),
    "bytes that are not UTF-8": lambda text: text.encode("latin-1", "ignore").decode(errors="surrogateescape"),
    "base64": coded,
    "base64 behind a name": lambda text: coded(f"me:{text}"),
    "base64 behind another": lambda text: coded(f"you:{text}:"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"u{text}".encode()).decode(),
    "base64 of percent": lambda text: coded(f"client:{quote_plus(text)}"),
    "base64 twice": lambda text: coded(coded(text.strip())),
    "lower case": str.lower,
    "lower case of percent": lambda text: percent(text).lower(),
    "capitals": lambda text: text.upper() if text.isascii() else text,
    "control characters made visible": lambda text: text.replace("\n", "?").replace("\t", "?"),
    "a line of it": lambda text: text.strip().splitlines()[len(text.strip().splitlines()) // 2],
}
NO_LATIN = ("beyond ASCII", "capitals")


def pieces(form: str) -> frozenset[str]:
    """The pieces of CUT characters in it that can only come from a secret: they are no mere punctuation."""
    found = {form[at : at + CUT] for at in range(max(1, len(form) - CUT + 1))}
    return frozenset(piece for piece in found if sum(map(str.isalpha, piece)) >= LETTERS)


@cache
def marks(secret: str) -> frozenset[str]:
    """The pieces of all that a target may have made of it. The ends of base64 are mixed with what stands beside it."""
    made = set[str]()
    for writing, write in WRITINGS.items():
        form = write(secret).strip()
        made |= pieces(form if "base64" not in writing else form[12:-6] if "of" in writing else form[8:-6])
    return frozenset(made)


def left(text: str, of: frozenset[str]) -> str:
    """One of the pieces, if it is in the text."""
    return next((piece for piece in of if piece in text), "")
