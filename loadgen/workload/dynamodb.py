"""Calls of a DynamoDB table, compiled: the body of each operation, and what its answer means.

The request is the same for every client: a POST of JSON with the operation in a header. The client of an SDK takes the
operation and its parameters from it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from loadgen.aws.attributes import typed
from loadgen.aws.dynamodb import CONTENT_TYPE, OPERATIONS, TARGET_PREFIX
from loadgen.aws.errors import classify, fault_of
from loadgen.aws.refusals import with_clock
from loadgen.exchange import MOST_KEYS, Exchange, Outcome, Request, Tally
from loadgen.profile.dynamodb import BATCHES, LISTS, LISTS_OF_MAPS, MAPS, is_typed
from loadgen.profile.model import Expect, Profile, Step
from loadgen.profile.placeholders import Placeholder, parse
from loadgen.workload.answers import mismatch, within
from loadgen.workload.draws import Column, Getter, Unsendable, Values
from loadgen.workload.render import TEXTS, Piece, Seeds, enclosed, encoded, joined, json_pieces, quoted, single
from loadgen.workload.requests import Render

_SETUP = 6  # the purpose of the seeds for the items of `setup`
_SAMPLED = '"ReturnConsumedCapacity":"TOTAL"'
_TABLELESS = ("ListTables", "ExecuteStatement")
_BY_TABLE = ("BatchGetItem", "BatchWriteItem")
_UNSAMPLED = ("ListTables", "DescribeTable")


def call(step: Step, table: str, one_in: int, headers: tuple[tuple[str, str], ...], seeds: Seeds) -> Render:
    """The function that makes the step's request. It asks for the consumed capacity in one of `one_in` calls; 0: in
    none."""
    operation = step.operation
    lines = (*headers, ("Content-Type", CONTENT_TYPE), ("X-Amz-Target", TARGET_PREFIX + operation))
    members = _members(step, table, seeds)
    usual = encoded(joined(enclosed("{", members, "}")))
    sampled = encoded(joined(enclosed("{", [*members, [_SAMPLED]], "}")))
    if operation in _UNSAMPLED or "ReturnConsumedCapacity" in step.parameters:
        one_in = 0

    key = _key(step, seeds)

    def render(values: Values, index: int) -> Request:
        body = sampled if one_in and index % one_in == 0 else usual
        try:
            written = body if isinstance(body, bytes) else body(values, index)
            request = Request("POST", "/", lines, written, operation)
            if key:
                request.key = min(key(values, index), MOST_KEYS) + 1
            return request
        except (UnicodeEncodeError, RecursionError, ValueError) as error:
            if isinstance(error, Unsendable):
                raise
            raise Unsendable("a value that is no Unicode text, or no attribute value, cannot be sent") from None

    return render


def _key(step: Step, seeds: Seeds) -> Getter | None:
    """The number of the key that a request is about, if it is one that the profile chooses."""
    names = {name for name in _names(step.parameters) if name in seeds.named}
    return seeds.named[names.pop()] if len(names) == 1 and step.operation not in BATCHES else None


def _names(value: Any) -> Iterator[str]:
    """The names in placeholders of all texts in a value."""
    if isinstance(value, str):
        yield from parse(value).names()
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(inner)


def _members(step: Step, table: str, seeds: Seeds) -> list[list[Piece]]:
    """The members of the operation's JSON object."""
    operation, parameters = step.operation, dict(step.parameters)
    items: list[list[Piece]] = []
    if operation in _BY_TABLE:
        items.append(['"RequestItems":', *_requests(step, table, seeds)])
        parameters = {} if "Keys" in parameters else {k: v for k, v in parameters.items() if k != "RequestItems"}
    elif operation in BATCHES:
        entries = [_with_table(entry, table) for entry in parameters.pop("TransactItems")]
        items.append(['"TransactItems":', *_repeated([_pieces(entry, seeds) for entry in entries], step.batch)])
    elif operation not in _TABLELESS and "TableName" not in parameters:
        items.append([f'"TableName":{json.dumps(table)}'])
    return items + [_member(key, value, seeds) for key, value in parameters.items()]


