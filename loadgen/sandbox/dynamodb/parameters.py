"""The parameters of a request, or of one entry of a batch or transaction: read by name, and refused if they are
wrong."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from loadgen.sandbox.dynamodb.refusals import Refused, invalid, not_done, unreadable
from loadgen.sandbox.dynamodb.values import Item, checked_item, expected_map


class Parameters:
    """`known` are the supported parameters; any other is refused, not ignored. null counts as missing."""

    __slots__ = ("_given",)

    def __init__(self, given: object, allowed: frozenset[str]) -> None:
        if type(given) is not dict:
            raise expected_map(given)
        if not given.keys() <= allowed:
            raise not_done(", ".join(sorted(name[:64] for name in given.keys() - allowed)))
        self._given: dict[str, Any] = given

    def has(self, name: str) -> bool:
        return self._given.get(name) is not None

    def text(self, name: str) -> str:
        value = self.optional_text(name)
        if value is None:
            raise _missing(name)
        return value

    def optional_text(self, name: str) -> str | None:
        value = self._given.get(name)
        if value is not None and type(value) is not str:
            raise unreadable(f"Unexpected value type in payload: {name} is a string")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._given.get(name)
        if value is None:
            return default
        if type(value) is not bool:
            raise unreadable(f"Unexpected value type in payload: {name} is a boolean")
        return value

    def whole(self, name: str, most: int = 2**53) -> int | None:
        """A number of at least 1."""
        value = self._given.get(name)
        if value is None:
            return None
        if type(value) is not int:
            raise unreadable(f"Unexpected value type in payload: {name} is a whole number")
        if not 1 <= value <= most:
            bound = "greater than or equal to 1" if value < 1 else f"less than or equal to {most}"
            raise _constraint(name, str(value), f"Member must have value {bound}")
        return value

    def choice(self, name: str, options: Collection[str], default: str) -> str:
        value = self.optional_text(name)
        if value is None:
            return default
        if value not in options:
            raise _constraint(name, value[:64], f"Member must satisfy enum value set: [{', '.join(options)}]")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._given.get(name)
        if value is None:
            raise _missing(name)
        if type(value) is not dict:
            raise expected_map(value)
        return value

    def optional_mapping(self, name: str) -> dict[str, Any] | None:
        return self.mapping(name) if self.has(name) else None

    def item(self, name: str) -> Item:
        """A mapping of attribute values, which is made canonical."""
        return checked_item(self.mapping(name))

    def listing(self, name: str) -> list[Any]:
        value = self._given.get(name)
        if value is None:
            raise _missing(name)
        if type(value) is not list:
            raise unreadable(f"Unexpected value type in payload: {name} is a list")
        return value


def _missing(name: str) -> Refused:
    return _constraint(name, None, "Member must not be null")


def _constraint(name: str, value: str | None, rule: str) -> Refused:
    shown = "null" if value is None else f"'{value}'"
    lowered = name[:1].lower() + name[1:]
    return invalid(f"1 validation error detected: Value {shown} at '{lowered}' failed to satisfy constraint: {rule}")
