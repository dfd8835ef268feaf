"""Provisioned concurrency of versions, over the sandbox's own HTTP in virtual time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lambda_sandbox import FUNCTIONS, Reply, Sandbox

from loadgen.clock import SECOND

PATH = "/2019-09-30/functions/orders/provisioned-concurrency"
ARN = "arn:aws:lambda:eu-west-1:000000000000:function:orders"


def sandbox(environments: dict[str, Any] | None = None, **settings: Any) -> Sandbox:
    """With version 1, and the alias live of it."""
    target = Sandbox({"environments": environments} if environments else None, **settings)
    target.call("POST", f"{FUNCTIONS}/orders/versions")
    target.wait(5 * SECOND)
    target.call("POST", f"{FUNCTIONS}/orders/aliases", b'{"Name": "live", "FunctionVersion": "1"}')
    return target


def put(target: Sandbox, qualifier: str = "live", number: int = 2) -> Reply:
    body = json.dumps({"ProvisionedConcurrentExecutions": number}).encode()
    return target.call("PUT", f"{PATH}?Qualifier={qualifier}", body)


def get(target: Sandbox, qualifier: str = "live") -> Reply:
    return target.call("GET", f"{PATH}?Qualifier={qualifier}")


def test_environments_are_there_after_a_while() -> None:
    target = sandbox({"max": 9, "init": "300ms"}, updating="3s")
    told = put(target)
    assert told.status == 202
    assert told.body == {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": "2026-10-31T20:00:06.000+0000",
    }
    cold = target.invoke(qualifier="live")
    assert (cold.body["cold"], cold.body["initialization_type"]) == (True, "on-demand")
    target.wait(3 * SECOND)
    assert get(target).body | {"LastModified": ""} == {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 2,
        "AllocatedProvisionedConcurrentExecutions": 2,
        "Status": "READY",
        "LastModified": "",
    }
    first = target.invoke(qualifier="live", log="Tail")
    assert (first.took, first.body["initialization_type"]) == (0, "provisioned-concurrency")
    assert "Init Duration: 300.00 ms" in first.log[-1]
    assert target.invoke(qualifier="1").body["initialization_type"] == "provisioned-concurrency"


def test_without_environments_in_the_profile() -> None:
    target = sandbox()
    put(target)
    assert target.invoke(qualifier="live").body["initialization_type"] == "provisioned-concurrency"
    assert target.invoke().body["initialization_type"] == "on-demand"


def test_they_are_listed_and_deleted() -> None:
    target = sandbox({"max": 9, "init": "300ms"})
    put(target)
    listed = target.call("GET", f"{PATH}?List=ALL").body["ProvisionedConcurrencyConfigs"]
    assert [config["FunctionArn"] for config in listed] == [f"{ARN}:live"]
    assert target.invoke(qualifier="live").body["cold"] is False
    assert [target.call("DELETE", f"{PATH}?Qualifier=live").status for _ in range(2)] == [204, 204]
    reply = get(target)
    assert (reply.status, reply.error) == (404, "ProvisionedConcurrencyConfigNotFoundException")
    assert target.invoke(qualifier="live").body["cold"] is True
    assert target.core.simulation.cold_starts == 1


def test_they_move_with_the_alias() -> None:
    target = sandbox({"max": 9, "init": "300ms"})
    put(target)
    target.call("PUT", f"{FUNCTIONS}/orders/configuration", b'{"MemorySize": 256}')
    target.call("POST", f"{FUNCTIONS}/orders/versions")
    target.call("PUT", f"{FUNCTIONS}/orders/aliases/live", b'{"FunctionVersion": "2"}')
    assert target.invoke(qualifier="1").body["initialization_type"] == "on-demand"
    assert target.invoke(qualifier="2").body["initialization_type"] == "provisioned-concurrency"
    target.call("DELETE", f"{FUNCTIONS}/orders/aliases/live")
    assert target.invoke(qualifier="2").body["initialization_type"] == "on-demand"


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({"qualifier": "$LATEST"}, 400, "InvalidParameterValueException"),
        ({"qualifier": "9"}, 404, "ResourceNotFoundException"),
        ({"number": 0}, 400, "ValidationException"),
        ({"number": 10}, 400, "InvalidParameterValueException"),
        ({"qualifier": "1"}, 409, "ResourceConflictException"),
    ],
)
def test_what_cannot_be(asked: dict[str, Any], status: int, error: str) -> None:
    target = sandbox({"max": 9, "init": "300ms"})
    put(target)
    reply = put(target, **asked)
    assert (reply.status, reply.error) == (status, error)


def test_snapshots_have_none() -> None:
    target = sandbox({"max": 9, "init": "300ms"}, snap_start="1s")
    assert put(target).error == "InvalidParameterValueException"
