"""What of an answer a sample may show: headers that hold no secret, where a redirect leads, and how the body of a
failing one begins."""

from __future__ import annotations

import html
import json
import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from loadgen.exchange import Exchange
from loadgen.net.http1 import EXCERPT
from loadgen.record import secret_names
from loadgen.redaction import one_line

MESSAGE = 200  # characters
CUT = "…"  # stands at the end of a shorter text that was cut off all the same
LOOKED_AT = 4096  # bytes of a body: the message of an error is near its beginning
UNDERSTOOD = 0.9  # of a body's characters, for it to be text
GZIP = b"\x1f\x8b"
MESSAGES = ("message", "Message", "errorMessage", "error")  # members of a JSON error: of AWS, of Lambda, of many

# headers whose values tell about the answer and never about a person or a key
SAFE_HEADERS = frozenset(
    (
        "apigw-requestid",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "server",
        "server-timing",
        "via",
        "x-amz-apigw-id",
        "x-amz-executed-version",
        "x-amz-function-error",
        "x-amz-cf-id",
        "x-amz-cf-pop",
        "x-amzn-errortype",
        "x-amzn-requestid",
        "x-amzn-trace-id",
        "x-cache",
        "x-cold",
        "x-env",
    )
)
_TITLE = re.compile(r"<title[^>]*>(.*?)(?:</title|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*(?:>|\Z)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


Wordless = Literal["compressed", "binary", "empty"]


class Excerpt(NamedTuple):
    """`headers` are the safe ones, by their names in lower case; `location` is where a redirect leads, empty for any
    other answer; `message` is what a failing answer's body says. If that has no words, `wordless` is what it is."""

    headers: dict[str, str]
    location: str
    message: str
    wordless: Wordless | None


def printable(text: str) -> str:
    """The text without the control characters with which a hostile target could write on the user's terminal."""
    return _CONTROL.sub("?", text)


def location_of(x: Exchange) -> str:
    """Where a redirect leads, as far as it may be shown: without user, password, query and fragment. Empty if the
    answer is no redirect."""
    return _location(x.status, _headers(x))


def _location(status: int, headers: dict[str, str]) -> str:
    if not 300 <= status < 400:
        return ""
    try:
        parts = urlsplit(headers.get("location", ""))
    except ValueError:
        return ""
    return printable(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")))[:MESSAGE]


def _headers(x: Exchange) -> dict[str, str]:
    """The answer's headers, by their names in lower case, as far as they were kept."""
    if x.headers is not None:
        return dict(x.headers)
    lines = x.excerpt.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":")[::2] for line in lines)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def excerpt_of(x: Exchange) -> Excerpt:
    """What of an exchange's answer may be shown."""
    headers = _headers(x)
    safe = {name: printable(value)[:MESSAGE] for name, value in headers.items() if name in SAFE_HEADERS}
    message, wordless = _message(x, headers) if x.outcome else ("", None)
    return Excerpt(safe, _location(x.status, headers), message, wordless)


def _message(x: Exchange, headers: dict[str, str]) -> tuple[str, Wordless | None]:
    """What a failing answer's body says, from its beginning; of what it was cut off from an ellipsis is left, if that
    falls within the message. Of a body without words, what it is, as far as that is known."""
    body, cut, whole = x.body, len(x.body or b"") > LOOKED_AT, True
    if body is None:
        _, end, body = x.excerpt.partition(b"\r\n\r\n")
        cut, whole = len(x.excerpt) >= EXCERPT, bool(end) and len(x.excerpt) < EXCERPT
    if not body:
        return "", "empty" if whole and headers.get("content-length", "0") == "0" else None
    if "content-encoding" in headers or body.startswith(GZIP):
        return "", "compressed"
    text = _said(body[:LOOKED_AT], headers)
    if text is None:
        return "", "binary"
    line = one_line(text)
    return f"{line[: MESSAGE - 1]}{CUT}" if cut and len(line) < MESSAGE else line[:MESSAGE], None


def _said(body: bytes, headers: dict[str, str]) -> str | None:
    """The words of a body: an error's message, a page's title, a document's text, or all of it; None if it is no
    text."""
    text = body.decode(errors="replace")
    understood = sum(character.isprintable() or character.isspace() for character in text) - text.count("\ufffd")
    if understood < UNDERSTOOD * len(text):
        return None
    if message := _message_in(body):
        return message
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        return html.unescape(title[1] if title else _TAG.sub(" ", text))
    return secret_names.body(body, headers.items()).decode(errors="replace")


def _message_in(body: bytes) -> str:
    """The message of an error in JSON, also of one that is the `error` of a larger document; empty if there is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for _ in range(2):
        if not isinstance(value, dict):
            return ""
        found = [value[name] for name in MESSAGES if isinstance(value.get(name), str)]
        if found:
            return str(found[0])
        value = value.get("error")
    return ""
