"""Query and Scan: a page of items at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from loadgen.sandbox.dynamodb import conditions
from loadgen.sandbox.dynamodb.call import Call, Capacity, Reply, read_halves
from loadgen.sandbox.dynamodb.conditions import And, BeginsWith, Between, Comparison, Tree
from loadgen.sandbox.dynamodb.keys import Key, KeyPart, Schema, Sort, key_text, ordered
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.parsing import Constant, Operand, Path, Scope
from loadgen.sandbox.dynamodb.refusals import Refused, invalid, not_done
from loadgen.sandbox.dynamodb.table import Stored, Table

PAGE = 2**20
"""Bytes of items after which a page ends."""
SCAN = frozenset(
    {
        "TableName",
        "ConsistentRead",
        "ExclusiveStartKey",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "FilterExpression",
        "Limit",
        "ReturnConsumedCapacity",
        "Select",
    }
)
QUERY = SCAN | {"KeyConditionExpression", "ScanIndexForward"}
WHAT = "KeyConditionExpression"


class Page(NamedTuple):
    """`size` is that of all `scanned` items, of which `items` are shown; the next page begins at `last`."""

    items: list[bytes]
    scanned: int
    size: int
    last: Stored | None


class Range(NamedTuple):
    """Indices of a partition's items, from `low` up to but not including `high`."""

    low: int
    high: int


def query(call: Call) -> Reply:
    parameters = Parameters(call.body, QUERY)
    table, scope = call.database.table(parameters.text("TableName"), call.now), Scope(parameters)
    if not parameters.has(WHAT):
        raise invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    expression = conditions.parse(parameters.text(WHAT), WHAT)
    scope.enter(expression)
    partition, within = _key_condition(expression.tree, table, scope)
    start = _start(parameters, table)
    if start and start.partition != partition:
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    forward = parameters.flag("ScanIndexForward", True)
    items = in_partition(table, partition, within, start, forward)
    return _answer(call, parameters, table, scope, items, partition)


def scan(call: Call) -> Reply:
    parameters = Parameters(call.body, SCAN)
    table, scope = call.database.table(parameters.text("TableName"), call.now), Scope(parameters)
    items = (stored for _, stored in table.after(_start(parameters, table)))
    return _answer(call, parameters, table, scope, items, None)


def in_partition(
    table: Table, partition: str, within: Range | None, start: Key | None, forward: bool
) -> Iterator[Stored]:
    """The items of a partition, or of a range of it, after `start` in the direction of reading."""
    if not table.schema.sort:
        single = None if start else table.get(Key(partition, None))
        if single:
            yield single
        return
    sorts: Any = table.partition(partition)
    low, high = within or Range(0, len(sorts))
    if start:
        low, high = (
            (max(low, bisect_right(sorts, start.sort)), high)
            if forward
            else (low, min(high, bisect_left(sorts, start.sort)))
        )
    for i in range(low, high) if forward else range(high - 1, low - 1, -1):
        stored = table.get(Key(partition, sorts[i]))
        assert stored
        yield stored


def page(candidates: Iterable[Stored], limit: int | None, shown: Callable[[Stored], bool] | None = None) -> Page:
    items: list[bytes] = []
    scanned = size = 0
    for stored in candidates:
        scanned, size = scanned + 1, size + stored.size
        if shown is None or shown(stored):
            items.append(stored.raw)
        if scanned == limit or size > PAGE:
            return Page(items, scanned, size, stored)
    return Page(items, scanned, size, None)


def _answer(
    call: Call, parameters: Parameters, table: Table, scope: Scope, candidates: Iterable[Stored], partition: str | None
) -> Reply:
    capacity, limit = Capacity(parameters), parameters.whole("Limit")
    select = parameters.optional_text("Select") or "ALL_ATTRIBUTES"
    if select not in ("ALL_ATTRIBUTES", "COUNT"):
        raise not_done(f"Select {select[:64]}")
    consistent = parameters.flag("ConsistentRead")
    shown = _filter(parameters, table.schema if partition else None, scope)
    scope.leave()
    items, scanned, size, last = page(candidates, limit, shown)
    halves = read_halves(size, consistent)
    table.reads.take(call.now, halves, partition)
    capacity.add(table.name, halves)
    reply: Reply = {"Count": len(items), "ScannedCount": scanned, **capacity.one()}
    if select != "COUNT":
        reply["Items"] = items
    if last:
        reply["LastEvaluatedKey"] = table.schema.key_in(last.item)
    return reply


