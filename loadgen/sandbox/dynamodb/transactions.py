"""TransactGetItems and TransactWriteItems: all items are done, or none."""

from __future__ import annotations

from typing import Any, NamedTuple

from loadgen.sandbox.dynamodb import changes, tokens
from loadgen.sandbox.dynamodb.call import Call, Capacity, Reply, read_halves, write_halves
from loadgen.sandbox.dynamodb.changes import Change
from loadgen.sandbox.dynamodb.items import CONDITION_FAILED
from loadgen.sandbox.dynamodb.keys import Key
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.refusals import Refused, Unfit, invalid
from loadgen.sandbox.dynamodb.table import Stored, Table
from loadgen.sandbox.dynamodb.throughput import Side, Throttled
from loadgen.sandbox.dynamodb.wire import dump

LIMIT = 100
SIZE_LIMIT = 4 * 2**20
WORK = {
    "ConditionCheck": (changes.DELETE, changes.check),
    "Delete": (changes.DELETE, changes.delete),
    "Put": (changes.PUT, changes.put),
    "Update": (changes.UPDATE, changes.update),
}
GET = frozenset({"TransactItems", "ReturnConsumedCapacity"})
WRITE = GET | {"ClientRequestToken", "ReturnItemCollectionMetrics"}

INNOCENT: Reply = {"Code": "None"}


class Need(NamedTuple):
    """The units that an item takes from the reads or writes of its table."""

    table: Table
    side: Side
    halves: int
    key: Key


class Cancelled(Refused):
    """`reasons` has one for each item, in their order."""

    def __init__(self, reasons: list[Reply], throttled: bool) -> None:
        self.throttled = throttled
        codes = ", ".join(reason["Code"] for reason in reasons)
        message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        super().__init__("TransactionCanceledException", message, more={"CancellationReasons": reasons})


def transact_get_items(call: Call) -> Reply:
    parameters = Parameters(call.body, GET)
    capacity = Capacity(parameters, "Read")
    stored_items: list[Stored | None] = []
    needs: list[Need] = []
    for entry in _entries(parameters):
        get = Parameters(Parameters(entry, frozenset({"Get"})).mapping("Get"), frozenset({"Key", "TableName"}))
        table = call.database.table(get.text("TableName"), call.now)
        key = table.schema.of_key(get.item("Key"))
        stored = table.get(key)
        stored_items.append(stored)
        needs.append(Need(table, table.reads, read_halves(stored.size if stored else 0, transactional=True), key))
    _check(needs, sum(stored.size for stored in stored_items if stored))
    reasons = _take(needs, call.now)
    if reasons:
        raise Cancelled([reason or INNOCENT for reason in reasons], throttled=True)
    for need in needs:
        capacity.add(need.table.name, need.halves)
    return {"Responses": [{"Item": stored.raw} if stored else {} for stored in stored_items], **capacity.several()}


def transact_write_items(call: Call) -> Reply:
    parameters = Parameters(call.body, WRITE)
    capacity = Capacity(parameters, "Write")
    entries = _entries(parameters)
    token, request = _token(parameters), hash(dump(entries))
    if token and call.database.tokens.known(token, request, call.now):
        return {}
    work = _worked_out(entries, call)
    needs = [
        Need(change.table, change.table.writes, write_halves(change.size, transactional=True), change.key)
        for change in work
    ]
    _check(needs, sum(change.size for change in work))
    call.database.make_room(sum(change.growth for change in work))
    throttled = _take(needs, call.now)
    failed = [None if change.met else _condition_failed(change) for change in work]
    if throttled or any(failed):
        reasons = [a or b or INNOCENT for a, b in zip(throttled or failed, failed, strict=True)]
        raise Cancelled(reasons, throttled=bool(throttled))
    for change, need in zip(work, needs, strict=True):
        change.apply()
        capacity.add(need.table.name, need.halves)
    if token:
        call.database.tokens.remember(token, request, call.now)
    return capacity.several()


def _entries(parameters: Parameters) -> list[Any]:
    entries = parameters.listing("TransactItems")
    if not 1 <= len(entries) <= LIMIT:
        rule = f"Member must have length {'less' if entries else 'greater'} than or equal to {LIMIT if entries else 1}"
        raise invalid(f"1 validation error detected: Value at 'transactItems' failed to satisfy constraint: {rule}")
    return entries


def _token(parameters: Parameters) -> str:
    token = parameters.optional_text("ClientRequestToken") or ""
    if len(token) > tokens.LENGTH_LIMIT:
        rule = f"Member must have length less than or equal to {tokens.LENGTH_LIMIT}"
        raise invalid(
            f"1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: {rule}"
        )
    return token


def _worked_out(entries: list[Any], call: Call) -> list[Change]:
    work: list[Change] = []
    for entry in entries:
        try:
            work.append(_change(entry, call))
        except Unfit as unfit:
            reasons = [INNOCENT] * len(entries)
            reasons[len(work)] = {"Code": "ValidationError", "Message": unfit.message}
            raise Cancelled(reasons, throttled=False) from None
    return work


def _change(entry: object, call: Call) -> Change:
    action = Parameters(entry, frozenset(WORK))
    names = [name for name in WORK if action.has(name)]
    if len(names) != 1:
        raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    allowed, work_out = WORK[names[0]]
    return work_out(Parameters(action.mapping(names[0]), allowed), call.database, call.now)


def _check(needs: list[Need], size: int) -> None:
    """Raises Refused."""
    if len({(need.table.name, need.key) for need in needs}) < len(needs):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if size > SIZE_LIMIT:
        raise invalid(f"The items of a transaction must not be larger than {SIZE_LIMIT} bytes together")


def _take(needs: list[Need], now: int) -> list[Reply | None]:
    """Let all items through and return nothing; or let none through, and return the reason of each."""
    reasons: list[Reply | None] = []
    for need in needs:
        try:
            need.side.take(now, need.halves, need.key.partition)
            reasons.append(None)
        except Throttled as throttled:
            reasons.append({"Code": throttled.word, "Message": throttled.message})
    if not any(reasons):
        return []
    for need, reason in zip(needs, reasons, strict=True):
        if not reason:
            need.side.give_back(now, need.halves, need.key.partition)
    return reasons


def _condition_failed(change: Change) -> Reply:
    shown = {"Item": change.returned} if change.returned else {}
    return {"Code": "ConditionalCheckFailed", "Message": CONDITION_FAILED, **shown}
