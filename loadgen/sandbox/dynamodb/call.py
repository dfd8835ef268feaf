"""One call of an operation, and what all answers have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from loadgen.aws.capacity import read_units, write_units
from loadgen.sandbox.dynamodb import conditions
from loadgen.sandbox.dynamodb.database import Database
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.parsing import Scope
from loadgen.sandbox.dynamodb.table import Stored

Reply = dict[str, Any]
"""An answer's body; bytes in it are JSON already."""


class Call(NamedTuple):
    """`body` is the whole request; `now` is the instant at which it came; `authorization` is the header, which names
    the region.

    `left_over` draws whether a batch leaves an item unprocessed.
    """

    body: dict[str, Any]
    database: Database
    now: int
    authorization: str
    left_over: Callable[[], bool]


Operation = Callable[[Call], Reply]

CAPACITY = ("INDEXES", "TOTAL", "NONE")


def write_halves(size: int, transactional: bool = False) -> int:
    """The half units that a write takes."""
    return 2 * write_units(size, transactional)


def read_halves(size: int, consistent: bool = False, transactional: bool = False) -> int:
    return int(2 * read_units(size, consistent, transactional))


class Capacity:
    """The capacity that a call consumed, by table, and how the call wants it to be reported."""

    def __init__(self, parameters: Parameters, transactional: str = "") -> None:
        """`transactional`: Read or Write, whose units are then reported separately."""
        self._wanted = parameters.choice("ReturnConsumedCapacity", CAPACITY, "NONE")
        self._transactional = transactional
        self._halves: dict[str, int] = {}

    def add(self, table: str, halves: int) -> None:
        self._halves[table] = self._halves.get(table, 0) + halves

    def reported(self) -> list[Reply]:
        """An entry for each table, or none."""
        if self._wanted == "NONE":
            return []
        return [self._entry(table, halves / 2) for table, halves in self._halves.items()]

    def one(self) -> Reply:
        """The addition to the answer of an operation on one table."""
        replies = self.reported()
        return {"ConsumedCapacity": replies[0]} if replies else {}

    def several(self) -> Reply:
        """The addition to the answer of an operation on several tables."""
        replies = self.reported()
        return {"ConsumedCapacity": replies} if replies else {}

    def _entry(self, table: str, units: float) -> Reply:
        apart = {f"{self._transactional}CapacityUnits": units} if self._transactional else {}
        entry: Reply = {"TableName": table, "CapacityUnits": units, **apart}
        if self._wanted == "INDEXES":
            entry["Table"] = {"CapacityUnits": units, **apart}
        return entry


def met(parameters: Parameters, scope: Scope, old: Stored | None) -> bool:
    """Whether the stored item meets the ConditionExpression, if there is one."""
    text = parameters.optional_text("ConditionExpression")
    if text is None:
        return True
    expression = conditions.parse(text, "ConditionExpression")
    scope.enter(expression)
    return conditions.met(expression.tree, old.item if old else {}, scope)
