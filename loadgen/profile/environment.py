"""Environment variables: `${NAME}` and `${NAME:-default}`. They are put in after the YAML is read, so that their values
are never read as YAML."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from loadgen.profile.document import Document, Way

_VARIABLE = re.compile(r"\$(\$?)\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
_ACCESS_KEY = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Expanded:
    """The data with its variables replaced, and the names behind each value.

    `secrets` are the values of variables that go into requests, except those that are too short to be a secret.
    """

    data: Any
    used: dict[Way, tuple[str, ...]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


def expand(document: Document, read: Mapping[str, Any] = MappingProxyType({})) -> Expanded:
    """Replace the variables in every text. `$${` stands for `${`. `read` are keys whose values take the place of what
    is written. Raises ProfileError for a variable that is not set, and for what is no text."""
    used: dict[Way, tuple[str, ...]] = {}
    secrets: dict[str, None] = {}

    def expanded(value: Any, way: Way) -> Any:
        if isinstance(value, dict):
            return {key: expanded(item, (*way, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [expanded(item, (*way, i)) for i, item in enumerate(value)]
        return (
            checked(_VARIABLE.sub(lambda match: replaced(match, way), value), way) if isinstance(value, str) else value
        )

    def checked(text: str, way: Way) -> str:
        """Options and variables may hold any bytes. Python reads those that are not UTF-8 as halves of surrogate
        pairs."""
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise document.error(way, "holds bytes that are not UTF-8", "Send them as a file")
        return text

    def replaced(match: re.Match[str], way: Way) -> str:
        escaped, name, default = match.groups()
        if escaped:
            return match[0][1:]
        if name is None:
            raise document.error(way, "a ${ without a variable", "Write ${NAME} or ${NAME:-default}; $${ stands for ${")
        given = document.variables.get(name) or os.environ.get(name)
        value = given or default
        if value is None:
            raise document.error(way, f"${{{name}}} is not set", f"Set it, or write ${{{name}:-default}}")
        if given:
            used[way] = tuple(dict.fromkeys((*used.get(way, ()), name)))
            if way[0] == "scenarios" and len(value) >= 4:
                secrets[value] = None
        return value

    rest = {key: value for key, value in document.data.items() if key not in read}
    return Expanded({**expanded(rest, ()), **read}, used, tuple(secrets))


def refuse_secrets(document: Document) -> None:
    """Raise a ProfileError if the profile itself holds an AWS access key id."""
    for text, way in _texts(document.data, ()):
        if _ACCESS_KEY.search(text):
            raise document.error(
                way, "holds an AWS access key id", "Keep it in the environment, and write ${AWS_ACCESS_KEY_ID}"
            )


def _texts(value: Any, way: Way) -> Iterator[tuple[str, Way]]:
    if isinstance(value, str):
        yield value, way
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key, way
            yield from _texts(item, (*way, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, (*way, i))
