"""Whatever is asked of the sandbox's DynamoDB, there is an answer; and what it answers is what a plain dict would."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from dynamodb_sandbox import TABLE, Sandbox
from examples import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sandbox_link import answers, feed, request

from loadgen.sandbox.dynamodb.operations import OPERATIONS

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = [
    "pk",
    "sk",
    "v",
    "S",
    "N",
    "B",
    "M",
    "L",
    "SS",
    "NS",
    "BS",
    "BOOL",
    "NULL",
    ":v",
    "#n",
    TABLE,
    "Keys",
    "Item",
    "Key",
]
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
KEY = {"pk": {"S": "a"}, "sk": {"N": "1"}}
ITEM = {**KEY, "v": {"L": [{"SS": ["x", "y"]}, {"M": {"b": {"B": "AAE="}}}]}}
UPDATE = {
    "TableName": TABLE,
    "Key": KEY,
    "UpdateExpression": "SET #n = if_not_exists(c, :v) + :v REMOVE w ADD d :v",
    "ConditionExpression": "attribute_exists(pk) OR NOT c BETWEEN :v AND :v",
    "ExpressionAttributeNames": {"#n": "n"},
    "ExpressionAttributeValues": {":v": {"N": "1"}},
}
PAGE = {"TableName": TABLE, "Limit": 3, "ExclusiveStartKey": KEY, "ReturnConsumedCapacity": "TOTAL"}
TEMPLATES: list[tuple[str, dict[str, Any]]] = [
    ("PutItem", {"TableName": TABLE, "Item": ITEM, "ReturnValues": "ALL_OLD"}),
    ("GetItem", {"TableName": TABLE, "Key": KEY, "ConsistentRead": True}),
    ("UpdateItem", {**UPDATE, "ReturnValues": "UPDATED_NEW"}),
    ("DeleteItem", {"TableName": TABLE, "Key": KEY, "ConditionExpression": "pk = sk"}),
    ("Scan", {**PAGE, "FilterExpression": "begins_with(v, pk)"}),
    (
        "Query",
        {
            **PAGE,
            "KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :a",
            "ExpressionAttributeValues": {":p": {"S": "a"}, ":a": {"N": "1"}},
        },
    ),
    ("BatchGetItem", {"RequestItems": {TABLE: {"Keys": [KEY], "ConsistentRead": False}}}),
    ("BatchWriteItem", {"RequestItems": {TABLE: [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": {}}}]}}),
    ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": TABLE, "Key": KEY}}]}),
    ("TransactWriteItems", {"TransactItems": [{"Update": UPDATE}], "ClientRequestToken": "t"}),
    (
        "ExecuteStatement",
        {"Statement": f'SELECT * FROM "{TABLE}" WHERE pk = ?', "Parameters": [{"S": "a"}], "NextToken": "e30="},
    ),
    (
        "CreateTable",
        {
            "TableName": "another",
            "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "B"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        },
    ),
    ("DescribeTable", {"TableName": TABLE}),
    ("ListTables", {"Limit": 1, "ExclusiveStartTableName": "a"}),
]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    sandbox.create(sort="N")
    return sandbox


def ask(sandbox: Sandbox, operation: str, body: bytes) -> None:
    """There is one answer, and it is one of DynamoDB's."""
    reply = sandbox.raw(body, *sandbox.headers(operation, body, signed=False))
    assert reply.status in (200, 400)
    assert (reply.status == 400) == bool(reply.error)
    assert isinstance(reply.body, dict)
    sandbox.clock.advance(10**9)


