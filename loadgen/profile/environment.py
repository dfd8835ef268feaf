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
from loadgen.profile.texts import holds_text, is_plain
from loadgen.profile.variants import EXPERIMENT
from loadgen.redaction import REDACTED, Secrets

_VARIABLE = re.compile(r"\$(\$?)\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
_PLACEHOLDER = re.compile(r"\{\{[^}]*\}\}")  # a value with one in it is sent in pieces
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@]*(?=[/?#]|\Z)")
_ACCESS_KEY = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")


SHOWN_AS_WRITTEN = ("name", "env")  # two names must not become one; an error names the variable that is not set


@dataclass(frozen=True, slots=True)
class Expanded:
    """The data with its variables replaced, and the names behind each value."""

    data: Any
    used: dict[Way, tuple[str, ...]] = field(default_factory=dict)


def expand(document: Document, secrets: Secrets, read: Mapping[str, Any] = MappingProxyType({})) -> Expanded:
    """Replace the variables in every text. `$${` stands for `${`. Texts that variables gave are added to `secrets`.
    `read` are keys whose values take the place of what is written. Raises ProfileError for a variable that is not set,
    and for what is no text."""
    used: dict[Way, tuple[str, ...]] = {}

    def expanded(value: Any, way: Way) -> Any:
        if way == (EXPERIMENT, "variants"):  # what they say is read where it is put
            return value
        if isinstance(value, dict):
            return {_key(document, key, way): expanded(item, (*way, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [expanded(item, (*way, i)) for i, item in enumerate(value)]
        return _text(document, value, way, used, secrets) if isinstance(value, str) else value

    rest = {key: value for key, value in document.data.items() if key not in read}
    return Expanded({**expanded(rest, ()), **read}, used)


def _key(document: Document, key: str, way: Way) -> str:
    """A key as it is: it takes no variable, as what it stands beside is found by it."""
    if any(not match[1] for match in _VARIABLE.finditer(key)):
        raise document.error((*way, key), "a key takes no variables", "Write its text out")
    return key


def _text(document: Document, written: str, way: Way, used: dict[Way, tuple[str, ...]], secrets: Secrets) -> str:
    """One text with its variables replaced. What is put in as it is written becomes the name of a variant."""
    text, begun, given = "", 0, list[tuple[int, int, str]]()
    for match in _VARIABLE.finditer(written):
        text += written[begun : match.start()]
        begun = match.end()
        value, name = _replaced(document, match, way)
        if _names_variants(way) and (match[1] or (name and not is_plain(value))):
            value = match[0]
        elif name:
            used[way] = tuple(dict.fromkeys((*used.get(way, ()), name)))
            given.append((len(text), len(text) + len(value), name))
        text += value
    text += written[begun:]
    if any("\ud800" <= character <= "\udfff" for character in text):  # bytes, which Python reads as half characters
        raise document.error(way, "holds bytes that are not UTF-8", "Send them as a file")
    if given and holds_text(way):
        host = _ORIGIN.match(text)
        for start, end, name in given:
            shown_as = f"${{{name}}}" if way[-1] in SHOWN_AS_WRITTEN else REDACTED
            secrets.add(*_secret(text[start:end], host.end() - start if host else None), shown_as=shown_as)
    return text


def _names_variants(way: Way) -> bool:
    """Whether variants are called by what stands there. It is read when it stands where the profile refers to it."""
    return way[:2] in ((EXPERIMENT, "matrix"), (EXPERIMENT, "baseline"))


def _replaced(document: Document, match: re.Match[str], way: Way) -> tuple[str, str]:
    """What stands for a variable, and its name if the environment gave it."""
    escaped, name, default = match.groups()
    if escaped:
        return match[0][1:], ""
    if name is None:
        raise document.error(way, "a ${ without a variable", "Write ${NAME} or ${NAME:-default}; $${ stands for ${")
    given = document.variables.get(name) or os.environ.get(name)
    if given:
        return given, name
    if default is None:
        raise document.error(way, f"${{{name}}} is not set", f"Set it, or write ${{{name}:-default}}")
    return default, ""


def _secret(value: str, host: int | None) -> Iterator[str]:
    """What of a variable's value may be a secret. In a URL that is not its host, which ends at `host`."""
    if is_plain(value):
        return
    if host is None:
        yield from (value, *_PLACEHOLDER.split(value))
        return
    rest = value[max(0, host) :]
    path, _, query = rest.partition("?")
    yield from (rest.strip("/"), path.strip("/"))
    yield from (field.partition("=")[2] for field in query.partition("#")[0].split("&"))


def names(document: Document) -> frozenset[str]:
    """The variables that are written anywhere in it."""
    texts = (text for text, _ in _texts(document.data, ()))
    return frozenset(match[2] for text in texts for match in _VARIABLE.finditer(text) if match[2] and not match[1])


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
