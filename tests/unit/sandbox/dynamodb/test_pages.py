"""The sandbox's DynamoDB: queries and scans, page by page."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, filled, n, query, row, s

from loadgen.clock import SECOND


def sorts(reply: dict[str, Any]) -> list[float]:
    return [float(item["sk"]["N"]) for item in reply["Items"]]


@pytest.fixture
def sandbox() -> Sandbox:
    return filled()


# Query


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("", {}, [-1.5, *range(10)]),
        ("sk = :x", {":x": n("4.0")}, [4]),
        ("sk = :x", {":x": n("4.5")}, []),
        ("sk < :x", {":x": n(2)}, [-1.5, 0, 1]),
        ("sk <= :x", {":x": n(2)}, [-1.5, 0, 1, 2]),
        ("sk > :x", {":x": n(7)}, [8, 9]),
        ("sk >= :x", {":x": n(7)}, [7, 8, 9]),
        ("sk BETWEEN :x AND :y", {":x": n("2.5"), ":y": n(5)}, [3, 4, 5]),
    ],
)
def test_key_conditions(sandbox: Sandbox, condition: str, values: dict[str, Any], expected: list[float]) -> None:
    reply = query(sandbox, condition, values)
    assert sorts(reply) == expected
    assert reply["Count"] == reply["ScannedCount"] == len(expected)
    assert "LastEvaluatedKey" not in reply
    assert sorts(query(sandbox, condition, values, ScanIndexForward=False)) == expected[::-1]


@pytest.mark.parametrize("forward", [True, False])
def test_pages_of_a_query_are_the_whole(sandbox: Sandbox, forward: bool) -> None:
    found: list[float] = []
    more: dict[str, Any] = {}
    sizes = []
    while True:
        reply = query(sandbox, "sk > :x", {":x": n(-1)}, Limit=4, ScanIndexForward=forward, **more)
        found += sorts(reply)
        sizes.append(reply["Count"])
        if "LastEvaluatedKey" not in reply:
            break
        more = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}
    assert found == sorted(found, reverse=not forward)
    assert (len(found), sizes) == (10, [4, 4, 2])


def test_a_page_ends_at_its_limit_even_where_nothing_follows(sandbox: Sandbox) -> None:
    reply = query(sandbox, Limit=11)
    assert reply["LastEvaluatedKey"] == row(9)
    reply = query(sandbox, ExclusiveStartKey=reply["LastEvaluatedKey"])
    assert (reply["Items"], reply["Count"]) == ([], 0)


def test_a_page_ends_after_a_megabyte() -> None:
    sandbox = Sandbox()
    sandbox.create(sort="N")
    for i in range(10):
        sandbox.ok("PutItem", TableName=TABLE, Item=row(i, v=s("x" * 300_000)))
        sandbox.wait(SECOND)  # a partition takes 1,000 units a second
    reply = query(sandbox, ReturnConsumedCapacity="TOTAL")
    assert reply["Count"] == 4
    assert reply["ConsumedCapacity"]["CapacityUnits"] == -(-4 * 300_010 // 4096) / 2
    assert sorts(query(sandbox, ExclusiveStartKey=reply["LastEvaluatedKey"])) == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("kind", "keys", "prefix", "expected"),
    [
        ("S", ["a", "ab", "abc", "b", "a\U0010ffff"], "ab", ["ab", "abc"]),
        ("S", ["a", "ab", "é", "z", "\U0001f600"], "z", ["z"]),
        ("B", [b"\x01", b"\x01\x02", b"\x01\xff", b"\x02"], b"\x01", [b"\x01", b"\x01\x02", b"\x01\xff"]),
        ("B", [b"\xff", b"\xff\xff", b"\xfe"], b"\xff", [b"\xff", b"\xff\xff"]),
    ],
)
def test_keys_that_begin_so(kind: str, keys: list[Any], prefix: Any, expected: list[Any]) -> None:
    def value(key: Any) -> dict[str, str]:
        return {kind: b64encode(key).decode() if kind == "B" else key}

    sandbox = Sandbox()
    sandbox.create(sort=kind)
    for key in keys:
        sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s("a"), "sk": value(key)})
    reply = query(sandbox, "begins_with(sk, :x)", {":x": value(prefix)})
    assert [item["sk"] for item in reply["Items"]] == [value(key) for key in expected]
    assert [item["sk"] for item in query(sandbox)["Items"]] == [value(key) for key in sorted(keys)]


def test_a_query_of_a_table_without_sort_key() -> None:
    sandbox = Sandbox()
    sandbox.create()
    sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s("a")})
    assert query(sandbox)["Items"] == [{"pk": s("a")}]
    assert query(sandbox, ExclusiveStartKey={"pk": s("a")})["Items"] == []
    assert query(sandbox, values={":pk": s("b")})["Items"] == []


def test_a_filter_hides_but_costs(sandbox: Sandbox) -> None:
    for sort in (8, 9):
        sandbox.ok("PutItem", TableName=TABLE, Item=row(sort, v=n(sort)))
    more = {"FilterExpression": "v >= :x", "ReturnConsumedCapacity": "TOTAL"}
    reply = query(sandbox, values={":x": n(8)}, **more)
    assert (reply["Count"], reply["ScannedCount"], sorts(reply)) == (2, 11, [8, 9])
    assert reply["ConsumedCapacity"]["CapacityUnits"] == 0.5
    assert "Items" not in query(sandbox, Select="COUNT")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pk > :pk", "Query condition missed key schema element: pk"),
        ("sk = :x", "Query condition missed key schema element: pk"),
        ("pk = :pk AND other = :x", "Query key condition not supported"),
        ("pk = :pk AND sk <> :x", "Invalid operator"),
        ("pk = :pk OR sk = :x", "Invalid operator"),
        ("pk = :pk AND NOT sk = :x", "Invalid operator"),
        ("pk = :pk AND sk = pk", "a key is compared with a value"),
        ("pk = :pk AND pk = :x", "one condition per key"),
        ("pk = :pk AND begins_with(sk, :x)", "Invalid operator"),
        ("pk = :pk AND sk BETWEEN :y AND :x", "upper bound to be greater"),
        ("pk = :x", "does not match schema type"),
        ("pk = :pk AND attribute_exists(sk)", "Invalid operator"),
    ],
)
def test_key_conditions_that_are_refused(sandbox: Sandbox, text: str, message: str) -> None:
    values = {":pk": s("a"), ":x": n(1), ":y": n(2)}
    used = {name: value for name, value in values.items() if name in text}
    code, said = sandbox.refused("Query", TableName=TABLE, KeyConditionExpression=text, ExpressionAttributeValues=used)
    assert code == INVALID
    assert message in said


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Limit": 0}, "greater than or equal to 1"),
        ({"Limit": "1"}, "Limit is a whole number"),
        ({"Select": "SPECIFIC_ATTRIBUTES"}, "does not do Select"),
        ({"ExclusiveStartKey": {"pk": {"S": "a"}}}, "does not match the schema"),
        ({"ExclusiveStartKey": row(1, "b")}, "outside query boundaries"),
        ({"ScanIndexForward": 1}, "ScanIndexForward is a boolean"),
        ({"KeyConditionExpression": None}, "must be specified"),
        (
            {"FilterExpression": "attribute_exists(sk)"},
            "only contain non-primary key attributes: Primary key attribute: sk",
        ),
        (
            {"FilterExpression": "attribute_exists(#k)", "ExpressionAttributeNames": {"#k": "pk"}},
            "Primary key attribute: pk",
        ),
    ],
)
def test_queries_that_are_refused(sandbox: Sandbox, more: dict[str, Any], message: str) -> None:
    given = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": s("a")}, **more}
    assert message in sandbox.refused("Query", TableName=TABLE, **given)[1]


# Scan


@pytest.mark.parametrize("sort", ["", "N"])
def test_pages_of_a_scan_are_the_whole_whatever_is_deleted_meanwhile(sort: str) -> None:
    sandbox = Sandbox()
    sandbox.create(sort=sort)
    dice = random.Random(7)
    keys = [{"pk": s(f"p{i % 70}"), **({"sk": n(i)} if sort else {})} for i in range(200 if sort else 70)]
    for key in keys:
        sandbox.ok("PutItem", TableName=TABLE, Item=key)
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        reply = sandbox.ok("Scan", TableName=TABLE, Limit=dice.randrange(1, 9), **more)
        found += map(json.dumps, reply["Items"])
        if "LastEvaluatedKey" not in reply:
            break
        more = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}
        sandbox.ok("DeleteItem", TableName=TABLE, Key=reply["LastEvaluatedKey"])
    assert len(found) == len(keys)
    assert set(found) == set(map(json.dumps, keys))


def test_a_scan_is_filtered(sandbox: Sandbox) -> None:
    reply = sandbox.ok("Scan", TableName=TABLE, FilterExpression="sk = :x", ExpressionAttributeValues={":x": n(3)})
    assert (reply["Count"], reply["ScannedCount"]) == (2, 22)
