"""All tables of a sandbox."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from loadgen.clock import SECOND
from loadgen.profile.sandbox import Tables
from loadgen.sandbox.dynamodb.keys import Schema
from loadgen.sandbox.dynamodb.refusals import Refused, invalid, not_found
from loadgen.sandbox.dynamodb.table import Table
from loadgen.sandbox.dynamodb.throughput import Capacity, Ledger, Side
from loadgen.sandbox.dynamodb.tokens import Tokens

ACCOUNT = "123456789012"
TABLE_LIMIT = 100
LEDGER_LIMIT = 1000
NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")


class Database:
    def __init__(self, settings: Tables, wall: Callable[[], int]) -> None:
        self._settings, self._wall = settings, wall
        self._tables: dict[str, Table] = {}
        self.ledgers: dict[str, Ledger] = {}
        """By table name; they outlive their tables."""
        self.tokens = Tokens()
        self._made = 0

    def names(self, now: int) -> list[str]:
        self._sweep(now)
        return sorted(self._tables)

    def find(self, name: str, now: int) -> Table:
        """A table in any state. Raises Refused."""
        check_name(name)
        table = self._tables.get(name)
        if table is None or self._is_gone(table, now):
            raise not_found(f"Table: {name} not found")
        return table

    def table(self, name: str, now: int) -> Table:
        """A table that can be used. Raises Refused."""
        table = self._tables.get(name)
        if table is None or table.gone or now < table.ready:
            check_name(name)
            raise not_found()
        return table

    def create(self, name: str, region: str, schema: Schema, capacity: Capacity, now: int) -> Table:
        """A new table. Raises Refused."""
        check_name(name)
        self._sweep(now)
        if name in self._tables:
            raise Refused("ResourceInUseException", f"Table already exists: {name}")
        if len(self._tables) >= TABLE_LIMIT:
            raise Refused("LimitExceededException", f"Subscriber limit exceeded: the sandbox has {TABLE_LIMIT} tables")
        self._made += 1
        arn = f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{name}"
        ledger = self._ledger(name)
        reads, writes = (Side(word, capacity, arn, self._settings, ledger) for word in ("Read", "Write"))
        table = Table(
            name,
            arn,
            f"00000000-0000-4000-8000-{self._made:012d}",
            schema,
            capacity,
            reads,
            writes,
            self._wall(),
            now + self._settings.creating,
        )
        self._tables[name] = table
        return table

    def delete(self, name: str, now: int) -> Table:
        table = self.find(name, now)
        if table.gone or now < table.ready:
            state = "deleted" if table.gone else "created"
            message = f"Attempt to change a resource which is still in use: Table is being {state}: {name}"
            raise Refused("ResourceInUseException", message)
        table.gone = now + self._settings.creating
        self._sweep(now)
        return table

    def make_room(self, weight: int) -> None:
        """Raises Refused if the sandbox would hold too much with so many more bytes."""
        if weight > 0 and self._weight() + weight > self._settings.memory:
            raise invalid(
                f"The sandbox is full: its items take {self._settings.memory // 2**20} MiB, "
                "which the setting sandbox.dynamodb.memory raises"
            )

    def stats(self) -> dict[str, Any]:
        """By table name: what was let through and what was throttled, the units consumed, and the stored items and
        bytes."""
        return {name: self._stats(name, ledger) for name, ledger in self.ledgers.items()}

    def _stats(self, name: str, ledger: Ledger) -> dict[str, Any]:
        table = self._tables.get(name)
        return {
            "granted": ledger.granted,
            "throttled": dict(ledger.throttled),
            "unprocessed": ledger.unprocessed,
            "read_units": ledger.halves["Read"] / 2,
            "write_units": ledger.halves["Write"] / 2,
            "items": len(table) if table else 0,
            "bytes": table.bytes if table else 0,
        }

    def _weight(self) -> int:
        return sum(table.weight for table in self._tables.values())

    def _ledger(self, name: str) -> Ledger:
        if name not in self.ledgers and len(self.ledgers) >= LEDGER_LIMIT:
            del self.ledgers[next(old for old in self.ledgers if old not in self._tables)]
        return self.ledgers.setdefault(name, Ledger())

    def _is_gone(self, table: Table, now: int) -> bool:
        return bool(table.gone) and table.gone <= now

    def _sweep(self, now: int) -> None:
        for name in [name for name, table in self._tables.items() if self._is_gone(table, now)]:
            del self._tables[name]


def check_name(name: str) -> None:
    """Raises Refused."""
    if not NAME.fullmatch(name):
        raise invalid(
            "Invalid table/index name. Table/index names must be between 3 and 255 characters long, "
            "and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
        )


def seconds(wall: int) -> float:
    """Epoch seconds, as DynamoDB tells instants."""
    return round(wall / SECOND, 3)