def setup_item(profile: Profile) -> Callable[[int], str]:
    """The function that gives the attribute values of item number i of `profile.setup`, as JSON."""
    assert profile.setup
    assert profile.setup.item is not None
    seeds = Seeds(profile.seed, _SETUP)
    item = joined(_map(profile.setup.item, seeds))
    return lambda index: item if isinstance(item, str) else item({}, index)


def _requests(step: Step, table: str, seeds: Seeds) -> list[Piece]:
    """RequestItems of a batch: as the API has it, or the entries of the target's table."""
    parameters = step.parameters
    written = parameters.get("RequestItems")
    if isinstance(written, dict):
        return _pieces(written, seeds)
    quoted = f"{{{json.dumps(table)}:"
    if step.operation == "BatchWriteItem":
        return [quoted, *_repeated([_pieces(entry, seeds) for entry in written or ()], step.batch), "}"]
    keys = [_map(key, seeds) for key in parameters["Keys"]]
    rest = [_member(key, value, seeds) for key, value in parameters.items() if key != "Keys"]
    return [quoted, *enclosed("{", [['"Keys":', *_repeated(keys, step.batch)], *rest], "}}")]


def _repeated(entries: list[list[Piece]], times: int | None) -> list[Piece]:
    """A list of the entries; or so many repetitions of the single entry, each with its own values. Entries with the
    same values are sent once, because DynamoDB refuses duplicates."""
    if times is None:
        return enclosed("[", entries, "]")
    entry = joined(entries[0])
    if isinstance(entry, str):
        return ["[", entry, "]"]

    def render(values: Values, index: int) -> str:
        first = index * times
        return ",".join(dict.fromkeys([entry(values, number) for number in range(first, first + times)]))

    return ["[", render, "]"]


def _with_table(entry: Any, table: str) -> Any:
    """An entry of a transaction, {Put: {...}}, with the target's table unless it names another."""
    if not isinstance(entry, dict):
        return entry
    return {action: {"TableName": table, **what} if isinstance(what, dict) else what for action, what in entry.items()}


def _pieces(value: Any, seeds: Seeds) -> list[Piece]:
    """JSON in which the parameters that hold attribute values are converted to these."""
    if isinstance(value, dict):
        return enclosed("{", [_member(key, item, seeds) for key, item in value.items()], "}")
    if isinstance(value, list):
        return enclosed("[", [_pieces(item, seeds) for item in value], "]")
    return json_pieces(value, seeds)


def _member(key: str, value: Any, seeds: Seeds) -> list[Piece]:
    if key in MAPS and isinstance(value, dict):
        pieces = _map(value, seeds)
    elif key in LISTS_OF_MAPS and isinstance(value, list):
        pieces = enclosed("[", [_map(item, seeds) for item in value], "]")
    elif key in LISTS and isinstance(value, list):
        pieces = enclosed("[", [_attribute(item, seeds) for item in value], "]")
    else:
        pieces = _pieces(value, seeds)
    return [f"{json.dumps(key)}:", *pieces]


def _map(value: Any, seeds: Seeds) -> list[Piece]:
    if not isinstance(value, dict):
        return json_pieces(value, seeds)
    return enclosed("{", [[f"{json.dumps(key)}:", *_attribute(item, seeds)] for key, item in value.items()], "}")


def _attribute(value: Any, seeds: Seeds) -> list[Piece]:
    """An attribute value. A text that is exactly one placeholder has the type of the placeholder's value."""
    if isinstance(value, str):
        template = parse(value)
        if template.single:
            return _value(template.single, seeds)
        return ['{"S":', *quoted(value, seeds), "}"]
    if is_typed(value):
        return _typed(value, seeds)
    if isinstance(value, dict):
        return ['{"M":', *_map(value, seeds), "}"]
    if isinstance(value, list):
        return ['{"L":', *enclosed("[", [_attribute(item, seeds) for item in value], "]"), "}"]
    return [json.dumps(typed(value))]


def _value(placeholder: Placeholder, seeds: Seeds) -> list[Piece]:
    if placeholder.kind in TEXTS:
        return ['{"S":', *single(placeholder, seeds), "}"]
    get = seeds.getter(placeholder)
    if isinstance(get, Column) and get.width:  # numbers
        return ['{"N":"', get.mapped(str), '"}']
    return [lambda values, index: json.dumps(typed(get(values, index)))]


