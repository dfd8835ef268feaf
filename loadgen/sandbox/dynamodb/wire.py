"""JSON in and out, bounded: a request's body to a mapping, an answer's parts to bytes."""

from __future__ import annotations

import json
from typing import Any

from loadgen.sandbox.dynamodb.refusals import unreadable


def _no_constant(name: str) -> None:
    raise ValueError(name)


_decode = json.JSONDecoder(parse_constant=_no_constant).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def read(body: bytes) -> dict[str, Any]:
    """The mapping that a request is. Raises Refused."""
    try:
        text = body.decode()
        decoded = _decode(text)
        if "\\u" in text:
            _encode(decoded).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        raise unreadable() from None
    if type(decoded) is not dict:
        raise unreadable()
    return decoded


def load(raw: bytes) -> dict[str, Any]:
    """Load what `dump` made."""
    decoded: dict[str, Any] = _decode(raw.decode())
    return decoded


def dump(value: object) -> bytes:
    return _encode(value).encode()


def render(value: object) -> bytes:
    """`value` as JSON. Bytes in it already are JSON."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"{%s}" % b",".join([b"%s:%s" % (dump(key), render(item)) for key, item in value.items()])
    if isinstance(value, list):
        return b"[%s]" % b",".join(map(render, value))
    return dump(value)
