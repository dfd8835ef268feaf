"""Update expressions: what an item becomes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, got, n, put, s, update


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
