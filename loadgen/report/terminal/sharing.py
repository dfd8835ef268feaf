"""A result as it may be given to others: without the names of hosts, their addresses, accounts, and identities."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

HIDDEN = "[{} {}]"  # a kind and a number: the same name is the same stand-in
OURS = ("127.0.0.1", "[::1]", "::1", "localhost")
_URL_HOST = re.compile(r"(?<=://)(?:\[[0-9A-Fa-f:.%]+\]|[^\s/:?#\"'\]]+)")
_PLACES = (
    ("host", re.compile(r"(?<![\w.-])(?:[\w-]+\.)+(?:amazonaws|on\.aws|api\.aws|cloudfront)(?:\.[\w-]+)*(?![\w-])")),
    ("address", re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")),
    ("account", re.compile(r"(?<![\w.])\d{12}(?![\w.])")),
)
_IDENTITY = re.compile(r"(?:id|pop|via|server)$", re.IGNORECASE)  # headers by which an operator knows a request
_MACHINE = ("host",)  # what a result says of the machine that made it are versions


def shared(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with a stand-in for each host, address and account, and without the identities of requests. Figures,
    paths, and what the profile calls its phases and steps stay: look before you give it away."""
    names = _Names(result)
    return {key: value if key in _MACHINE else _replaced(value, names.hide) for key, value in result.items()}


class _Names:
    """The stand-ins of one result."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self._known: dict[str, str] = {}
        self._folder = str(result.get("run") or "")
        _replaced(result, self._learn)
        target = result.get("target")
        for address in (target.get("addresses") or []) if isinstance(target, Mapping) else []:
            self._stand_in("address", str(address))
        longest = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)", re.IGNORECASE)

    def hide(self, text: str) -> str:
        if self._folder and self._folder in text:
            text = text.replace(self._folder, PurePath(self._folder).name)
        return self._pattern.sub(lambda match: self._known[match[0].lower()], text)

    def _learn(self, text: str) -> str:
        for host in _URL_HOST.findall(text):
            self._stand_in("host", host.rpartition("@")[2])
        for kind, pattern in _PLACES:
            for found in pattern.findall(text):
                self._stand_in(kind, found)
        return text

    def _stand_in(self, kind: str, name: str) -> None:
        name = name.lower()
        if name and name not in OURS and name not in self._known:
            number = 1 + sum(known.startswith(f"[{kind} ") for known in self._known.values())
            self._known[name] = HIDDEN.format(kind, number)


def _replaced(value: Any, hide: Callable[[str], str]) -> Any:
    """`value` with every text in it as `hide` has it, and identities left out."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {
            hide(str(key)): ""
            if key == "request_id"
            else _headers(item, hide)
            if key == "headers"
            else _replaced(item, hide)
            for key, item in value.items()
        }
    return [_replaced(item, hide) for item in value] if isinstance(value, list | tuple) else value


def _headers(value: Any, hide: Callable[[str], str]) -> Any:
    if not isinstance(value, Mapping):
        return _replaced(value, hide)
    return {name: _replaced(item, hide) for name, item in value.items() if not _IDENTITY.search(str(name))}
