"""A table: its items by key, the items of each partition in order, and an order of partitions for scans."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zlib import crc32

from loadgen.aws.attributes import size as size_of
from loadgen.sandbox.dynamodb.keys import Key, Schema, Sort
from loadgen.sandbox.dynamodb.refusals import invalid
from loadgen.sandbox.dynamodb.throughput import Capacity, Side
from loadgen.sandbox.dynamodb.values import Item
from loadgen.sandbox.dynamodb.wire import dump, load

ITEM_LIMIT = 400 * 1024
SHELVES = 1024
HOLDING = 600
"""Bytes that an item takes in this process beside its JSON."""


class Stored(NamedTuple):
    """An item as JSON, and its size as DynamoDB counts it."""

    raw: bytes
    size: int

    @property
    def item(self) -> Item:
        return load(self.raw)

    @property
    def weight(self) -> int:
        """The memory that it takes."""
        return len(self.raw) + HOLDING


def store(item: Item) -> Stored:
    """Raises Refused if the item is too large."""
    size = size_of(item)
    if size > ITEM_LIMIT:
        raise invalid("Item size has exceeded the maximum allowed size")
    return Stored(dump(item), size)


@dataclass(slots=True)
class Table:
    """`created` is wall-clock time in ns. The table can be used from `ready` on; `gone` is the end of its deletion, 0
    if nobody asked for it."""

    name: str
    arn: str
    identity: str
    schema: Schema
    capacity: Capacity
    reads: Side
    writes: Side
    created: int
    ready: int
    gone: int = 0
    weight: int = 0
    bytes: int = 0
    _items: dict[Key, Stored] = field(default_factory=dict)
    _sorts: dict[str, list[Sort]] = field(default_factory=dict)  # of each partition, if there is a sort key
    _shelves: dict[int, list[str]] = field(default_factory=dict)  # partitions by hash, in order

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Key) -> Stored | None:
        return self._items.get(key)

    def set(self, key: Key, new: Stored | None) -> None:
        """Put an item under its key, or (None) remove the item there."""
        old = self._items.get(key)
        if old:
            self.weight -= old.weight
            self.bytes -= old.size
        if new:
            self.weight += new.weight
            self.bytes += new.size
            self._items[key] = new
            if not old:
                self._enter(key)
        elif old:
            del self._items[key]
            self._leave(key)

    def partition(self, name: str) -> list[Sort]:
        """The sort keys of a partition, in order; only for a table that has a sort key."""
        return self._sorts.get(name, [])

    def after(self, key: Key | None) -> Iterator[tuple[Key, Stored]]:
        """All items after `key`, which need not exist any more, in the order of scans."""
        start = _shelf(key.partition) if key else 0
        for number in range(start, SHELVES):
            shelf = self._shelves.get(number, [])
            first = bisect_left(shelf, key.partition) if key and number == start else 0
            for i in range(first, len(shelf)):
                behind = key if key and shelf[i] == key.partition else None
                for entry in self._keys(shelf[i], behind):
                    yield entry, self._items[entry]

    def _keys(self, partition: str, behind: Key | None) -> Iterator[Key]:
        if not self.schema.sort:
            if not behind:
                yield Key(partition, None)
            return
        sorts = self._sorts[partition]
        unordered: Any = sorts  # all of them have the same type
        for i in range(bisect_right(unordered, behind.sort) if behind else 0, len(sorts)):
            yield Key(partition, sorts[i])

    def _enter(self, key: Key) -> None:
        if key.sort is not None:
            sorts: Any = self._sorts.setdefault(key.partition, [])
            insort(sorts, key.sort)
            if len(sorts) > 1:
                return
        insort(self._shelves.setdefault(_shelf(key.partition), []), key.partition)

    def _leave(self, key: Key) -> None:
        if key.sort is not None:
            sorts: Any = self._sorts[key.partition]
            del sorts[bisect_left(sorts, key.sort)]
            if sorts:
                return
            del self._sorts[key.partition]
        shelf = self._shelves[_shelf(key.partition)]
        del shelf[bisect_left(shelf, key.partition)]


def _shelf(partition: str) -> int:
    return crc32(partition.encode()) % SHELVES
