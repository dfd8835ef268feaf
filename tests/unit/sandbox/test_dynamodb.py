"""The sandbox's DynamoDB over its own HTTP, in virtual time: the protocol, tables, single items, expressions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dynamodb_sandbox import PK, SK, TABLE, WALL, Sandbox, provisioned
from hypothesis import given
from hypothesis import strategies as st

from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.clock import SECOND
from loadgen.sandbox.dynamodb.numbers import added, canonical
from loadgen.sandbox.dynamodb.refusals import Refused

INVALID = "ValidationException"


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    sandbox.create()
    return sandbox


def s(text: str) -> dict[str, str]:
    return {"S": text}


def n(number: object) -> dict[str, str]:
    return {"N": str(number)}


def put(sandbox: Sandbox, pk: str = "a", **more: Any) -> None:
    sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s(pk), **more})


def got(sandbox: Sandbox, pk: str = "a") -> Any:
    return sandbox.ok("GetItem", TableName=TABLE, Key={"pk": s(pk)}).get("Item")


# the protocol


def test_a_signed_request_is_let_in() -> None:
    sandbox = Sandbox(signatures="verify")
    sandbox.create()
    put(sandbox)
    assert got(sandbox) == {"pk": s("a")}


def test_one_that_is_not_is_refused_as_aws_does() -> None:
    sandbox = Sandbox(signatures="verify")
    reply = sandbox.raw(b"{}", *sandbox.headers("ListTables", b"{}", signed=False))
    assert reply.status == 400
    assert (
        reply.body
        == {
            "__type": "com.amazon.coral.service#MissingAuthenticationTokenException",
            "message": "Request is missing authentication token",
        }
        or reply.body["message"] == "Request is missing Authentication Token"
    )
    assert sandbox.core.dynamodb.errors == {"MissingAuthenticationTokenException": 1}


def test_other_keys_and_other_bytes_are_refused() -> None:
    sandbox = Sandbox(signatures="verify")
    signed = sandbox.headers("ListTables", b"{}")
    assert sandbox.raw(b"{ }", *signed).error == "InvalidSignatureException"
    sandbox.sign_with(Credentials(SANDBOX.access_key, "another"))
    assert sandbox.refused("ListTables")[0] == "InvalidSignatureException"
    sandbox.sign_with(Credentials("AKIDEXAMPLE", "another"))
    code, message = sandbox.refused("ListTables")
    assert (code, message) == ("UnrecognizedClientException", "The security token included in the request is invalid.")


def test_an_old_signature_is_refused() -> None:
    sandbox = Sandbox(signatures="verify")
    signed = sandbox.headers("ListTables", b"{}")
    sandbox.clock.run(until=sandbox.clock.now() + 400 * SECOND)
    sandbox.link = sandbox.connect()
    reply = sandbox.raw(b"{}", *signed)
    assert reply.error == "InvalidSignatureException"
    assert reply.message.startswith("Signature expired")


def test_an_operation_that_is_not_done(sandbox: Sandbox) -> None:
    code, message = sandbox.refused("UpdateTable", TableName=TABLE)
    assert code == "UnknownOperationException"
    assert "PutItem" in message
    assert sandbox.raw(b"{}", "X-Amz-Target: DynamoDB_20111205.PutItem").error == "UnknownOperationException"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b'{"TableName": NaN}', b'{"a": "\\ud800"}', b'{"a": "\xed\xa0\x80"}', b"[" * 9000],
)
def test_what_is_no_json_mapping(sandbox: Sandbox, body: bytes) -> None:
    reply = sandbox.raw(body, *sandbox.headers("PutItem", body))
    assert reply.body == {"__type": "com.amazon.coral.service#SerializationException"}


@pytest.mark.parametrize(
    ("operation", "parameters", "what"),
    [
        ("PutItem", {"Expected": {}}, "Expected"),
        ("GetItem", {"ProjectionExpression": "pk"}, "ProjectionExpression"),
        ("Query", {"IndexName": "other"}, "IndexName"),
        ("Scan", {"TotalSegments": 4, "Segment": 0}, "Segment, TotalSegments"),
        ("CreateTable", {"StreamSpecification": {}}, "StreamSpecification"),
    ],
)
def test_what_is_not_done_is_said(sandbox: Sandbox, operation: str, parameters: dict[str, Any], what: str) -> None:
    code, message = sandbox.refused(operation, TableName=TABLE, **parameters)
    assert code == INVALID
    assert message == f"The sandbox does not do {what}: it is a target for load, not an emulator"


def test_other_requests_are_the_functions(sandbox: Sandbox) -> None:
    from sandbox_link import answers, feed, request

    link = sandbox.connect()
    feed(link, request("/", "POST", b'{"id": 7}', "Content-Type: application/json"))
    feed(link, request("/", "POST", b'{"id": 8}', "X-Amz-Target: Kinesis_20131202.PutRecord"))
    assert [json.loads(body)["id"] for _, _, body in answers(link.data)] == [7, 8]
    assert not sandbox.core.dynamodb.operations["PutRecord"]


# tables


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


# values and keys


def test_what_is_put_is_got(sandbox: Sandbox) -> None:
    item = {
        "pk": s("é\U0001f600"),
        "n": n("1.50"),
        "b": {"B": "AAE="},
        "t": {"BOOL": True},
        "nothing": {"NULL": True},
        "l": {"L": [s(""), n("-0")]},
        "m": {"M": {"inner": {"SS": ["b", "a"]}}},
    }
    assert sandbox.ok("PutItem", TableName=TABLE, Item=item) == {}
    assert sandbox.ok("GetItem", TableName=TABLE, Key={"pk": item["pk"]})["Item"] == {
        **item,
        "n": n("1.5"),
        "l": {"L": [s(""), n("0")]},
        "m": {"M": {"inner": {"SS": ["a", "b"]}}},
    }
    assert got(sandbox, "other") is None


@pytest.mark.parametrize(
    ("item", "code", "message"),
    [
        ({"v": s("x")}, INVALID, "Missing the key pk in the item"),
        ({"pk": n(1)}, INVALID, "Type mismatch for key pk expected: S actual: N"),
        ({"pk": s("")}, INVALID, "cannot contain an empty string value. Key: pk"),
        ({"pk": s("x" * 2049)}, INVALID, "Size of hashkey has exceeded"),
        ({"pk": s("a"), "v": {}}, INVALID, "AttributeValue is empty"),
        ({"pk": s("a"), "v": {"X": 1}}, INVALID, "AttributeValue is empty"),
        ({"pk": s("a"), "v": {"S": "x", "N": "1"}}, INVALID, "more than one datatypes"),
        ({"pk": s("a"), "v": n("one")}, INVALID, "cannot be converted to a numeric value: one"),
        ({"pk": s("a"), "v": n("1e126")}, INVALID, "Number overflow"),
        ({"pk": s("a"), "v": n("1e-131")}, INVALID, "Number underflow"),
        ({"pk": s("a"), "v": n("1" * 39)}, INVALID, "more than 38 significant digits"),
        ({"pk": s("a"), "v": {"N": 1}}, "SerializationException", "NUMBER_VALUE"),
        ({"pk": s("a"), "v": {"S": 1}}, "SerializationException", "NUMBER_VALUE cannot be converted to String"),
        ({"pk": s("a"), "v": {"BOOL": "x"}}, "SerializationException", "STRING_VALUE"),
        ({"pk": s("a"), "v": {"B": "?"}}, "SerializationException", "Base64"),
        ({"pk": s("a"), "v": {"NULL": False}}, INVALID, "must have the value of true"),
        ({"pk": s("a"), "v": {"SS": []}}, INVALID, "empty set"),
        ({"pk": s("a"), "v": {"NS": ["1", "1.0"]}}, INVALID, "contains duplicates"),
        ({"pk": s("a"), "v": {"L": {}}}, "SerializationException", "expected list"),
        ({"pk": s("a"), "v": {"M": []}}, "SerializationException", "Start of list"),
        ({"pk": s("a"), "v": s("x" * 409_600)}, INVALID, "Item size has exceeded the maximum allowed size"),
        ([], "SerializationException", "Start of list"),
    ],
)
def test_items_that_are_refused(sandbox: Sandbox, item: Any, code: str, message: str) -> None:
    found, said = sandbox.refused("PutItem", TableName=TABLE, Item=item)
    assert found == code
    assert message in said


def test_an_item_of_the_very_limit_is_taken(sandbox: Sandbox) -> None:
    put(sandbox, v=s("x" * (409_600 - 4)))
    assert sandbox.stats()["write_units"] == 400


def test_values_are_nested_so_deep_and_no_deeper(sandbox: Sandbox) -> None:
    value: dict[str, Any] = s("x")
    for _ in range(32):
        value = {"L": [value]}
    put(sandbox, v=value)
    assert got(sandbox)["v"] == value
    assert "Nesting" in sandbox.refused("PutItem", TableName=TABLE, Item={"pk": s("a"), "v": {"L": [value]}})[1]


@pytest.mark.parametrize("key", [{}, {"other": {"S": "a"}}, {"pk": {"N": "1"}}, {"pk": {"S": "a"}, "x": {"S": "b"}}])
def test_a_key_that_is_not_the_tables(sandbox: Sandbox, key: dict[str, Any]) -> None:
    found = sandbox.refused("GetItem", TableName=TABLE, Key=key)
    assert found == (INVALID, "The provided key element does not match the schema")


def test_equal_numbers_are_one_key() -> None:
    sandbox = Sandbox()
    sandbox.create(kind="N")
    for text in ("1.0", "10e-1", "0001"):
        sandbox.ok("PutItem", TableName=TABLE, Item={"pk": n(text), "v": s(text)})
    assert sandbox.stats()["items"] == 1
    assert sandbox.ok("GetItem", TableName=TABLE, Key={"pk": n("1")})["Item"]["v"] == s("0001")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("1e2", "100"),
        ("-1.50", "-1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E-130", f"0.{'0' * 129}1"),
    ],
)
def test_numbers_have_one_text(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize("text", ["", " 1", "1_0", "NaN", "Infinity", "0x1", "1e99999999999", "1" * 2000, "٣"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refused):
        canonical(text)


@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_numbers_are_added_exactly(a: int, b: int) -> None:
    assert (added(str(a), str(b)), added(str(a), str(b), -1)) == (str(a + b), str(a - b))


# writing


def test_the_values_before_and_after(sandbox: Sandbox) -> None:
    first, second = {"pk": s("a"), "v": n(1)}, {"pk": s("a"), "v": n(2)}
    assert sandbox.ok("PutItem", TableName=TABLE, Item=first, ReturnValues="ALL_OLD") == {}
    assert sandbox.ok("PutItem", TableName=TABLE, Item=second, ReturnValues="ALL_OLD") == {"Attributes": first}
    gone = sandbox.ok("DeleteItem", TableName=TABLE, Key={"pk": s("a")}, ReturnValues="ALL_OLD")
    assert gone == {"Attributes": second}
    assert sandbox.ok("DeleteItem", TableName=TABLE, Key={"pk": s("a")}, ReturnValues="ALL_OLD") == {}
    assert got(sandbox) is None


def update(sandbox: Sandbox, expression: str, **more: Any) -> dict[str, Any]:
    given = {"UpdateExpression": expression} if expression else {}
    return sandbox.ok("UpdateItem", TableName=TABLE, Key={"pk": s("a")}, **given, **more)


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        ("SET v = :v", {":v": s("x")}, {"v": s("x"), "n": n(5), "l": {"L": [n(1)]}}),
        ("SET v = n", {}, {"v": n(5), "n": n(5), "l": {"L": [n(1)]}}),
        ("set n = n + :v, m = :v", {":v": n("0.5")}, {"n": n("5.5"), "m": n("0.5"), "l": {"L": [n(1)]}}),
        ("SET n = :v - n", {":v": n(7)}, {"n": n(2), "l": {"L": [n(1)]}}),
        ("SET c = if_not_exists(c, :v) + :v", {":v": n(1)}, {"c": n(2), "n": n(5), "l": {"L": [n(1)]}}),
        ("SET n = if_not_exists(n, :v)", {":v": n(1)}, {"n": n(5), "l": {"L": [n(1)]}}),
        ("SET l = list_append(l, :v)", {":v": {"L": [n(2)]}}, {"n": n(5), "l": {"L": [n(1), n(2)]}}),
        ("REMOVE n, missing SET m = n", {}, {"m": n(5), "l": {"L": [n(1)]}}),
        ("ADD n :v, fresh :v REMOVE l", {":v": n(-3)}, {"n": n(2), "fresh": n(-3)}),
    ],
)
def test_updates(sandbox: Sandbox, expression: str, values: dict[str, Any], expected: dict[str, Any]) -> None:
    put(sandbox, n=n(5), l={"L": [n(1)]})
    more = {"ExpressionAttributeValues": values} if values else {}
    after = update(sandbox, expression, ReturnValues="ALL_NEW", **more)["Attributes"]
    assert after == got(sandbox) == {"pk": s("a"), **expected}


def test_an_update_makes_an_item(sandbox: Sandbox) -> None:
    assert update(sandbox, "") == {}
    assert got(sandbox) == {"pk": s("a")}


def test_names_that_stand_for_others(sandbox: Sandbox) -> None:
    update(
        sandbox,
        "SET #a = :v, b2 = :v",
        ExpressionAttributeNames={"#a": "the name"},
        ExpressionAttributeValues={":v": n(1)},
    )
    assert got(sandbox) == {"pk": s("a"), "the name": n(1), "b2": n(1)}


def test_only_what_was_updated_is_told(sandbox: Sandbox) -> None:
    put(sandbox, v=n(1), w=n(1), x=n(1))
    values = {":v": n(2)}
    told = update(sandbox, "SET v = :v, y = :v REMOVE w", ExpressionAttributeValues=values, ReturnValues="UPDATED_OLD")
    assert told == {"Attributes": {"v": n(1), "w": n(1)}}
    told = update(sandbox, "SET v = :v REMOVE x", ExpressionAttributeValues=values, ReturnValues="UPDATED_NEW")
    assert told == {"Attributes": {"v": n(2)}}
    assert update(sandbox, "REMOVE y", ReturnValues="UPDATED_NEW") == {}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("SET v =", "Syntax error; token: <EOF>"),
        ("SET v = :v extra", 'token: "extra"'),
        ("v = :v", 'token: "v"'),
        ("SET v = :v SET w = :v", "can only be used once"),
        ("SET v = :v, v = :v", "Two document paths overlap"),
        ("SET pk = :v", "Cannot update attribute pk. This attribute is part of the key"),
        ("SET v = missing, w = :v", "refers to an attribute that does not exist in the item"),
        ("SET v = pk + :v", "An operand in the update expression has an incorrect data type"),
        ("SET v = list_append(:v, :v)", "incorrect data type"),
        ("SET v = size(:v)", "Invalid function name; function: size"),
        ("SET a.b = :v", "does not do document paths such as a...."),
        ("SET a[0] = :v", "does not do document paths"),
        ("DELETE v :v", "does not do DELETE"),
        ("ADD v w", "Syntax error"),
        ("", "The expression can not be empty;"),
        ("   ", "The expression can not be empty;"),
        ("SET v = :v" + " " * 4096, "maximum allowed size"),
        ("SET v = " + "if_not_exists(a, " * 60 + ":v" + ")" * 60, "nested too deeply"),
        ("SET v = :w", "attribute value: :w"),
        ("SET #v = :v", "attribute name: #v"),
        ("SET \x00 = :v", "Syntax error"),
    ],
)
def test_updates_that_are_refused(sandbox: Sandbox, expression: str, message: str) -> None:
    code, said = sandbox.refused(
        "UpdateItem",
        TableName=TABLE,
        Key={"pk": s("a")},
        UpdateExpression=expression,
        ExpressionAttributeValues={":v": n(1)},
    )
    assert code == INVALID
    assert message in said
    assert got(sandbox) is None


def test_an_overflow_is_refused(sandbox: Sandbox) -> None:
    put(sandbox, v=n("9e125"))
    values = {":v": n("9e125")}
    code, said = sandbox.refused(
        "UpdateItem",
        TableName=TABLE,
        Key={"pk": s("a")},
        UpdateExpression="ADD v :v",
        ExpressionAttributeValues=values,
    )
    assert (code, said.startswith("Number overflow")) == (INVALID, True)


# conditions


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("attribute_exists(pk)", True),
        ("attribute_not_exists(pk)", False),
        ("attribute_not_exists(missing)", True),
        ("n = :five", True),
        (":five = n", True),
        ("n <> :five", False),
        ("missing <> :five", True),
        ("missing = :five", False),
        ("n < :six", True),
        ("n <= :five", True),
        ("n > :six", False),
        ("n >= :five AND n < :six", True),
        ("n > t", False),
        ("n = t", False),
        ("n BETWEEN :five AND :six", True),
        ("missing BETWEEN :five AND :six", False),
        ("begins_with(t, :t)", True),
        ("begins_with(n, :five)", False),
        ("begins_with(missing, :t)", False),
        ("b > :b", True),
        ("l = :l", True),
        ("l < :l", False),
        ("NOT n = :six", True),
        ("NOT (n = :five OR n = :six)", False),
        ("n = :six OR n = :five AND begins_with(t, :t)", True),
        ("(n = :six OR n = :five) and not attribute_exists(missing)", True),
    ],
)
def test_conditions(sandbox: Sandbox, condition: str, expected: bool) -> None:
    put(sandbox, n=n(5), t=s("text"), b={"B": "Ag=="}, l={"L": [n("1.0")]})
    values = {":five": n("5.0"), ":six": n(6), ":t": s("te"), ":b": {"B": "AQ=="}, ":l": {"L": [n(1)]}}
    used = {
        name: value
        for name, value in values.items()
        if name in condition.replace("(", " ").replace(")", " ").replace(",", " ").split()
    }
    more = {"ExpressionAttributeValues": used} if used else {}
    reply = sandbox.call("DeleteItem", TableName=TABLE, Key={"pk": s("a")}, ConditionExpression=condition, **more)
    assert reply.error == ("" if expected else "ConditionalCheckFailedException")
    assert (got(sandbox) is None) is expected


def test_names_without_an_expression(sandbox: Sandbox) -> None:
    names = {"ExpressionAttributeNames": {"#k": "pk"}}
    message = sandbox.refused("PutItem", TableName=TABLE, Item={"pk": s("a")}, **names)[1]
    assert message == "ExpressionAttributeNames can only be specified when using expressions"


def test_a_failed_condition_says_so_and_costs(sandbox: Sandbox) -> None:
    put(sandbox, v=s("x" * 2000))
    before = sandbox.stats()["write_units"]
    reply = sandbox.call(
        "PutItem",
        TableName=TABLE,
        Item={"pk": s("a"), "v": s("y" * 5000)},
        ConditionExpression="attribute_not_exists(#k)",
        ExpressionAttributeNames={"#k": "pk"},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert reply.body == {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": {"pk": s("a"), "v": s("x" * 2000)},
    }
    assert sandbox.stats()["write_units"] - before == 2, "for the item that is there"
    missing = sandbox.call(
        "DeleteItem", TableName=TABLE, Key={"pk": s("b")}, ConditionExpression="attribute_exists(pk)"
    )
    assert "Item" not in missing.body


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("", "can not be empty"),
        ("pk", "Syntax error; token: <EOF>"),
        ("pk = ", "Syntax error; token: <EOF>"),
        ("pk = :v)", 'token: ")"'),
        ("(pk = :v", "token: <EOF>"),
        ("pk == :v", 'token: "="'),
        ("size(pk) > :v", "does not do the function size"),
        ("contains(pk, :v)", "does not do the function contains"),
        ("pk IN (:v)", "does not do IN"),
        ("exists(pk)", "Invalid function name; function: exists"),
        ("a.b = :v", "does not do document paths"),
        ("NOT " * 60 + "pk = :v", "nested too deeply"),
        ("(" * 60 + "pk = :v" + ")" * 60, "nested too deeply"),
        ("pk = :w", "An expression attribute value used in expression is not defined; attribute value: :w"),
        ("#k = :v", "name used in the document path is not defined; attribute name: #k"),
        ("pk = pk", "ExpressionAttributeValues unused in expressions: keys: {:v}"),
    ],
)
def test_conditions_that_are_refused(sandbox: Sandbox, condition: str, message: str) -> None:
    code, said = sandbox.refused(
        "PutItem",
        TableName=TABLE,
        Item={"pk": s("a")},
        ConditionExpression=condition,
        ExpressionAttributeValues={":v": s("x")},
    )
    assert code == INVALID
    assert message in said
    assert got(sandbox) is None


# capacity


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


def test_the_sandbox_can_be_full() -> None:
    sandbox = Sandbox(memory=2**20)
    sandbox.create()
    put(sandbox, "1", v=s("x" * 400_000))
    put(sandbox, "2", v=s("x" * 400_000))
    code, message = sandbox.refused("PutItem", TableName=TABLE, Item={"pk": s("3"), "v": s("x" * 400_000)})
    assert code == INVALID
    assert message == "The sandbox is full: its items take 1 MiB, which the setting sandbox.dynamodb.memory raises"
    put(sandbox, "2", v=s("y" * 400_000))
    sandbox.ok("DeleteItem", TableName=TABLE, Key={"pk": s("1")})
    put(sandbox, "3", v=s("x" * 400_000))
    assert sandbox.stats()["bytes"] == 800_008
