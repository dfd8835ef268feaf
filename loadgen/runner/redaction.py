"""What came from the environment is in nothing that is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from loadgen.exchange import REDACTED
from loadgen.record.excerpt import CUT, MESSAGE, one_line

SHORTEST_SECRET = 4  # characters: shorter ones would be replaced where they stand by chance
_ESCAPE = re.compile("%[0-9A-F]{2}")


def redactor(secrets: tuple[str, ...]) -> Callable[[str], str]:
    """Takes out of a text anything that came from the environment, however it is written."""
    forms = _every_form(secrets)
    return lambda text: _text(text, forms)


def redacted(value: Any, secrets: tuple[str, ...]) -> Any:
    """`value` without anything that came from the environment, in keys as in values, however it is written."""
    return _redacted(value, _every_form(secrets))


def _every_form(secrets: tuple[str, ...]) -> list[str]:
    """The longest first."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    lines = {line for line in map(one_line, forms) if len(line) >= SHORTEST_SECRET}
    return sorted(forms | lines, key=len, reverse=True)


def _forms(secret: str) -> Iterator[str]:
    """What a secret looks like in a URL or in JSON, ours or another's."""
    yield secret
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield quoted
        yield _ESCAPE.sub(lambda escape: escape[0].lower(), quoted)
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", r"\/")


def _redacted(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return _text(value, secrets)
    if isinstance(value, Mapping):
        return {_redacted(key, secrets): _redacted(item, secrets) for key, item in value.items()}
    if isinstance(value, bytes):
        for secret in secrets:
            value = value.replace(secret.encode(), REDACTED.encode())
        return value
    return type(value)(_redacted(item, secrets) for item in value) if type(value) in (list, tuple) else value


def _text(text: str, secrets: list[str]) -> str:
    if len(text) == MESSAGE or text.endswith(CUT):  # it was cut, and may end in the beginning of a secret
        text, mark = text.removesuffix(CUT), CUT if text.endswith(CUT) else ""
        begun = (secret[:size] for secret in secrets for size in range(len(secret) - 1, SHORTEST_SECRET - 1, -1))
        text = text.removesuffix(next((beginning for beginning in begun if text.endswith(beginning)), "")) + mark
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text
