"""PartiQL statements of the sandbox's DynamoDB."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, filled, n, query, row, s


def sorts(reply: dict[str, Any]) -> list[float]:
    return [float(item["sk"]["N"]) for item in reply["Items"]]


@pytest.fixture
def sandbox() -> Sandbox:
    return filled()


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