def _typed(value: dict[str, Any], seeds: Seeds) -> list[Piece]:
    """A value that the profile writes with its type. The texts in it stay texts, also that of a number, as in the
    API."""
    ((kind, held),) = value.items()
    if kind == "M":
        pieces = _map(held, seeds)
    elif kind == "L" and isinstance(held, list):
        pieces = enclosed("[", [_attribute(item, seeds) for item in held], "]")
    elif isinstance(held, list):
        pieces = enclosed("[", [_text(item, seeds) for item in held], "]")
    else:
        pieces = _text(held, seeds)
    return [f'{{"{kind}":', *pieces, "}"]


def _text(value: Any, seeds: Seeds) -> list[Piece]:
    return quoted(value, seeds) if isinstance(value, str) else [json.dumps(value)]


def judge(step: Step) -> Callable[[Exchange], None]:
    """The function that sets outcome, reason and tally of an answered call."""
    operation, expect = step.operation, step.expect
    batch = bool(OPERATIONS[operation].unprocessed)

    def check(x: Exchange) -> None:
        if not 200 <= x.status < 300:
            _failed(x, expect)
            return
        body = x.body
        if body is not None:
            checksum = None if x.headers is None else x.headers.get("x-amz-crc32")
            if checksum and checksum != str(zlib.crc32(body)):
                x.outcome, x.reason = Outcome.BAD_RESPONSE, "x-amz-crc32 does not fit the body"
                return
            if batch or body.find(b'"ConsumedCapacity"') >= 0:  # `in` would make and drop an exception in Python 3.11
                _read(x, operation, body)
        if expect and not x.outcome and (reason := mismatch(expect, x)):
            x.outcome, x.reason = Outcome.UNEXPECTED, reason

    return check


def _failed(x: Exchange, expect: Expect | None) -> None:
    if expect and within(x.status, expect.status):
        if reason := mismatch(expect, x):
            x.outcome, x.reason = Outcome.UNEXPECTED, reason
        return
    headers = x.headers or {}
    fault = fault_of(x.status, headers, x.body or b"")
    x.outcome, reason = classify(x.status, fault)
    x.reason = with_clock(reason, fault.message if fault else "", headers.get("date", ""))


def _read(x: Exchange, operation: str, body: bytes) -> None:
    """What a call's answer says about its items and the capacity that it consumed."""
    try:
        answer = json.loads(body)
        asked = json.loads(x.request.body)
    except (ValueError, RecursionError):
        x.outcome, x.reason = Outcome.BAD_RESPONSE, "the body is no JSON"
        return
    allowed = OPERATIONS[operation]
    items, left = (len(allowed.items(asked)), allowed.undone(answer)) if allowed.unprocessed else (0, 0)
    if left:
        x.outcome, x.reason = Outcome.PARTIAL, "items were left unprocessed"
    capacity = answer.get("ConsumedCapacity") if isinstance(answer, dict) else None
    units = _milli(capacity)
    reads = allowed.kind == "read" or (
        allowed.kind == "statement" and asked["Statement"].lstrip()[:6].upper() == "SELECT"
    )
    x.tally = Tally(items, left, int(capacity is not None), units if reads else 0, 0 if reads else units)


def _milli(value: Any) -> int:
    """Thousandths of the consumed units, in one table or in several."""
    total = 0.0
    for table in value if isinstance(value, list) else [value]:
        units = table.get("CapacityUnits") if isinstance(table, dict) else None
        if isinstance(units, int | float) and not isinstance(units, bool) and 0 <= units < 1e9:
            total += units
    return round(total * 1000)


def rest_of(x: Exchange) -> Request | None:
    """The request for the items that a batch left unprocessed; None if it left none that can be read."""
    key = OPERATIONS[x.request.operation].unprocessed
    try:
        left = json.loads(x.body or b"").get(key)
    except (ValueError, RecursionError, AttributeError):
        return None
    if not isinstance(left, dict) or not left:
        return None
    body = json.dumps({"RequestItems": left}, separators=(",", ":")).encode()
    return Request("POST", "/", x.request.headers, body, x.request.operation)
