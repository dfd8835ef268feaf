"""The primary key of a table, and of an item."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from loadgen.sandbox.dynamodb.numbers import decimal
from loadgen.sandbox.dynamodb.refusals import invalid, wrong_parameter
from loadgen.sandbox.dynamodb.values import Item, Value

Sort = str | bytes | Decimal
PARTITION_LIMIT, SORT_LIMIT = 2048, 1024
"""Bytes of a key's value."""


class Key(NamedTuple):
    """`partition` is the canonical text of its value; `sort` orders items among those of one partition."""

    partition: str
    sort: Sort | None


@dataclass(frozen=True, slots=True)
class KeyPart:
    name: str
    kind: str
    """S, N or B."""


@dataclass(frozen=True, slots=True)
class Schema:
    partition: KeyPart
    sort: KeyPart | None

    def of_item(self, item: Item) -> Key:
        """Raises Refused if the item lacks a part of the key."""
        return Key(key_text(item, self.partition), sortable(item, self.sort) if self.sort else None)

    def of_key(self, key: Item) -> Key:
        """The same for a value that must be the key and nothing else."""
        names = {self.partition.name} if self.sort is None else {self.partition.name, self.sort.name}
        if key.keys() != names or any(part.kind not in key[part.name] for part in self.parts):
            raise invalid("The provided key element does not match the schema")
        return self.of_item(key)

    @property
    def parts(self) -> tuple[KeyPart, ...]:
        return (self.partition, self.sort) if self.sort else (self.partition,)

    def key_in(self, item: Item) -> Item:
        """The attributes of an item that are its key."""
        return {part.name: item[part.name] for part in self.parts}


def sortable(item: Item, part: KeyPart) -> Sort:
    """A sort key's value, in the order of its type: text and binary by their bytes, numbers by size."""
    text = key_text(item, part, SORT_LIMIT)
    return ordered(part.kind, text)


def ordered(kind: str, text: str) -> Sort:
    if kind == "S":
        return text
    return decimal(text) if kind == "N" else b64decode(text)


def key_text(item: Item, part: KeyPart, limit: int = PARTITION_LIMIT) -> str:
    """The canonical text of a part of the key. Raises Refused if it is missing or wrong."""
    value = item.get(part.name)
    if value is None:
        raise wrong_parameter(f"Missing the key {part.name} in the item")
    text = value.get(part.kind)
    if text is None:
        expected = f"expected: {part.kind} actual: {next(iter(value))}"
        raise wrong_parameter(f"Type mismatch for key {part.name} {expected}")
    checked: str = text
    if not checked:
        kind = "string" if part.kind == "S" else "binary"
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty {kind} value. Key: {part.name}"
        )
    if len(checked) * 4 > limit and _size(part.kind, checked) > limit:
        raise wrong_parameter(
            f"Size of hashkey has exceeded the maximum size limit of{limit} bytes"
            if limit == PARTITION_LIMIT
            else f"Aggregated size of all range keys has exceeded the size limit of {limit} bytes"
        )
    return checked


def _size(kind: str, text: str) -> int:
    return len(b64decode(text)) if kind == "B" else len(text.encode())


def read_schema(elements: list[Any], definitions: list[Any]) -> Schema:
    """The schema that CreateTable's KeySchema and AttributeDefinitions give. Raises Refused."""
    kinds = {_word(part, "AttributeName"): _word(part, "AttributeType") for part in definitions}
    named = [(_word(part, "AttributeName"), _word(part, "KeyType")) for part in elements]
    if [kind for _, kind in named] not in (["HASH"], ["HASH", "RANGE"]):
        raise invalid("Invalid KeySchema: expected a HASH key first, and at most a RANGE key after it")
    names = [name for name, _ in named]
    if len(set(names)) < len(names):
        raise invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if any(kind not in ("S", "N", "B") for kind in kinds.values()):
        raise invalid("Member must satisfy enum value set: [B, N, S] at 'attributeDefinitions.attributeType'")
    if missing := [name for name in names if name not in kinds]:
        raise wrong_parameter(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(missing)}], AttributeDefinitions: [{', '.join(kinds)}]"
        )
    if len(kinds) > len(names):
        raise wrong_parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    partition, *sort = [KeyPart(name, kinds[name]) for name in names]
    return Schema(partition, sort[0] if sort else None)


def _word(part: Any, name: str) -> str:
    value: Value = part if isinstance(part, dict) else {}
    word = value.get(name)
    if not isinstance(word, str) or not 0 < len(word) <= 255:
        raise invalid(f"1 validation error detected: {name} must be a name of at most 255 characters")
    return word
