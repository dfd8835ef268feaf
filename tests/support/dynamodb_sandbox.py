"""A sandbox's DynamoDB in virtual time, asked over its own HTTP on a link that is a list."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

from sandbox_link import ListLink, answers, feed, request

from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.aws.sigv4 import Signer
from loadgen.clock import MILLISECOND, SECOND, VirtualClock
from loadgen.profile.sandbox import SandboxSettings, Tables
from loadgen.sandbox.connection import ServerConnection
from loadgen.sandbox.core import Core

WALL = 1_800_000_000 * SECOND
"""The time of day when the virtual clock is at 0."""
TABLE = "orders"
PK = [{"AttributeName": "pk", "KeyType": "HASH"}]
SK = [{"AttributeName": "sk", "KeyType": "RANGE"}]
INVALID = "ValidationException"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def error(self) -> str:
        """The code of an error, empty for a success."""
        return str(self.body.get("__type", "")).rpartition("#")[2]

    @property
    def message(self) -> str:
        return str(self.body.get("message", self.body.get("Message", "")))


class Sandbox:
    """Settings are given as values, times in nanoseconds; signatures are ignored unless said."""

    def __init__(self, sandbox: dict[str, Any] | None = None, **settings: Any) -> None:
        tables = Tables.model_validate({"signatures": "ignore", **settings})
        self.clock = VirtualClock(SECOND)
        wall: Callable[[], int] = lambda: WALL + self.clock.now()  # noqa: E731
        self.core = Core(SandboxSettings.model_validate({"dynamodb": tables, **(sandbox or {})}), self.clock, wall=wall)
        self.signer = Signer("dynamodb", "eu-west-1", SANDBOX)
        self.link = self.connect()

    def connect(self) -> ListLink:
        link = ListLink(self.clock)
        link.connection = ServerConnection(self.core, link, 1, 0, lambda connection: None)
        return link

    def wait(self, ns: int) -> None:
        self.clock.run(until=self.clock.now() + ns)

    def sign_with(self, credentials: Credentials) -> None:
        self.signer.credentials = credentials

    def headers(self, operation: str, body: bytes, signed: bool = True) -> list[str]:
        headers = (
            ("Content-Type", "application/x-amz-json-1.0"),
            ("X-Amz-Target", f"DynamoDB_20120810.{operation}"),
        )
        if signed:
            wall = WALL + self.clock.now()
            headers = (*headers, *self.signer.sign("POST", "/", headers, body, "sandbox", wall))
        return [f"{name}: {value}" for name, value in headers]

    def raw(self, body: bytes, *headers: str) -> Reply:
        """The answer to what is sent so, once it has come."""
        self.link.sent.clear()
        feed(self.link, request("/", "POST", body, *headers))
        while not self.link.sent:
            self.wait(MILLISECOND)
        [(status, found, answer)] = answers(self.link.data)
        assert found["x-amz-crc32"] == str(crc32(answer))
        assert found["content-type"] == "application/x-amz-json-1.0"
        assert len(found["x-amzn-requestid"]) == 52
        return Reply(status, found, json.loads(answer))

    def call(self, operation: str, **parameters: Any) -> Reply:
        body = json.dumps(parameters).encode()
        return self.raw(body, *self.headers(operation, body))

    def ok(self, operation: str, **parameters: Any) -> dict[str, Any]:
        reply = self.call(operation, **parameters)
        assert reply.status == 200, reply.body
        body: dict[str, Any] = reply.body
        return body

    def refused(self, operation: str, **parameters: Any) -> tuple[str, str]:
        """Code and message."""
        reply = self.call(operation, **parameters)
        assert reply.status == 400, reply.body
        return reply.error, reply.message

    def create(self, name: str = TABLE, sort: str = "", kind: str = "S", **more: Any) -> dict[str, Any]:
        """A table with the partition key pk, and with the sort key sk of the type `sort` if that is said."""
        types = [{"AttributeName": "pk", "AttributeType": kind}]
        types += [{"AttributeName": "sk", "AttributeType": sort}] if sort else []
        how = more or {"BillingMode": "PAY_PER_REQUEST"}
        parameters = {"AttributeDefinitions": types, "KeySchema": PK + SK if sort else PK, **how}
        described: dict[str, Any] = self.ok("CreateTable", TableName=name, **parameters)["TableDescription"]
        return described

    def stats(self, name: str = TABLE) -> dict[str, Any]:
        found: dict[str, Any] = self.core.dynamodb.database.stats()[name]
        return found


def provisioned(reads: int, writes: int) -> dict[str, Any]:
    return {"ProvisionedThroughput": {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}}


def s(text: str) -> dict[str, str]:
    return {"S": text}


def n(number: object) -> dict[str, str]:
    return {"N": str(number)}


def put(sandbox: Sandbox, pk: str = "a", **more: Any) -> None:
    sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s(pk), **more})


def got(sandbox: Sandbox, pk: str = "a") -> Any:
    return sandbox.ok("GetItem", TableName=TABLE, Key={"pk": s(pk)}).get("Item")


def update(sandbox: Sandbox, expression: str, **more: Any) -> dict[str, Any]:
    given = {"UpdateExpression": expression} if expression else {}
    return sandbox.ok("UpdateItem", TableName=TABLE, Key={"pk": s("a")}, **given, **more)


def row(sort: object, pk: str = "a", **more: Any) -> dict[str, Any]:
    return {"pk": s(pk), "sk": n(sort), **more}


def filled() -> Sandbox:
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