def _filter(parameters: Parameters, schema: Schema | None, scope: Scope) -> Callable[[Stored], bool] | None:
    """`schema`: the filter must not use its keys."""
    text = parameters.optional_text("FilterExpression")
    if text is None:
        return None
    expression = conditions.parse(text, "FilterExpression")
    scope.enter(expression)
    names = {scope.name(Path(token)) for token in expression.paths}
    for part in schema.parts if schema else ():
        if part.name in names:
            rule = "Filter Expression can only contain non-primary key attributes"
            raise invalid(f"{rule}: Primary key attribute: {part.name}")
    return lambda stored: conditions.met(expression.tree, stored.item, scope)


def _start(parameters: Parameters, table: Table) -> Key | None:
    if not parameters.has("ExclusiveStartKey"):
        return None
    return table.schema.of_key(parameters.item("ExclusiveStartKey"))


def _key_condition(tree: Tree, table: Table, scope: Scope) -> tuple[str, Range | None]:
    """The partition that the query names, and the range of its items if it does not want all."""
    schema = table.schema
    by_name: dict[str, Tree] = {}
    for part in tree.parts if isinstance(tree, And) else (tree,):
        operand: Operand | None = None
        if isinstance(part, Comparison):
            operand = part.left
        elif isinstance(part, Between | BeginsWith):
            operand = part.operand
        if not isinstance(operand, Path):
            raise _refused("Invalid operator used in KeyConditionExpression")
        name = scope.name(operand)
        if name in by_name:
            raise _refused("KeyConditionExpressions must only contain one condition per key")
        by_name[name] = part
    equal = by_name.pop(schema.partition.name, None)
    if not isinstance(equal, Comparison) or equal.sign != "=":
        raise invalid(f"Query condition missed key schema element: {schema.partition.name}")
    partition = _constant(equal.right, schema.partition, scope)
    if not by_name:
        return partition, None
    if not schema.sort or by_name.keys() != {schema.sort.name}:
        raise invalid("Query key condition not supported")
    return partition, _range(by_name[schema.sort.name], table.partition(partition), schema.sort, scope)


def _range(tree: Tree, sorts: list[Sort], part: KeyPart, scope: Scope) -> Range:
    keys: Any = sorts

    def value(operand: Operand) -> Any:
        return ordered(part.kind, _constant(operand, part, scope))

    match tree:
        case Between(_, low, high):
            least, most = value(low), value(high)
            if most < least:
                raise _refused("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
            return Range(bisect_left(keys, least), bisect_right(keys, most))
        case BeginsWith(_, prefix) if part.kind != "N":
            beginning = value(prefix)
            first = bisect_left(keys, beginning)
            return Range(first, bisect_left(keys, True, first, key=lambda sort: not sort.startswith(beginning)))
        case Comparison(_, sign, right) if sign in _RANGES:
            return _RANGES[sign](keys, value(right))
    raise _refused("Invalid operator used in KeyConditionExpression")


_RANGES: dict[str, Callable[[Any, Any], Range]] = {
    "=": lambda keys, value: Range(bisect_left(keys, value), bisect_right(keys, value)),
    "<": lambda keys, value: Range(0, bisect_left(keys, value)),
    "<=": lambda keys, value: Range(0, bisect_right(keys, value)),
    ">": lambda keys, value: Range(bisect_right(keys, value), len(keys)),
    ">=": lambda keys, value: Range(bisect_left(keys, value), len(keys)),
}


def _constant(operand: Operand, part: KeyPart, scope: Scope) -> str:
    if not isinstance(operand, Constant):
        raise _refused("Invalid operand used in KeyConditionExpression: a key is compared with a value")
    value = scope.value(operand, {})
    assert value
    if part.kind not in value:
        raise invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
    return key_text({part.name: value}, part)


def _refused(problem: str) -> Refused:
    return invalid(f"Invalid {WHAT}: {problem}")
