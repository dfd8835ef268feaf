"""GetItem, PutItem, UpdateItem, DeleteItem."""

from __future__ import annotations

from collections.abc import Callable

from loadgen.sandbox.dynamodb import changes
from loadgen.sandbox.dynamodb.call import Call, Capacity, Reply, read_halves, write_halves
from loadgen.sandbox.dynamodb.changes import Change
from loadgen.sandbox.dynamodb.database import Database
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.refusals import Refused
from loadgen.sandbox.dynamodb.values import Item

TELLING = frozenset({"ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValues"})
GET = frozenset({"TableName", "Key", "ConsistentRead", "ReturnConsumedCapacity"})

BEFORE = ("ALL_OLD", "NONE")
AFTER = ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")

CONDITION_FAILED = "The conditional request failed"


def get_item(call: Call) -> Reply:
    parameters = Parameters(call.body, GET)
    table = call.database.table(parameters.text("TableName"), call.now)
    capacity = Capacity(parameters)
    key = table.schema.of_key(parameters.item("Key"))
    stored = table.get(key)
    halves = read_halves(stored.size if stored else 0, parameters.flag("ConsistentRead"))
    table.reads.take(call.now, halves, key.partition)
    capacity.add(table.name, halves)
    return {**({"Item": stored.raw} if stored else {}), **capacity.one()}


def put_item(call: Call) -> Reply:
    return _write(call, changes.PUT, changes.put, BEFORE)


def delete_item(call: Call) -> Reply:
    return _write(call, changes.DELETE, changes.delete, BEFORE)


def update_item(call: Call) -> Reply:
    return _write(call, changes.UPDATE, changes.update, AFTER)


def _write(
    call: Call,
    allowed: frozenset[str],
    work_out: Callable[[Parameters, Database, int], Change],
    options: tuple[str, ...],
) -> Reply:
    parameters = Parameters(call.body, allowed | TELLING)
    capacity, wanted = Capacity(parameters), parameters.choice("ReturnValues", options, "NONE")
    change = work_out(parameters, call.database, call.now)
    call.database.make_room(change.growth)
    halves = write_halves(change.size)
    change.table.writes.take(call.now, halves, change.key.partition)
    if not change.met:
        shown = {"Item": change.returned} if change.returned else {}
        raise Refused("ConditionalCheckFailedException", CONDITION_FAILED, more=shown)
    change.apply()
    capacity.add(change.table.name, halves)
    return {**_values(change, wanted), **capacity.one()}


def _values(change: Change, wanted: str) -> Reply:
    if wanted == "NONE":
        return {}
    source = change.new if wanted.endswith("NEW") else change.old
    if not source:
        return {}
    if wanted.startswith("ALL"):
        return {"Attributes": source.raw}
    item: Item = source.item
    shown = {name: item[name] for name in change.touched or [] if name in item}
    return {"Attributes": shown} if shown else {}
