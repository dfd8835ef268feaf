"""Put, Update, Delete and ConditionCheck, alone or in a batch or transaction: their effect is computed first, and
carried out later."""

from __future__ import annotations

from typing import Any, NamedTuple

from loadgen.sandbox.dynamodb import updates
from loadgen.sandbox.dynamodb.call import met
from loadgen.sandbox.dynamodb.database import Database
from loadgen.sandbox.dynamodb.keys import Key
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.parsing import Scope
from loadgen.sandbox.dynamodb.refusals import wrong_parameter
from loadgen.sandbox.dynamodb.table import Stored, Table, store
from loadgen.sandbox.dynamodb.values import Item, checked_item

CONDITION = frozenset({"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues", "TableName"})
ON_FAILURE = "ReturnValuesOnConditionCheckFailure"
PUT, DELETE = CONDITION | {"Item", ON_FAILURE}, CONDITION | {"Key", ON_FAILURE}
UPDATE = DELETE | {"UpdateExpression"}
"""What parameters they have."""


class Change(NamedTuple):
    """`old` and `new` may be the same (a check) or None (no item). `met`: its condition is met.

    `returned` is the item that the answer shows if the condition is not met; `touched` are the attributes that an
    update names, None for all.
    """

    table: Table
    key: Key
    old: Stored | None
    new: Stored | None
    met: bool = True
    returned: bytes | None = None
    touched: list[str] | None = None

    @property
    def size(self) -> int:
        """The size that its capacity is computed from: the larger of before and after, or before if nothing changes."""
        old, new = self.old.size if self.old else 0, self.new.size if self.new else 0
        return max(old, new) if self.met else old

    @property
    def growth(self) -> int:
        """How many more bytes the sandbox must hold."""
        return (self.new.weight if self.new else 0) - (self.old.weight if self.old else 0)

    def apply(self) -> None:
        if self.new is not self.old:
            self.table.set(self.key, self.new)


def put(parameters: Parameters, database: Database, now: int) -> Change:
    """Raises Refused, as those below."""
    table, scope = database.table(parameters.text("TableName"), now), Scope(parameters)
    item = parameters.item("Item")
    key = table.schema.of_item(item)
    old = table.get(key)
    return _conditioned(parameters, scope, Change(table, key, old, store(item)))


def delete(parameters: Parameters, database: Database, now: int) -> Change:
    table, scope = database.table(parameters.text("TableName"), now), Scope(parameters)
    key = table.schema.of_key(parameters.item("Key"))
    return _conditioned(parameters, scope, Change(table, key, table.get(key), None))


def check(parameters: Parameters, database: Database, now: int) -> Change:
    table, scope = database.table(parameters.text("TableName"), now), Scope(parameters)
    key = table.schema.of_key(parameters.item("Key"))
    parameters.text("ConditionExpression")
    old = table.get(key)
    return _conditioned(parameters, scope, Change(table, key, old, old))


def update(parameters: Parameters, database: Database, now: int) -> Change:
    table, scope = database.table(parameters.text("TableName"), now), Scope(parameters)
    named = parameters.item("Key")
    key = table.schema.of_key(named)
    old = table.get(key)
    text = parameters.optional_text("UpdateExpression")
    expression = updates.parse(text) if text is not None else None
    if expression:
        scope.enter(expression)
    change = _conditioned(parameters, scope, Change(table, key, old, old))
    if not change.met:
        return change
    item, touched = updates.updated(expression.tree if expression else (), old.item if old else named, scope)
    for part in table.schema.parts:
        if part.name in touched:
            raise wrong_parameter(f"Cannot update attribute {part.name}. This attribute is part of the key")
    return change._replace(new=store(item), touched=touched)


def bare_put(item: Any, table: Table) -> Change:
    """A put of a batch, which has no condition."""
    checked = checked_item(item)
    key = table.schema.of_item(checked)
    return Change(table, key, table.get(key), store(checked))


def bare_delete(named: Item, table: Table) -> Change:
    key = table.schema.of_key(checked_item(named))
    return Change(table, key, table.get(key), None)


def _conditioned(parameters: Parameters, scope: Scope, change: Change) -> Change:
    shown = parameters.choice(ON_FAILURE, ("ALL_OLD", "NONE"), "NONE") == "ALL_OLD"
    is_met = met(parameters, scope, change.old)
    scope.leave()
    if is_met:
        return change
    return change._replace(met=False, returned=change.old.raw if shown and change.old else None)
