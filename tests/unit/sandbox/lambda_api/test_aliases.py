"""Aliases of versions, over the sandbox's own HTTP in virtual time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lambda_sandbox import FUNCTIONS, Reply, Sandbox

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:orders"
ALIASES = f"{FUNCTIONS}/orders/aliases"


@pytest.fixture
def target() -> Sandbox:
    """With the versions 1 and 2."""
    target = Sandbox({"environments": {"max": 9, "init": "300ms"}})
    for memory in (256, 512):
        body = json.dumps({"MemorySize": memory}).encode()
        target.call("PUT", f"{FUNCTIONS}/orders/configuration", body)
        assert target.call("POST", f"{FUNCTIONS}/orders/versions").status == 201
    return target


def create(target: Sandbox, name: str = "live", version: str = "1", **more: Any) -> Reply:
    body = {"Name": name, "FunctionVersion": version, **more}
    return target.call("POST", ALIASES, json.dumps(body).encode())


def test_an_alias_means_a_version(target: Sandbox) -> None:
    told = create(target, Description="for all")
    assert told.status == 201
    revision = told.body["RevisionId"]
    assert told.body == {
        "AliasArn": f"{ARN}:live",
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "for all",
        "RevisionId": revision,
    }
    assert target.call("GET", f"{ALIASES}/live").body == told.body
    assert target.invoke(qualifier="live").headers["x-amz-executed-version"] == "1"
    configuration = target.call("GET", f"{FUNCTIONS}/orders%3Alive/configuration").body
    assert (configuration["FunctionArn"], configuration["Version"]) == (f"{ARN}:live", "1")


def test_it_is_moved(target: Sandbox) -> None:
    revision = create(target).body["RevisionId"]
    target.invoke(qualifier="live")
    body = json.dumps({"FunctionVersion": "2", "RevisionId": revision}).encode()
    told = target.call("PUT", f"{ALIASES}/live", body)
    assert (told.status, told.body["FunctionVersion"], told.body["RevisionId"] != revision) == (200, "2", True)
    assert target.call("PUT", f"{ALIASES}/live", body).status == 412
    reply = target.invoke(qualifier="live")
    assert (reply.headers["x-amz-executed-version"], reply.body["cold"]) == ("2", True)


def test_it_is_listed_and_deleted(target: Sandbox) -> None:
    for name, version in (("live", "1"), ("next", "2"), ("latest", "$LATEST")):
        create(target, name, version)
    listed = target.call("GET", ALIASES).body["Aliases"]
    assert [alias["Name"] for alias in listed] == ["live", "next", "latest"]
    one = target.call("GET", f"{ALIASES}?FunctionVersion=2").body["Aliases"]
    assert [alias["Name"] for alias in one] == ["next"]
    reply = target.call("DELETE", f"{FUNCTIONS}/orders?Qualifier=1")
    assert (reply.status, reply.error) == (409, "ResourceConflictException")
    assert [target.call("DELETE", f"{ALIASES}/live").status for _ in range(2)] == [204, 204]
    assert target.call("DELETE", f"{FUNCTIONS}/orders?Qualifier=1").status == 204
    assert target.invoke(qualifier="live").status == 404
    assert target.call("DELETE", f"{FUNCTIONS}/orders?Qualifier=next").error == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({"name": "7"}, 400, "ValidationException"),
        ({"name": "a b"}, 400, "ValidationException"),
        ({"version": "9"}, 404, "ResourceNotFoundException"),
        ({"name": "old"}, 409, "ResourceConflictException"),
        ({"version": "old"}, 400, "InvalidParameterValueException"),
        ({"RoutingConfig": {}}, 400, "InvalidParameterValueException"),
    ],
)
def test_what_cannot_be(target: Sandbox, asked: dict[str, Any], status: int, error: str) -> None:
    create(target, "old")
    reply = create(target, **asked)
    assert (reply.status, reply.error) == (status, error)


def test_one_that_is_not_there(target: Sandbox) -> None:
    for method in ("GET", "PUT"):
        reply = target.call(method, f"{ALIASES}/live")
        assert (reply.status, reply.message) == (404, f"Cannot find alias {ARN}:live")


def test_there_is_a_most(target: Sandbox) -> None:
    for number in range(100):
        assert create(target, f"a{number}").status == 201
    assert create(target).message == "The sandbox has at most 100 aliases of a function"
