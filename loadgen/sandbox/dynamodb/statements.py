"""ExecuteStatement: two forms of PartiQL, SELECT by key and INSERT, both with parameters."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from loadgen.sandbox.dynamodb.call import Call, Capacity, Reply, read_halves, write_halves
from loadgen.sandbox.dynamodb.changes import bare_put
from loadgen.sandbox.dynamodb.keys import Key, key_text
from loadgen.sandbox.dynamodb.pages import in_partition, page
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.refusals import Refused, invalid, not_done
from loadgen.sandbox.dynamodb.table import Table
from loadgen.sandbox.dynamodb.values import Item, Value, checked_item
from loadgen.sandbox.dynamodb.wire import dump, read

KNOWN = frozenset({"Statement", "Parameters", "ConsistentRead", "Limit", "NextToken", "ReturnConsumedCapacity"})
LENGTH_LIMIT = 8192

_NAME = r'(?:"([\w.-]{1,255})"|([\w.-]{1,255}))'
_SELECT = re.compile(rf"SELECT\s+\*\s+FROM\s+{_NAME}\s+WHERE\s+{_NAME}\s*=\s*\?(?:\s+AND\s+{_NAME}\s*=\s*\?)?", re.I)
_INSERT = re.compile(rf"INSERT\s+INTO\s+{_NAME}\s+VALUE\s*\{{(.*)\}}", re.I | re.S)
_MEMBER = re.compile(r"\s*'([^']{1,255})'\s*:\s*\?\s*")
FORMS = """SELECT * FROM "table" WHERE key = ? [AND key = ?] and INSERT INTO "table" VALUE {'name': ?, ...}"""


def execute_statement(call: Call) -> Reply:
    parameters = Parameters(call.body, KNOWN)
    text = parameters.text("Statement").strip().removesuffix(";").rstrip()
    values: list[Value] = parameters.listing("Parameters") if parameters.has("Parameters") else []
    checked_item(dict(enumerate(values)))
    if len(text) <= LENGTH_LIMIT:
        if match := _SELECT.fullmatch(text):
            name, *names = _names(match)
            return _select(call, parameters, call.database.table(name, call.now), _bound(names, values))
        if match := _INSERT.fullmatch(text):
            members = [_MEMBER.fullmatch(member) for member in match[3].split(",")]
            names = [member[1] for member in members if member]
            if len(names) == len(members):
                table = call.database.table(_names(match)[0], call.now)
                return _insert(call, parameters, table, _bound(names, values))
    raise not_done(f"this statement; it does {FORMS}")


def _names(match: re.Match[str]) -> list[str]:
    groups = match.groups()
    return [quoted or bare for quoted, bare in zip(groups[::2], groups[1::2], strict=False) if quoted or bare]


def _bound(names: list[str], values: list[Value]) -> Item:
    if len(names) != len(values):
        raise invalid("Number of parameters in request and statement don't match.")
    if len(set(names)) < len(names):
        raise invalid("The statement names an attribute twice")
    return dict(zip(names, values, strict=True))


def _select(call: Call, parameters: Parameters, table: Table, wanted: Item) -> Reply:
    schema = table.schema
    capacity, consistent = Capacity(parameters), parameters.flag("ConsistentRead")
    if wanted.keys() not in ({part.name for part in schema.parts}, {schema.partition.name}):
        raise not_done("a SELECT by anything but the key")
    partition = key_text(wanted, schema.partition)
    reply: Reply = {}
    if len(wanted) == len(schema.parts):
        stored = table.get(schema.of_key(wanted))
        items, size = ([stored.raw], stored.size) if stored else ([], 0)
    else:
        behind = in_partition(table, partition, None, _behind(parameters, table, partition), True)
        items, _, size, last = page(behind, parameters.whole("Limit"))
        if last:
            key = schema.key_in(last.item)
            reply = {"LastEvaluatedKey": key, "NextToken": b64encode(dump(key)).decode()}
    halves = read_halves(size, consistent)
    table.reads.take(call.now, halves, partition)
    capacity.add(table.name, halves)
    return {"Items": items, **reply, **capacity.one()}


def _behind(parameters: Parameters, table: Table, partition: str) -> Key | None:
    token = parameters.optional_text("NextToken")
    if token is None:
        return None
    try:
        key = table.schema.of_key(checked_item(read(b64decode(token, validate=True))))
    except (ValueError, Refused):
        key = None
    if key is None or key.partition != partition:
        raise invalid("Invalid NextToken")
    return key


def _insert(call: Call, parameters: Parameters, table: Table, item: Item) -> Reply:
    capacity, change = Capacity(parameters), bare_put(item, table)
    call.database.make_room(change.growth)
    halves = write_halves(change.old.size if change.old else change.size)
    table.writes.take(call.now, halves, change.key.partition)
    if change.old:
        raise Refused("DuplicateItemException", "Duplicate primary key exists in table")
    change.apply()
    capacity.add(table.name, halves)
    return {"Items": [], **capacity.one()}
