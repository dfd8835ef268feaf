"""Tokens of transactions: what was done once is not done again."""

from __future__ import annotations

from typing import Any

import pytest
from dynamodb_sandbox import TABLE, Sandbox, filled, n, query, row

from loadgen.clock import SECOND


@pytest.fixture
def sandbox() -> Sandbox:
    return filled()


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


def test_a_token_has_a_length(sandbox: Sandbox) -> None:
    said = sandbox.refused("TransactWriteItems", TransactItems=[{"Put": PUT}], ClientRequestToken="x" * 37)[1]
    assert "'clientRequestToken'" in said
