"""A table service that answers on a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from loadgen.profile.model import Profile
from loadgen.result.reason import Reason
from loadgen.runner.control import CallFailed
from loadgen.runner.table.lifecycle import Table


def failure(code: str, transient: bool = False) -> CallFailed:
    return CallFailed(f"table orders: {code}", code, transient)


@dataclass
class Service:
    """A table that comes and goes: `status` is what it is, None if there is none. `script` holds, by operation, what
    the next calls come to: an error, or a function of the parameters; when it is used up they are as they should be."""

    status: str | None = None
    script: dict[str, list[Any]] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    items: dict[str, int] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    said: list[Reason] = field(default_factory=list)
    warned: list[Reason] = field(default_factory=list)
    peer: dict[str, Any] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0

    async def call(self, operation: str, parameters: str) -> dict[str, Any]:
        told = json.loads(parameters)
        self.calls.append((operation, told))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)  # whoever else wants to call does so now
        self.at_once -= 1
        self.peer = {"tls": "TLSv1.3"}
        step = next(iter(self.script.get(operation, [])), None)
        if step is not None:
            self.script[operation].pop(0)
            if isinstance(step, CallFailed):
                raise step
            if isinstance(step, str):
                self.status = step
            else:
                found: dict[str, Any] = step(told)
                return found
        answer: dict[str, Any] = getattr(self, operation)(told)
        return answer

    def DescribeTable(self, told: dict[str, Any]) -> dict[str, Any]:
        if self.status is None:
            raise failure("ResourceNotFoundException")
        key = {
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        }
        return {"Table": {"TableStatus": self.status, "TableName": told["TableName"], **key, **self.described}}

    def CreateTable(self, told: dict[str, Any]) -> dict[str, Any]:
        self.status = "ACTIVE"
        return {"TableDescription": {"TableStatus": "CREATING"}}

    def DeleteTable(self, told: dict[str, Any]) -> dict[str, Any]:
        self.status = None
        return {}

    def BatchWriteItem(self, told: dict[str, Any]) -> dict[str, Any]:
        return self.write(told, 0)

    def write(self, told: dict[str, Any], left: int) -> dict[str, Any]:
        """Take all items of a batch but the last `left`, which are left unprocessed."""
        ((table, requests),) = told["RequestItems"].items()
        taken = requests[: len(requests) - left]
        for request in taken:
            key = request["PutRequest"]["Item"]["pk"]["S"]
            self.items[key] = self.items.get(key, 0) + 1
        rest = {table: requests[len(taken) :]} if left else {}
        return {"UnprocessedItems": rest, "ConsumedCapacity": [{"TableName": table, "CapacityUnits": 1.0 * len(taken)}]}

    def table(self, of: Profile) -> Table:
        @asynccontextmanager
        async def connect() -> AsyncIterator[Service]:
            yield self

        return Table(of, connect, self.said.append, self.warned.append, self.pause)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]
