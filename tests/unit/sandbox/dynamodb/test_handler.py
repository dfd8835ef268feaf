"""The sandbox's DynamoDB over its own HTTP, in virtual time: the protocol, signatures, operations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dynamodb_sandbox import INVALID, TABLE, Sandbox, got, put, s

from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.clock import SECOND

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