def nodes(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(node for step, inner in below for node in nodes(inner, (*way, step)))]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A sound request, one or two of whose parts are something else."""
    operation, template = draw(st.sampled_from(TEMPLATES))
    body: Any = deepcopy(template)
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(nodes(body)[1:] or [("TableName",)]))
        inner = body
        for step in way:
            inner = inner[step]
        inner[last] = draw(anything)
    return operation, body


@settings(max_examples=examples(200), deadline=None)
@given(asked=spoilt())
def test_no_spoilt_request_breaks_it(sandbox: Sandbox, asked: tuple[str, dict[str, Any]]) -> None:
    ask(sandbox, asked[0], json.dumps(asked[1]).encode())


@settings(max_examples=examples(100), deadline=None)
@given(operation=st.sampled_from(sorted(OPERATIONS)), body=st.dictionaries(st.sampled_from(NAMES), anything) | anything)
def test_no_json_breaks_it(sandbox: Sandbox, operation: str, body: Any) -> None:
    ask(sandbox, operation, json.dumps(body).encode())


@settings(max_examples=examples(100), deadline=None)
@given(operation=st.sampled_from(sorted(OPERATIONS)), body=st.binary(max_size=60))
def test_no_bytes_break_it(sandbox: Sandbox, operation: str, body: bytes) -> None:
    ask(sandbox, operation, body)


TOKENS = [
    "a",
    "#n",
    ":v",
    "(",
    ")",
    ",",
    ".",
    "[",
    "]",
    "=",
    "<>",
    "<",
    "<=",
    ">=",
    "+",
    "-",
    "\x00",
    "\U0001f600",
    "'",
]
TOKENS += ["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "ADD", "REMOVE", "DELETE"]
TOKENS += ["attribute_exists", "begins_with", "if_not_exists", "list_append", "size"]


@settings(max_examples=examples(300), deadline=None)
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=20), update=st.booleans())
@example(tokens=["("] * 4096, update=False)
@example(tokens=["NOT"] * 1300, update=False)
@example(tokens=["SET", "a", "=", *["list_append", "("] * 300], update=True)
def test_no_expression_breaks_it(sandbox: Sandbox, tokens: list[str], update: bool) -> None:
    text = " ".join(tokens)
    expression = {"UpdateExpression": text} if update else {"ConditionExpression": text}
    known = {"ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":v": {"N": "1"}}}
    ask(sandbox, "UpdateItem", json.dumps({"TableName": TABLE, "Key": KEY, **expression, **known}).encode())


@settings(max_examples=examples(100), deadline=None)
@given(
    target=st.binary(max_size=20),
    authorization=st.binary(max_size=60)
    | st.just(b"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=, Signature="),
)
def test_no_header_breaks_it(target: bytes, authorization: bytes) -> None:
    sandbox = Sandbox(signatures="verify")
    clean = bytes(byte for byte in target if byte > 32 and byte != 127)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.%s\r\nAuthorization: %s\r\n" % (
        clean,
        bytes(byte for byte in authorization if byte > 31 and byte != 127),
    )
    feed(sandbox.link, head + b"Content-Length: 2\r\n\r\n{}")
    sandbox.wait(0)
    [(status, _, body)] = answers(sandbox.link.data)
    assert status == 400
    assert json.loads(body)["__type"]
    feed(sandbox.connect(), request())
    assert sandbox.core.counters.requests == 2


rows = st.tuples(st.sampled_from("abc"), st.integers(-3, 3))


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "delete", "add", "query", "scan"]), rows, st.integers(1, 4)), max_size=40
    )
)
def test_it_holds_what_a_dict_would(steps: list[tuple[str, tuple[str, int], int]]) -> None:
    sandbox = Sandbox()
    sandbox.create(sort="N")
    model: dict[tuple[str, int], int] = {}
    for what, (pk, sk), number in steps:
        key = {"pk": {"S": pk}, "sk": {"N": str(sk)}}
        if what == "put":
            sandbox.ok("PutItem", TableName=TABLE, Item={**key, "v": {"N": str(number)}})
            model[pk, sk] = number
        elif what == "delete":
            sandbox.ok("DeleteItem", TableName=TABLE, Key=key)
            model.pop((pk, sk), None)
        elif what == "add":
            values = {":v": {"N": str(number)}}
            sandbox.ok(
                "UpdateItem", TableName=TABLE, Key=key, UpdateExpression="ADD v :v", ExpressionAttributeValues=values
            )
            model[pk, sk] = model.get((pk, sk), 0) + number
        elif what == "query":
            reply = sandbox.ok(
                "Query",
                TableName=TABLE,
                KeyConditionExpression="pk = :p AND sk > :s",
                ExpressionAttributeValues={":p": {"S": pk}, ":s": {"N": str(sk)}},
            )
            expected = sorted((b, v) for (a, b), v in model.items() if a == pk and b > sk)
            assert [(int(row["sk"]["N"]), int(row["v"]["N"])) for row in reply["Items"]] == expected
        else:
            found: dict[tuple[str, int], int] = {}
            more: dict[str, Any] = {}
            while True:
                reply = sandbox.ok("Scan", TableName=TABLE, Limit=number, **more)
                found |= {(row["pk"]["S"], int(row["sk"]["N"])): int(row["v"]["N"]) for row in reply["Items"]}
                if "LastEvaluatedKey" not in reply:
                    break
                more = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}
            assert found == model
    assert sandbox.stats()["items"] == len(model)
    assert sandbox.stats()["bytes"] >= 9 * len(model)
