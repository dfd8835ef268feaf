"""Condition expressions: what they say of an item, and what is refused."""

from __future__ import annotations

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, got, n, put, s


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
