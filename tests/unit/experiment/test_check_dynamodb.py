"""`loadgen check` of a table, and what comes before a load on one: nothing is sent, and what would be costs so much."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from called import Loadgen
from tables import profile

from loadgen.experiment.check import check
from loadgen.profile.load import shipped
from loadgen.report.terminal.check import render_check
from loadgen.result.check import PlannedTarget

TABLES = sorted(name for name in shipped() if name.startswith("dynamodb"))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is made, no name looked up."""

    def never(*arguments: Any, **options: Any) -> None:
        raise AssertionError("somebody wanted to know something of the network")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)


# check


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("target", [[], ["--target", "aws"]])
@pytest.mark.parametrize("name", TABLES)
def test_a_shipped_profile_says_what_it_would_cost(loadgen: Loadgen, name: str, target: list[str]) -> None:
    called = loadgen("check", name, "--full", *target)
    assert (called.status, called.err) == (0, "")
    assert ("  cost " if target else "  would cost, on AWS ") in called.out
    assert "at https://dynamodb.us-east-1.amazonaws.com" in called.out if target else "(simulated)" in called.out
    assert "table: made if there is none: key pk (S)" in called.out
    assert "  max_cost: $1.00\n" in called.out
    assert max(map(len, called.out.splitlines())) <= 100


@pytest.mark.usefixtures("offline")
def test_a_plan_beyond_max_cost_is_shown_and_refused(loadgen: Loadgen) -> None:
    refused = ("check", "dynamodb-put", "--target", "aws", "--set", "max_cost=$0.001")
    short = loadgen(*refused)
    assert short.status == 2 and "! it would cost more than max_cost, $0.001\n" in short.out
    called = loadgen(*refused, "--full")
    assert called.status == 2
    assert "  max_cost: $0.001: refused\n" in called.out
    assert called.err.startswith("loadgen: max_cost: this would cost about $0.00")
    assert called.err.count("\n") == 1


@pytest.mark.usefixtures("offline")
def test_the_plan_in_json(loadgen: Loadgen) -> None:
    found = json.loads(loadgen("check", "dynamodb-mix", "--json").out)
    assert found["setup"] == {"key": {"pk": "S"}, "provisioned": None, "items": 10_000, "teardown": True}
    cost = found["cost"]
    assert cost["setup"]["write_units"] == 10_000
    parts = [*cost["phases"], cost["setup"]]
    for units in ("read_units", "write_units", "usd"):
        assert cost["total"][units] == pytest.approx(sum(part[units] for part in parts))
    assert cost["total"]["requests"] == sum(phase["iterations"] for phase in found["phases"])
    assert (cost["billed"], cost["refused"], cost["complete"]) == (False, False, True)


@pytest.mark.usefixtures("offline")
def test_the_account_in_the_name_is_not_looked_for() -> None:
    plan = check(profile("{table: orders, region: eu-west-1, account_id_endpoint: true}"))
    assert plan.target == PlannedTarget("https://{account}.ddb.eu-west-1.amazonaws.com/", False, "orders")
    assert plan.addresses == ()
    assert plan.cost and plan.cost.billed
    assert "table orders at https://{account}.ddb.eu-west-1.amazonaws.com" in render_check(plan)


def test_a_call_is_shown_by_its_name() -> None:
    plan = check(profile("{table: orders, endpoint: 'http://127.0.0.1:8000'}"))
    (request,) = plan.requests
    assert (request.operation, request.method, request.path) == ("PutItem", "POST", "/")
    assert request.headers["X-Amz-Target"] == "DynamoDB_20120810.PutItem"
    text = render_check(plan)
    assert "t: would send to table orders at http://127.0.0.1:8000 (127.0.0.1); nothing was sent\n" in text
    assert "\n  PutItem\n" in text
    assert plan.setup is None


def test_capacity_and_items_are_said() -> None:
    more = "setup: {key: {pk: S}, capacity: {read: 5, write: 2}, items: 1, item: {pk: x}}"
    text = render_check(check(profile("{table: orders, endpoint: sandbox}", more)))
    told = "key pk (S), provisioned, 5 read and 2 write units a second, 1 item"
    assert f"\ntable: made if there is none: {told}\n" in text
    assert "provisioned: not billed by request" in text
