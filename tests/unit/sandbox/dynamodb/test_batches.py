"""Batches of the sandbox's DynamoDB."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, filled, n, query, row, s

from loadgen.clock import SECOND


@pytest.fixture
def sandbox() -> Sandbox:
    return filled()


def put_request(sort: object, pk: str = "a", **more: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": row(sort, pk, **more)}}


def test_a_batch_is_written_and_read(sandbox: Sandbox) -> None:
    requests = [put_request(i, "new") for i in range(24)] + [{"DeleteRequest": {"Key": row(1)}}]
    reply = sandbox.ok("BatchWriteItem", RequestItems={TABLE: requests}, ReturnConsumedCapacity="TOTAL")
    assert reply == {"UnprocessedItems": {}, "ConsumedCapacity": [{"TableName": TABLE, "CapacityUnits": 25.0}]}
    keys = [row(i, "new") for i in range(30)] + [row(1), row(2)]
    reply = sandbox.ok(
        "BatchGetItem", RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}}, ReturnConsumedCapacity="TOTAL"
    )
    assert reply == {
        "Responses": {TABLE: [row(i, "new") for i in range(24)] + [row(2)]},
        "UnprocessedKeys": {},
        "ConsumedCapacity": [{"TableName": TABLE, "CapacityUnits": 32.0}],
    }


@pytest.mark.parametrize(
    ("operation", "items", "message"),
    [
        ("BatchWriteItem", [put_request(i) for i in range(26)], "Too many items requested for the BatchWriteItem call"),
        ("BatchWriteItem", [put_request(1), put_request("1.0")], "Provided list of item keys contains duplicates"),
        ("BatchWriteItem", [{}], "exactly one of PutRequest and DeleteRequest"),
        ("BatchWriteItem", [], "names no items"),
        ("BatchWriteItem", [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}], "Missing the key sk"),
        ("BatchGetItem", {"Keys": [row(i) for i in range(101)]}, "Too many items requested for the BatchGetItem call"),
        ("BatchGetItem", {"Keys": [row(1), row(1)]}, "Provided list of item keys contains duplicates"),
        ("BatchGetItem", {"Keys": []}, "names no items"),
        ("BatchGetItem", {"Keys": [row(1)], "ProjectionExpression": "pk"}, "does not do ProjectionExpression"),
    ],
)
def test_batches_that_are_refused(sandbox: Sandbox, operation: str, items: Any, message: str) -> None:
    code, said = sandbox.refused(operation, RequestItems={TABLE: items})
    assert code == INVALID
    assert message in said


def test_a_batch_needs_all_its_tables(sandbox: Sandbox) -> None:
    items = {TABLE: [put_request(77)], "missing": [put_request(1)]}
    assert sandbox.refused("BatchWriteItem", RequestItems=items)[0] == "ResourceNotFoundException"
    assert query(sandbox, "sk = :x", {":x": n(77)})["Items"] == []


def test_an_answer_of_more_than_16_megabytes_is_cut(sandbox: Sandbox) -> None:
    for i in range(50):
        sandbox.ok("PutItem", TableName=TABLE, Item=row(i, "big", v=s("x" * 400_000)))
        sandbox.wait(SECOND)
    keys = [row(i, "big") for i in range(50)]
    reply = sandbox.ok("BatchGetItem", RequestItems={TABLE: {"Keys": keys}})
    assert len(reply["Responses"][TABLE]) == 42
    assert reply["UnprocessedKeys"] == {TABLE: {"Keys": keys[42:], "ConsistentRead": False}}
    assert sandbox.stats()["unprocessed"] == 8
