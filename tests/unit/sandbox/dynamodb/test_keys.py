"""Keys of the sandbox's DynamoDB."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, n, s


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
