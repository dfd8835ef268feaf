"""Transactions of the sandbox's DynamoDB: all or nothing, and each token once."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, filled, n, provisioned, query, row, s


@pytest.fixture
def sandbox() -> Sandbox:
    return filled()


def test_a_transaction_is_all(sandbox: Sandbox) -> None:
    work = [
        {"Put": {"TableName": TABLE, "Item": row(50)}},
        {
            "Update": {
                "TableName": TABLE,
                "Key": row(1),
                "UpdateExpression": "SET v = :v",
                "ExpressionAttributeValues": {":v": n(1)},
            }
        },
        {"Delete": {"TableName": TABLE, "Key": row(2)}},
        {"ConditionCheck": {"TableName": TABLE, "Key": row(3), "ConditionExpression": "attribute_exists(pk)"}},
    ]
    reply = sandbox.ok("TransactWriteItems", TransactItems=work, ReturnConsumedCapacity="TOTAL")
    assert reply == {"ConsumedCapacity": [{"TableName": TABLE, "CapacityUnits": 8.0, "WriteCapacityUnits": 8.0}]}
    gets = [{"Get": {"TableName": TABLE, "Key": row(i)}} for i in (50, 1, 2, 3)]
    reply = sandbox.ok("TransactGetItems", TransactItems=gets, ReturnConsumedCapacity="INDEXES")
    assert reply["Responses"] == [{"Item": row(50)}, {"Item": row(1, v=n(1))}, {}, {"Item": row(3)}]
    [told] = reply["ConsumedCapacity"]
    assert told["Table"] == {"CapacityUnits": 8.0, "ReadCapacityUnits": 8.0}


def test_or_nothing(sandbox: Sandbox) -> None:
    work = [
        {"Put": {"TableName": TABLE, "Item": row(50)}},
        {
            "Put": {
                "TableName": TABLE,
                "Item": row(1, v=s("new")),
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        {"ConditionCheck": {"TableName": TABLE, "Key": row(99), "ConditionExpression": "attribute_exists(pk)"}},
    ]
    before = sandbox.stats()["write_units"]
    reply = sandbox.call("TransactWriteItems", TransactItems=work)
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    assert reply.body == {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed, ConditionalCheckFailed]",
        "CancellationReasons": [{"Code": "None"}, {**failed, "Item": row(1)}, failed],
    }
    assert query(sandbox, "sk = :x", {":x": n(50)})["Items"] == []
    assert sandbox.stats()["write_units"] - before == 6


def test_an_update_that_does_not_fit_cancels(sandbox: Sandbox) -> None:
    values = {"ExpressionAttributeValues": {":v": n(1)}}
    unfit = {"TableName": TABLE, "Key": row(1), "UpdateExpression": "SET v = pk + :v", **values}
    reply = sandbox.call("TransactWriteItems", TransactItems=[{"Put": {**PUT, "Item": row(50)}}, {"Update": unfit}])
    assert reply.error == "TransactionCanceledException"
    assert reply.body["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ValidationError", "Message": "An operand in the update expression has an incorrect data type"},
    ]
    assert query(sandbox, "sk = :x", {":x": n(50)})["Items"] == []


def test_a_throttled_transaction_takes_nothing() -> None:
    sandbox = Sandbox(burst=0)
    sandbox.create(**provisioned(4, 4))
    puts = [{"Put": {"TableName": TABLE, "Item": {"pk": s(str(i))}}} for i in range(3)]
    reply = sandbox.call("TransactWriteItems", TransactItems=puts)
    assert [reason["Code"] for reason in reply.body["CancellationReasons"]] == [
        "None",
        "None",
        "ProvisionedThroughputExceeded",
    ]
    assert reply.body["CancellationReasons"][2]["Message"].startswith("The level of configured provisioned throughput")
    assert sandbox.core.counters.throttled == 1
    stats = sandbox.stats()
    assert (stats["items"], stats["granted"], stats["write_units"]) == (0, 0, 0)
    assert stats["throttled"] == {"TableWriteProvisionedThroughputExceeded": 1}
    sandbox.ok("TransactWriteItems", TransactItems=puts[:2])
    gets = [{"Get": {"TableName": TABLE, "Key": {"pk": s(str(i))}}} for i in range(3)]
    assert sandbox.refused("TransactGetItems", TransactItems=gets)[0] == "TransactionCanceledException"
    assert len(sandbox.ok("TransactGetItems", TransactItems=gets[:2])["Responses"]) == 2


PUT = {"TableName": TABLE, "Item": row(1)}


@pytest.mark.parametrize(
    ("work", "message"),
    [
        ([], "greater than or equal to 1"),
        ([{"Put": PUT}] * 101, "less than or equal to 100"),
        ([{"Put": PUT}, {"Delete": {"TableName": TABLE, "Key": row("1.0")}}], "multiple operations on one item"),
        ([{"Put": PUT, "Delete": {"TableName": TABLE, "Key": row(2)}}], "can only contain one of"),
        ([{}], "can only contain one of"),
        ([{"Get": {"TableName": TABLE, "Key": row(2)}}], "does not do Get"),
        ([{"ConditionCheck": {"TableName": TABLE, "Key": row(1)}}], "'conditionExpression'"),
        ([{"Put": {**PUT, "Item": row(i, v=s("x" * 400_000))}} for i in range(11)], "not be larger than 4194304 bytes"),
    ],
)
def test_transactions_that_are_refused(sandbox: Sandbox, work: list[Any], message: str) -> None:
    code, said = sandbox.refused("TransactWriteItems", TransactItems=work)
    assert code == INVALID
    assert message in said
