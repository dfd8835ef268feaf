"""Writes the items that a table gets before the load: in batches, several at once, until none of a batch is left."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from loadgen import clock
from loadgen.clock import SECOND
from loadgen.errors import TargetError
from loadgen.result.reason import Reason
from loadgen.runner.control import AT_ONCE, CallFailed
from loadgen.runner.table.calls import Calls

BATCH = 25  # the most that BatchWriteItem takes
PATIENCE = 300 * SECOND  # without a single item written, before it gives up
TOLD = 5 * SECOND  # between two messages about the progress
LONGEST = 5.0  # seconds between two attempts
SHORTEST = 0.05

Pause = Callable[[float], Awaitable[None]]
Say = Callable[[Reason], None]


class Items:
    """Writes items 0 to `count` - 1 into a table. `render` gives an item's attribute values as JSON; `key` are the
    names of its key attributes. `written` and `units` (write units, as far as the service reports them) show the
    progress."""

    def __init__(
        self,
        api: Calls,
        table: str,
        key: tuple[str, ...],
        render: Callable[[int], str],
        count: int,
        say: Say,
        pause: Pause = asyncio.sleep,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self._api, self._table, self._key, self._render, self._count = api, json.dumps(table), key, render, count
        self._say, self._pause, self._now = say, pause, now
        self._last = now()
        self._next_word = self._last + TOLD
        self.written, self.units = 0, 0.0

    async def load(self) -> None:
        """Write all of them. Raises TargetError for an error that a retry would not help, or if no item is written for
        five minutes."""
        batches = iter(range(0, self._count, BATCH))
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(AT_ONCE):
                    lanes.create_task(self._lane(batches))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _lane(self, batches: Iterator[int]) -> None:
        for first in batches:
            await self._write(self._batch(first))

    def _batch(self, first: int) -> list[str]:
        """The requests of a batch. Of items with the same key, which DynamoDB refuses in one batch, it has only the
        last."""
        unprocessed = {}
        for index in range(first, min(first + BATCH, self._count)):
            item = self._render(index)
            values = json.loads(item)
            unprocessed[json.dumps([values.get(name) for name in self._key])] = f'{{"PutRequest":{{"Item":{item}}}}}'
        return list(unprocessed.values())

    async def _write(self, requests: list[str]) -> None:
        attempt = 0
        while True:
            left, why = await self._attempt(requests)
            if len(left) < len(requests):
                attempt = 0
                self._advanced(len(requests) - len(left))
            if not left:
                return
            if self._now() - self._last > PATIENCE:
                raise TargetError(f"setup: no item was written for {PATIENCE // SECOND // 60} minutes. {why}")
            await self._pause(SHORTEST + random.random() * min(SHORTEST * 2**attempt, LONGEST))
            attempt = min(attempt + 1, 16)
            requests = left

    async def _attempt(self, requests: list[str]) -> tuple[list[str], str]:
        """The requests that are left after an attempt, and why. Raises TargetError for an error that a retry would not
        help."""
        body = f'{{"RequestItems":{{{self._table}:[{",".join(requests)}]}},"ReturnConsumedCapacity":"TOTAL"}}'
        try:
            answer = await self._api.call("BatchWriteItem", body)
        except CallFailed as error:
            if not error.transient:
                raise
            return requests, str(error)
        self.units += consumed(answer)
        left = list(map(json.dumps, _unprocessed(answer)))
        if len(left) > len(requests):
            raise TargetError("setup: BatchWriteItem left more items than it was sent: it is no DynamoDB")
        return left, "All of them were left unprocessed"

    def _advanced(self, by: int) -> None:
        self.written += by
        self._last = self._now()
        if self._last >= self._next_word:
            self._next_word = self._last + TOLD
            self._say(Reason.of("items_so_far", written=self.written, items=self._count))


def _unprocessed(answer: dict[str, Any]) -> list[dict[str, Any]]:
    tables = answer.get("UnprocessedItems")
    lists = tables.values() if isinstance(tables, dict) else ()
    return [entry for entries in lists if isinstance(entries, list) for entry in entries if isinstance(entry, dict)]


def consumed(answer: dict[str, Any]) -> float:
    """The capacity units that a batch consumed, as its answer reports them, over all tables."""
    capacity = answer.get("ConsumedCapacity")
    units = (
        [entry.get("CapacityUnits") for entry in capacity if isinstance(entry, dict)]
        if isinstance(capacity, list)
        else []
    )
    return sum(float(value) for value in units if isinstance(value, int | float) and 0 <= value < 1e9)
