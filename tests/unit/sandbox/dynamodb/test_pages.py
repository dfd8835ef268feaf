"""The sandbox's DynamoDB: queries, scans, batches, transactions and statements."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from typing import Any

import pytest
from dynamodb_sandbox import TABLE, Sandbox, provisioned

from loadgen.clock import SECOND

INVALID = "ValidationException"


def s(text: str) -> dict[str, str]:
    return {"S": text}


def n(number: object) -> dict[str, str]:
    return {"N": str(number)}


def row(sort: object, pk: str = "a", **more: Any) -> dict[str, Any]:
    return {"pk": s(pk), "sk": n(sort), **more}


@pytest.fixture
def sandbox() -> Sandbox:
    """Its table has partitions a and b, with the sort keys 0 to 9, and -1.5."""
    sandbox = Sandbox()
    sandbox.create(sort="N")
    for pk in ("a", "b"):
        for sort in (3, 1, 4, 9, 2, 6, 5, 8, 7, 0, -1.5):
            sandbox.ok("PutItem", TableName=TABLE, Item=row(sort, pk))
    return sandbox


def query(sandbox: Sandbox, condition: str = "", values: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    values = {":pk": s("a"), **(values or {})}
    text = f"pk = :pk{condition and f' AND {condition}'}"
    return sandbox.ok("Query", TableName=TABLE, KeyConditionExpression=text, ExpressionAttributeValues=values, **more)


def sorts(reply: dict[str, Any]) -> list[float]:
    return [float(item["sk"]["N"]) for item in reply["Items"]]


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


# batches


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


# transactions


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


def test_the_same_token_is_done_once(sandbox: Sandbox) -> None:
    def add(by: int) -> list[dict[str, Any]]:
        values = {":v": n(by)}
        return [
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": row(1),
                    "UpdateExpression": "ADD c :v",
                    "ExpressionAttributeValues": values,
                }
            }
        ]

    for _ in range(2):
        sandbox.ok("TransactWriteItems", TransactItems=add(1), ClientRequestToken="once")
    assert query(sandbox, "sk = :x", {":x": n(1)})["Items"] == [row(1, c=n(1))]
    refused = sandbox.refused("TransactWriteItems", TransactItems=add(2), ClientRequestToken="once")
    assert refused[0] == "IdempotentParameterMismatchException"
    sandbox.link = sandbox.connect()
    sandbox.clock.run(until=sandbox.clock.now() + 600 * SECOND)
    sandbox.link = sandbox.connect()
    sandbox.ok("TransactWriteItems", TransactItems=add(2), ClientRequestToken="once")
    assert query(sandbox, "sk = :x", {":x": n(1)})["Items"] == [row(1, c=n(3))]


def test_only_the_last_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setattr("loadgen.sandbox.dynamodb.tokens.LIMIT", 2)
    work = [{"Update": {"TableName": TABLE, "Key": row(1), "UpdateExpression": "ADD c :v"}}]
    work[0]["Update"]["ExpressionAttributeValues"] = {":v": n(1)}
    for token in ("a", "b", "c", "b", "a"):
        sandbox.ok("TransactWriteItems", TransactItems=work, ClientRequestToken=token)
    assert query(sandbox, "sk = :x", {":x": n(1)})["Items"] == [row(1, c=n(4))]


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


def test_a_token_has_a_length(sandbox: Sandbox) -> None:
    said = sandbox.refused("TransactWriteItems", TransactItems=[{"Put": PUT}], ClientRequestToken="x" * 37)[1]
    assert "'clientRequestToken'" in said


# statements


def execute(sandbox: Sandbox, text: str, *values: Any, **more: Any) -> dict[str, Any]:
    return sandbox.ok("ExecuteStatement", Statement=text, Parameters=list(values), **more)


def test_select(sandbox: Sandbox) -> None:
    one = execute(sandbox, f'SELECT * FROM "{TABLE}" WHERE pk = ? AND sk = ?', s("a"), n("3.0"))
    assert one == {"Items": [row(3)]}
    one = execute(sandbox, f'select * from {TABLE} where "sk"=? and "pk"=?;', n(3), s("z"))
    assert one == {"Items": []}
    page = execute(sandbox, f'SELECT * FROM "{TABLE}" WHERE pk = ?', s("a"), Limit=6, ReturnConsumedCapacity="TOTAL")
    assert sorts(page) == [-1.5, 0, 1, 2, 3, 4]
    assert page["LastEvaluatedKey"] == row(4)
    assert page["ConsumedCapacity"]["CapacityUnits"] == 0.5
    rest = execute(sandbox, f'SELECT * FROM "{TABLE}" WHERE pk = ?', s("a"), NextToken=page["NextToken"])
    assert (sorts(rest), "NextToken" in rest) == ([5, 6, 7, 8, 9], False)


def test_insert(sandbox: Sandbox) -> None:
    text = f"""INSERT INTO "{TABLE}" VALUE {{'pk': ?, 'sk' : ?, 'v':?}}"""
    assert execute(sandbox, text, s("new"), n(1), s("x"), ReturnConsumedCapacity="TOTAL") == {
        "Items": [],
        "ConsumedCapacity": {"TableName": TABLE, "CapacityUnits": 1.0},
    }
    assert query(sandbox, values={":pk": s("new")})["Items"] == [row(1, "new", v=s("x"))]
    refused = sandbox.refused("ExecuteStatement", Statement=text, Parameters=[s("new"), n(1), s("y")])
    assert refused == ("DuplicateItemException", "Duplicate primary key exists in table")


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ('UPDATE "orders" SET v = ? WHERE pk = ?', [], "The sandbox does not do this statement; it does SELECT"),
        ('SELECT v FROM "orders" WHERE pk = ?', [s("a")], "does not do this statement"),
        ('SELECT * FROM "orders"', [], "does not do this statement"),
        ("SELECT * FROM \"orders\" WHERE pk = 'a'", [], "does not do this statement"),
        ("INSERT INTO \"orders\" VALUE {'pk': 'a'}", [], "does not do this statement"),
        ("x" * 10_000, [], "does not do this statement"),
        ('SELECT * FROM "orders" WHERE v = ?', [s("a")], "does not do a SELECT by anything but the key"),
        ('SELECT * FROM "orders" WHERE sk = ?', [n(1)], "does not do a SELECT by anything but the key"),
        ('SELECT * FROM "orders" WHERE pk = ?', [], "Number of parameters in request and statement don't match."),
        ('SELECT * FROM "orders" WHERE pk = ?', [n(1)], "Type mismatch for key pk"),
        ('SELECT * FROM "orders" WHERE pk = ? AND pk = ?', [s("a"), s("a")], "names an attribute twice"),
        ("INSERT INTO \"orders\" VALUE {'pk': ?}", [s("a")], "Missing the key sk in the item"),
    ],
)
def test_statements_that_are_refused(sandbox: Sandbox, text: str, values: list[Any], message: str) -> None:
    code, said = sandbox.refused("ExecuteStatement", Statement=text, Parameters=values)
    assert code == INVALID
    assert message in said


@pytest.mark.parametrize("token", ["?", "bm90IGpzb24=", b64encode(b'{"pk": {"S": "b"}, "sk": {"N": "1"}}').decode()])
def test_a_token_that_is_not_ours(sandbox: Sandbox, token: str) -> None:
    text = f'SELECT * FROM "{TABLE}" WHERE pk = ?'
    refused = sandbox.refused("ExecuteStatement", Statement=text, Parameters=[s("a")], NextToken=token)
    assert refused == (INVALID, "Invalid NextToken")
