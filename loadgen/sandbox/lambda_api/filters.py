"""The filter patterns of CloudWatch Logs, as far as looking for reports needs them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

Matches = Callable[[str], bool]

_TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"{}]+))(?:\s+|$)')
_EQUALS = re.compile(r'\{\s*\$((?:\.[A-Za-z0-9_]+)+)\s*=\s*"([^"\\]*)"\s*\}')


def matcher(pattern: str) -> Matches:
    """Whether a message matches: it has all terms, if there are some with `?` one of these, and none with `-`; or it is
    JSON with a text that is equal, as in `{ $.record.requestId = "x" }`. Raises ValueError."""
    pattern = pattern.strip()
    equals = _EQUALS.fullmatch(pattern)
    if equals:
        path, text = equals[1].split(".")[1:], equals[2]
        return lambda message: _at(message, path) == text
    return _terms(pattern)


def _terms(pattern: str) -> Matches:
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    at = 0
    while at < len(pattern):
        match = _TERM.match(pattern, at)
        if not match:
            raise ValueError("Invalid filter pattern")
        quoted, plain = match[2], match[3]
        terms[match[1]].append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = match.end()
    every, some, none = terms[""], terms["?"], terms["-"]
    return lambda message: (
        all(term in message for term in every)
        and (not some or any(term in message for term in some))
        and not any(term in message for term in none)
    )


def _at(message: str, path: list[str]) -> object:
    try:
        value: object = json.loads(message)
    except ValueError:
        return None
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
