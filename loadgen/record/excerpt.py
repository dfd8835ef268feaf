"""What of an answer a sample may show: headers that hold no secret, and where a redirect leads."""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from loadgen.exchange import Exchange

MESSAGE = 200  # characters

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
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Excerpt(NamedTuple):
    """`headers` are the safe ones, by their names in lower case; `location` is where a redirect leads, empty for any
    other answer; `message` is what a failing answer's body says."""

    headers: dict[str, str]
    location: str
    message: str


def printable(text: str) -> str:
    """The text without the control characters with which a hostile target could write on the user's terminal."""
    return _CONTROL.sub("?", text)


def location_of(x: Exchange) -> str:
    """Where a redirect leads, as far as it may be shown: without user, password, query and fragment. Empty if the
    answer is no redirect."""
    return _location(x.status, dict(x.headers) if x.headers is not None else _headers_of(x.excerpt))


def _location(status: int, headers: dict[str, str]) -> str:
    if not 300 <= status < 400:
        return ""
    try:
        parts = urlsplit(headers.get("location", ""))
    except ValueError:
        return ""
    return printable(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")))[:MESSAGE]


def _headers_of(excerpt: bytes) -> dict[str, str]:
    lines = excerpt.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":")[::2] for line in lines)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def excerpt_of(x: Exchange) -> Excerpt:
    """What of an exchange's answer may be shown."""
    headers = dict(x.headers) if x.headers is not None else _headers_of(x.excerpt)
    safe = {name: printable(value)[:MESSAGE] for name, value in headers.items() if name in SAFE_HEADERS}
    return Excerpt(safe, _location(x.status, headers), _message(x) if x.status >= 400 else "")


def _message(x: Exchange) -> str:
    """The `message` of a JSON error body. The rest of a body may be anybody's data."""
    try:
        parsed = json.loads(x.body if x.body is not None else x.excerpt.partition(b"\r\n\r\n")[2])
    except (ValueError, RecursionError):
        return ""
    message = (parsed.get("message") or parsed.get("Message")) if isinstance(parsed, dict) else None
    return printable(message)[:MESSAGE] if isinstance(message, str) else ""
