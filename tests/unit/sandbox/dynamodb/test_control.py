"""Tables of the sandbox's DynamoDB: made, described, listed, deleted, and refused."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import INVALID, PK, SK, TABLE, WALL, Sandbox, got, provisioned, put, s

from loadgen.clock import SECOND


def test_a_table_is_described(sandbox: Sandbox) -> None:
    described = sandbox.create("two", "N", **provisioned(5, 7))
    assert described["TableStatus"] == "CREATING"
    table = sandbox.ok("DescribeTable", TableName="two")["Table"]
    assert table["TableStatus"] == "ACTIVE"
    assert table["KeySchema"] == PK + SK
    assert table["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
    ]
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 7
    assert table["CreationDateTime"] == (WALL + SECOND) / SECOND
    assert "BillingModeSummary" not in table
    put(sandbox, "a", v=s("12345"))
    table = sandbox.ok("DescribeTable", TableName=TABLE)["Table"]
    assert (table["ItemCount"], table["TableSizeBytes"]) == (1, 9)
    assert table["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}


def test_the_arn_has_the_region_that_was_signed_for() -> None:
    assert Sandbox(signatures="verify").create()["TableArn"] == f"arn:aws:dynamodb:eu-west-1:123456789012:table/{TABLE}"


def test_creating_and_deleting_take_their_time() -> None:
    sandbox = Sandbox(creating=2 * SECOND)
    sandbox.create()
    assert sandbox.refused("GetItem", TableName=TABLE, Key={"pk": s("a")})[0] == "ResourceNotFoundException"
    assert sandbox.refused("DeleteTable", TableName=TABLE)[0] == "ResourceInUseException"
    assert sandbox.ok("DescribeTable", TableName=TABLE)["Table"]["TableStatus"] == "CREATING"
    sandbox.wait(2 * SECOND)
    assert sandbox.ok("DescribeTable", TableName=TABLE)["Table"]["TableStatus"] == "ACTIVE"
    put(sandbox)
    assert sandbox.ok("DeleteTable", TableName=TABLE)["TableDescription"]["TableStatus"] == "DELETING"
    assert sandbox.ok("DescribeTable", TableName=TABLE)["Table"]["TableStatus"] == "DELETING"
    assert sandbox.refused("PutItem", TableName=TABLE, Item={"pk": s("a")})[0] == "ResourceNotFoundException"
    sandbox.wait(2 * SECOND)
    assert sandbox.refused("DescribeTable", TableName=TABLE)[0] == "ResourceNotFoundException"
    sandbox.create()
    sandbox.wait(2 * SECOND)
    assert got(sandbox) is None


def test_tables_are_listed_by_pages(sandbox: Sandbox) -> None:
    for name in ("aaa", "zzz"):
        sandbox.create(name)
    first = sandbox.ok("ListTables", Limit=2)
    assert first == {"TableNames": ["aaa", TABLE], "LastEvaluatedTableName": TABLE}
    assert sandbox.ok("ListTables", ExclusiveStartTableName=TABLE) == {"TableNames": ["zzz"]}


def test_a_table_that_is_there_or_is_not(sandbox: Sandbox) -> None:
    schema = {"KeySchema": PK, "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}
    code, message = sandbox.refused("CreateTable", TableName=TABLE, **schema, **provisioned(1, 1))
    assert (code, message) == ("ResourceInUseException", f"Table already exists: {TABLE}")
    reply = sandbox.call("GetItem", TableName="missing", Key={"pk": s("a")})
    assert reply.body == {
        "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message": "Requested resource not found",
    }
    assert sandbox.refused("DeleteTable", TableName="missing")[1].endswith("Table: missing not found")


def test_there_are_only_so_many_tables(sandbox: Sandbox) -> None:
    for i in range(99):
        sandbox.create(f"table-{i}")
    schema = {"KeySchema": PK, "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}
    assert (
        sandbox.refused("CreateTable", TableName="more", **schema, **provisioned(1, 1))[0] == "LimitExceededException"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"TableName": "no"}, "between 3 and 255"),
        ({"KeySchema": SK}, "a HASH key first"),
        ({"KeySchema": PK + PK}, "a HASH key first"),
        ({"KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}]}, "not defined in AttributeDefinitions"),
        ({"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "BOOL"}]}, "enum value set"),
        ({"AttributeDefinitions": [7]}, "AttributeName must be a name"),
        ({"BillingMode": "FREE"}, "Member must satisfy enum value set"),
        ({"BillingMode": "PROVISIONED"}, "must both be specified"),
        (provisioned(1, 1), "Neither ReadCapacityUnits nor"),
        ({"BillingMode": None, **provisioned(0, 1)}, "greater than or equal to 1"),
        ({"BillingMode": None, "ProvisionedThroughput": {"ReadCapacityUnits": 1}}, "must not be null"),
        ({"BillingMode": None, "OnDemandThroughput": {}}, "is for PAY_PER_REQUEST alone"),
        ({"GlobalSecondaryIndexes": []}, "does not do GlobalSecondaryIndexes"),
    ],
)
def test_a_table_that_cannot_be_made(sandbox: Sandbox, changed: dict[str, Any], message: str) -> None:
    whole = {
        "TableName": "other",
        "KeySchema": PK,
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    code, said = sandbox.refused("CreateTable", **{**whole, **changed})
    assert code == INVALID
    assert message in said


def test_key_schema_and_definitions_must_agree(sandbox: Sandbox) -> None:
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "other")]
    code, said = sandbox.refused(
        "CreateTable", TableName="more", KeySchema=PK, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )
    assert (code, "does not exactly match" in said) == (INVALID, True)
