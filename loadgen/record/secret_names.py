"""Removes secrets from an exchange that is shown whole, by the names that requests and answers use for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from loadgen.redaction import REDACTED

_SECRET = re.compile(
    r"authorization|cookie|token|secret|passw|credential|signature|session|(api|access|private)[-_]?key", re.IGNORECASE
)
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:\s*)("(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^\s,\[\]{}"]+)')
_FIELD = re.compile(r"([^?&=]+)=([^&]*)")


def is_secret(name: str) -> bool:
    """Whether a value with this name should not be shown."""
    return _SECRET.search(name) is not None


def header(name: str, value: str) -> str:
    """The value of a header in the form that may be shown."""
    if is_secret(name):
        return REDACTED
    return url(value) if name.lower() in ("location", "referer") else value


def body(content: bytes, headers: Iterable[tuple[str, str]]) -> bytes:
    """A body without the values of secret members, and, if its headers say that it is a form, of secret fields."""
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    text = content.decode(errors="surrogateescape")  # bytes that are not UTF-8 stay as they are
    return (fields if "form-urlencoded" in kind else members)(text).encode(errors="surrogateescape")


def url(text: str) -> str:
    """A URL or a path without user name, password, and the values of secret query fields."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return text.partition("?")[0]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, fields(parts.query), parts.fragment))


def fields(text: str) -> str:
    """`a=1&token=2`, which is a query or the body of a form, without the values of secret fields."""
    return _FIELD.sub(lambda m: f"{m[1]}={REDACTED}" if is_secret(m[1]) else m[0], text)


def members(text: str) -> str:
    """JSON, whole or cut off, without the scalar values of secret members."""
    return _MEMBER.sub(lambda m: f'"{m[1]}"{m[2]}"{REDACTED}"' if is_secret(m[1]) else m[0], text)
