"""The parameters of a request, or of one entry of a batch or transaction: read by name, refused if they are wrong."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from loadgen.sandbox.dynamodb.refusals import Refused, invalid, not_done, unreadable
from loadgen.sandbox.dynamodb.values import Item, checked_item, expected_map


class Parameters:
    """`known` are those that are done; anything else is refused, not overlooked. null is as if it were not there."""

    __slots__ = ("_given",)

    def __init__(self, given: object, known: frozenset[str]) -> None:
        if type(given) is not dict:
            raise expected_map(given)
        if not given.keys() <= known:
            raise not_done(", ".join(sorted(name[:64] for name in given.keys() - known)))
        self._given: dict[str, Any] = given

    def has(self, name: str) -> bool:
        return self._given.get(name) is not None

    def text(self, name: str) -> str:
        found = self.optional_text(name)
        if found is None:
            raise _missing(name)
        return found

    def optional_text(self, name: str) -> str | None:
        found = self._given.get(name)
        if found is not None and type(found) is not str:
            raise unreadable(f"Unexpected value type in payload: {name} is a string")
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        found = self._given.get(name)
        if found is None:
            return default
        if type(found) is not bool:
            raise unreadable(f"Unexpected value type in payload: {name} is a boolean")
        return found

    def whole(self, name: str, most: int = 2**53) -> int | None:
        """A number of at least 1."""
        found = self._given.get(name)
        if found is None:
            return None
        if type(found) is not int:
            raise unreadable(f"Unexpected value type in payload: {name} is a whole number")
        if not 1 <= found <= most:
            bound = "greater than or equal to 1" if found < 1 else f"less than or equal to {most}"
            raise _constraint(name, str(found), f"Member must have value {bound}")
        return found

    def choice(self, name: str, options: Collection[str], default: str) -> str:
        found = self.optional_text(name)
        if found is None:
            return default
        if found not in options:
            raise _constraint(name, found[:64], f"Member must satisfy enum value set: [{', '.join(options)}]")
        return found

    def mapping(self, name: str) -> dict[str, Any]:
        found = self._given.get(name)
        if found is None:
            raise _missing(name)
        if type(found) is not dict:
            raise expected_map(found)
        return found

    def optional_mapping(self, name: str) -> dict[str, Any] | None:
        return self.mapping(name) if self.has(name) else None

    def item(self, name: str) -> Item:
        """A mapping of attribute values, canonical then."""
        return checked_item(self.mapping(name))

    def listing(self, name: str) -> list[Any]:
        found = self._given.get(name)
        if found is None:
            raise _missing(name)
        if type(found) is not list:
            raise unreadable(f"Unexpected value type in payload: {name} is a list")
        return found


def _missing(name: str) -> Refused:
    return _constraint(name, None, "Member must not be null")


def _constraint(name: str, value: str | None, rule: str) -> Refused:
    shown = "null" if value is None else f"'{value}'"
    lowered = name[:1].lower() + name[1:]
    return invalid(f"1 validation error detected: Value {shown} at '{lowered}' failed to satisfy constraint: {rule}")
