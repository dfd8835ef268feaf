"""Writes of single items: the values before and after, and capacity units."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import TABLE, Sandbox, got, n, put, s


def test_the_values_before_and_after(sandbox: Sandbox) -> None:
    first, second = {"pk": s("a"), "v": n(1)}, {"pk": s("a"), "v": n(2)}
    assert sandbox.ok("PutItem", TableName=TABLE, Item=first, ReturnValues="ALL_OLD") == {}
    assert sandbox.ok("PutItem", TableName=TABLE, Item=second, ReturnValues="ALL_OLD") == {"Attributes": first}
    gone = sandbox.ok("DeleteItem", TableName=TABLE, Key={"pk": s("a")}, ReturnValues="ALL_OLD")
    assert gone == {"Attributes": second}
    assert sandbox.ok("DeleteItem", TableName=TABLE, Key={"pk": s("a")}, ReturnValues="ALL_OLD") == {}
    assert got(sandbox) is None


@pytest.mark.parametrize(
    ("operation", "parameters", "units"),
    [
        ("PutItem", {"Item": {"pk": s("a")}}, 5.0),
        ("PutItem", {"Item": {"pk": s("b"), "v": s("x" * 1020)}}, 1.0),
        ("PutItem", {"Item": {"pk": s("b"), "v": s("x" * 1021)}}, 2.0),
        ("DeleteItem", {"Key": {"pk": s("a")}}, 5.0),
        ("DeleteItem", {"Key": {"pk": s("b")}}, 1.0),
        ("UpdateItem", {"Key": {"pk": s("a")}, "UpdateExpression": "REMOVE v"}, 5.0),
        ("UpdateItem", {"Key": {"pk": s("b")}}, 1.0),
        ("GetItem", {"Key": {"pk": s("a")}}, 1.0),
        ("GetItem", {"Key": {"pk": s("a")}, "ConsistentRead": True}, 2.0),
        ("GetItem", {"Key": {"pk": s("b")}}, 0.5),
        ("Scan", {}, 1.0),
        ("Scan", {"ConsistentRead": True}, 2.0),
    ],
)
def test_units(sandbox: Sandbox, operation: str, parameters: dict[str, Any], units: float) -> None:
    put(sandbox, v=s("x" * 5000))
    told = sandbox.ok(operation, TableName=TABLE, ReturnConsumedCapacity="TOTAL", **parameters)["ConsumedCapacity"]
    assert told == {"TableName": TABLE, "CapacityUnits": units}
    stats = sandbox.stats()
    assert stats["read_units"] + stats["write_units"] - 5 == units


def test_indexes_tells_the_table_apart(sandbox: Sandbox) -> None:
    told = sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s("a")}, ReturnConsumedCapacity="INDEXES")
    assert told["ConsumedCapacity"] == {"TableName": TABLE, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}
