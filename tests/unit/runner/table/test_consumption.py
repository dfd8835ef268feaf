"""Capacity units: estimated before a load, call by call and phase by phase."""

from __future__ import annotations

import json
from typing import Any

import pytest
from table_costs import one, profile

from loadgen.aws.attributes import size, typed
from loadgen.aws.capacity import read_units, write_units
from loadgen.result.reason import Reason
from loadgen.runner.table.consumption import PAGE, SUPPOSED, Estimate, Units, consumption

KB = "a" * 1022  # with its name and a key of one character, an item of 1,024 + 2 bytes


ITEM = {"pk": {"S": "k"}, "v": {"S": KB}}


KEY = {"pk": {"S": "k"}}


@pytest.mark.parametrize(
    ("operation", "parameters", "units"),
    [
        ("PutItem", {"Item": ITEM}, (0, 2)),
        ("PutItem", {"Item": KEY}, (0, 1)),
        ("UpdateItem", {"Key": KEY}, (0, 3)),
        ("UpdateItem", {"Key": KEY, "ExpressionAttributeValues": {":v": {"S": "a" * 5000}}}, (0, 5)),
        ("DeleteItem", {"Key": KEY}, (0, 3)),
        ("GetItem", {"Key": KEY}, (0.5, 0)),
        ("GetItem", {"Key": KEY, "ConsistentRead": True}, (1, 0)),
        ("Query", {"KeyConditionExpression": "pk = :p"}, (0.5, 0)),
        ("Query", {"KeyConditionExpression": "pk = :p", "Limit": 10, "ConsistentRead": True}, (8, 0)),
        ("Scan", {}, (128, 0)),
        ("Scan", {"Limit": 4}, (1.5, 0)),
        ("Scan", {"Limit": 10**9}, (128, 0)),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [KEY] * 5}}}, (2.5, 0)),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [KEY] * 5, "ConsistentRead": True}}}, (5, 0)),
        (
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": KEY}}]}},
            (0, 5),
        ),
        ("TransactGetItems", {"TransactItems": [{"Get": {"Key": KEY}}] * 3}, (6, 0)),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"Item": ITEM}}, {"Delete": {"Key": KEY}}, {"ConditionCheck": {"Key": KEY}}]},
            (0, 16),
        ),
        ("ExecuteStatement", {"Statement": " select * from t"}, (0.5, 0)),
        ("ExecuteStatement", {"Statement": "UPDATE t SET v = 1"}, (0, 3)),
        ("ListTables", {}, (0, 0)),
        ("DescribeTable", {}, (0, 0)),
    ],
)
def test_what_a_call_consumes(operation: str, parameters: dict[str, Any], units: tuple[float, float]) -> None:
    """Items that are there have 3,000 bytes: 3 write units, 1 read unit if consistent."""
    assert consumption(operation, parameters, 3000) == Units(*units)


def test_a_scan_of_a_small_table_reads_what_there_is() -> None:
    assert consumption("Scan", {}, 100, table=20_000) == Units(read=2.5)
    assert consumption("Scan", {}, 100, table=PAGE * 5) == Units(read=128)


def test_puts_are_reckoned_by_the_size_of_the_items_that_will_be_sent() -> None:
    """A half of the items is one unit, the other two."""
    put = "PutItem: {Item: {pk: '{{choice a b}}', v: '{{bytes 900 1100}}'}}"
    estimate = Estimate.of(profile(one(put)))
    (units,) = estimate.steps
    assert units.read == 0
    assert 1.3 < units.write < 1.7
    assert estimate.setup == Units()


def test_reads_are_reckoned_by_the_item_that_setup_loads() -> None:
    item = {"pk": "item#7", "v": "x" * 9000}
    setup = f"setup: {{key: {{pk: S}}, items: 1000, item: {json.dumps(item)}}}"
    estimate = Estimate.of(profile(one("GetItem: {Key: {pk: x}}"), setup))
    of = size({name: typed(value) for name, value in item.items()})
    assert estimate.steps == (Units(read=read_units(of)),)
    assert estimate.setup == Units(write=1000 * write_units(of))
    assert Reason.of("item_size_of_setup", bytes=of) in estimate.assumed


def test_what_nothing_tells_is_assumed_and_said() -> None:
    steps = """
  - name: s
    steps:
      - {name: get, GetItem: {Key: {pk: x}}, capture: {v: item.v}}
      - {name: query, Query: {KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: {':p': '{{v}}'}}}
      - {name: scan, Scan: {}}
"""
    estimate = Estimate.of(profile(steps, "retries: 3"))
    assert estimate.steps == (Units(0.5), Units(0.5), Units(128))
    assert SUPPOSED == 1024
    assert estimate.assumed[0] == Reason.of("item_size_unknown", bytes=1024)
    assert [assumed.code for assumed in estimate.assumed[1:]] == [
        "query_reads_one", "scan_reads_table", "captures_short", "nothing_sent_twice", "no_indexes",
    ]  # fmt: skip
    assert Estimate.of(profile(one("PutItem: {Item: {pk: x}}"), "setup: {key: {pk: S}}")).assumed == ()


def test_items_that_the_service_will_refuse_are_left_to_it() -> None:
    setup = "setup: {key: {pk: S}, items: 10, item: {pk: 'x{{seq}}', v: {N: 'no number'}}}"
    of = profile(one("PutItem: {Item: {pk: x, v: {N: 'no number'}}}"), setup)
    assert Estimate.of(of).steps == (Units(),)
