"""BatchGetItem and BatchWriteItem. Items that cannot be done come back; the call fails only if none can be done."""

from __future__ import annotations

from typing import Any

from loadgen.sandbox.dynamodb import changes
from loadgen.sandbox.dynamodb.call import Call, Capacity, Reply, read_halves, write_halves
from loadgen.sandbox.dynamodb.changes import Change
from loadgen.sandbox.dynamodb.keys import Key
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.refusals import invalid
from loadgen.sandbox.dynamodb.table import Table
from loadgen.sandbox.dynamodb.throughput import Side, Throttled
from loadgen.sandbox.dynamodb.values import checked_item

GET_LIMIT, WRITE_LIMIT = 100, 25
ANSWER_LIMIT = 16 * 2**20
"""Bytes of items that a BatchGetItem answers with; the rest is left over."""
GET = frozenset({"RequestItems", "ReturnConsumedCapacity"})
WRITE = GET | {"ReturnItemCollectionMetrics"}


class Batch:
    """Counts the items of a call, and those of them that were throttled."""

    def __init__(self, call: Call, name: str, limit: int) -> None:
        self._call, self._name, self._limit = call, name, limit
        self._seen: set[tuple[str, Key]] = set()
        self._throttled: list[Throttled] = []

    def add(self, table: Table, key: Key) -> None:
        """Raises Refused if it is one too many, or if it was added before."""
        if len(self._seen) >= self._limit:
            raise invalid(f"Too many items requested for the {self._name} call")
        if (table.name, key) in self._seen:
            raise invalid("Provided list of item keys contains duplicates")
        self._seen.add((table.name, key))

    def begin(self) -> None:
        """All items were added. Raises Refused if there are none."""
        if not self._seen:
            raise invalid(f"The {self._name} call names no items")

    def lets(self, side: Side, halves: int, key: Key) -> bool:
        """Whether an item is done now."""
        if self._call.left_over():
            side.leave_over()
            return False
        try:
            side.take(self._call.now, halves, key.partition)
        except Throttled as throttled:
            self._throttled.append(throttled)
            return False
        return True

    def end(self) -> None:
        """Raises Throttled if every item was throttled."""
        if len(self._throttled) == len(self._seen):
            raise self._throttled[0]


def batch_get_item(call: Call) -> Reply:
    parameters = Parameters(call.body, GET)
    capacity, batch = Capacity(parameters), Batch(call, "BatchGetItem", GET_LIMIT)
    asked: list[tuple[Table, bool, dict[Key, Any]]] = []
    for name, given in parameters.mapping("RequestItems").items():
        of_table = Parameters(given, frozenset({"Keys", "ConsistentRead"}))
        table, keys = call.database.table(name, call.now), {}
        for named in of_table.listing("Keys"):
            key = table.schema.of_key(checked_item(named))
            batch.add(table, key)
            keys[key] = named
        asked.append((table, of_table.flag("ConsistentRead"), keys))
    batch.begin()
    responses: dict[str, list[bytes]] = {}
    left: dict[str, Reply] = {}
    size = 0
    for table, consistent, keys in asked:
        rows = responses[table.name] = []
        for key, named in keys.items():
            stored = table.get(key)
            halves = read_halves(stored.size if stored else 0, consistent)
            if size > ANSWER_LIMIT:
                table.reads.leave_over()
            elif batch.lets(table.reads, halves, key):
                capacity.add(table.name, halves)
                size += stored.size if stored else 0
                rows += [stored.raw] if stored else []
                continue
            left.setdefault(table.name, {"Keys": [], "ConsistentRead": consistent})["Keys"].append(named)
    batch.end()
    return {"Responses": responses, "UnprocessedKeys": left, **capacity.several()}


def batch_write_item(call: Call) -> Reply:
    parameters = Parameters(call.body, WRITE)
    capacity, batch = Capacity(parameters), Batch(call, "BatchWriteItem", WRITE_LIMIT)
    asked: list[tuple[Change, Any]] = []
    named = parameters.mapping("RequestItems")
    requests = Parameters(named, frozenset(named))
    for name in named:
        table = call.database.table(name, call.now)
        for given in requests.listing(name):
            change = _change(given, table)
            batch.add(table, change.key)
            asked.append((change, given))
    batch.begin()
    call.database.make_room(sum(change.growth for change, _ in asked))
    left: dict[str, list[Any]] = {}
    for change, given in asked:
        halves = write_halves(change.size)
        if batch.lets(change.table.writes, halves, change.key):
            change.apply()
            capacity.add(change.table.name, halves)
        else:
            left.setdefault(change.table.name, []).append(given)
    batch.end()
    return {"UnprocessedItems": left, **capacity.several()}


def _change(given: object, table: Table) -> Change:
    request = Parameters(given, frozenset({"PutRequest", "DeleteRequest"}))
    if request.has("PutRequest") == request.has("DeleteRequest"):
        raise invalid("Supplied WriteRequest must contain exactly one of PutRequest and DeleteRequest")
    if request.has("PutRequest"):
        return changes.bare_put(Parameters(request.mapping("PutRequest"), frozenset({"Item"})).item("Item"), table)
    return changes.bare_delete(Parameters(request.mapping("DeleteRequest"), frozenset({"Key"})).item("Key"), table)
