"""The sandbox's DynamoDB: items and tables, over its own HTTP, in virtual time."""

from __future__ import annotations

import pytest
from dynamodb_sandbox import TABLE, Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox(signatures="verify")
    sandbox.create()
    return sandbox


def test_what_is_put_is_got(sandbox: Sandbox) -> None:
    item = {
        "pk": {"S": "é\U0001f600"},
        "n": {"N": "1.50"},
        "b": {"B": "AAE="},
        "t": {"BOOL": True},
        "nothing": {"NULL": True},
        "l": {"L": [{"S": ""}, {"N": "-0"}]},
        "m": {"M": {"inner": {"SS": ["b", "a"]}}},
    }
    assert sandbox.ok("PutItem", TableName=TABLE, Item=item) == {}
    got = sandbox.ok("GetItem", TableName=TABLE, Key={"pk": item["pk"]})["Item"]
    assert got == {
        **item,
        "n": {"N": "1.5"},
        "l": {"L": [{"S": ""}, {"N": "0"}]},
        "m": {"M": {"inner": {"SS": ["a", "b"]}}},
    }
    assert sandbox.ok("GetItem", TableName=TABLE, Key={"pk": {"S": "other"}}) == {}
