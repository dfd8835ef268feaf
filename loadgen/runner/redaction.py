"""Removes the values of secrets from everything that is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from loadgen.exchange import REDACTED
from loadgen.record.samples import MESSAGE

SHORTEST_SECRET = 4  # characters: shorter secrets would also be replaced where the same text occurs by chance
_ESCAPE = re.compile("%[0-9A-F]{2}")


def redactor(secrets: tuple[str, ...]) -> Callable[[str], str]:
    """The function that removes everything that came from the environment from a text, however it is written there."""
    forms = _every_form(secrets)
    return lambda text: _text(text, forms)


def redacted(value: Any, secrets: tuple[str, ...]) -> Any:
    """`value` without anything that came from the environment, in keys and in values, however it is written there."""
    return _redacted(value, _every_form(secrets))


def _every_form(secrets: tuple[str, ...]) -> list[str]:
    """All forms of the secrets, the longest first."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    return sorted(forms, key=len, reverse=True)


def _forms(secret: str) -> Iterator[str]:
    """The forms of a secret in a URL or in JSON, as we write them or as others do."""
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
    if len(text) == MESSAGE:  # the text was cut, and may end with the beginning of a secret
        begun = (secret[:size] for secret in secrets for size in range(len(secret) - 1, SHORTEST_SECRET - 1, -1))
        text = text.removesuffix(next((beginning for beginning in begun if text.endswith(beginning)), ""))
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text
