"""`loadgen check` of a table, and what comes before a load on one: nothing is sent, and what would be costs so much."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loadgen.aws.auth import Access
from loadgen.aws.credentials import SANDBOX, NoCredentials, NoneFound
from loadgen.cli import main
from loadgen.errors import TargetError
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.experiment.check import check
from loadgen.net.names import Origin
from loadgen.profile.load import load, shipped
from loadgen.profile.model import Profile
from loadgen.report.terminal.check import render_check
from loadgen.report.terminal.once import render_once
from loadgen.runner import preflight as before
from loadgen.runner.advice import remedy
from loadgen.runner.destination import destination
from loadgen.runner.once import _readable
from loadgen.runner.probe import Seen
from loadgen.runner.secrets import Keeper, keeper

TABLES = sorted(name for name in shipped() if name.startswith("dynamodb"))


def profile(target: str = "{table: orders, region: eu-west-1}", more: str = "") -> Profile:
    text = f"""
name: t
target: {{dynamodb: {target}}}
load: [{{name: a, rate: 100/s, for: 10s, arrivals: constant}}]
scenarios: [{{name: s, steps: [{{name: put, PutItem: {{Item: {{pk: "{{{{uuid}}}}"}}}}}}]}}]
{more}
"""
    return load("t.yaml", text=text).profile


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is made, no name looked up."""

    def never(*arguments: Any, **options: Any) -> None:
        raise AssertionError("somebody wanted to know something of the network")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)


@dataclass(frozen=True)
class Called:
    status: int
    out: str
    err: str


@pytest.fixture
def loadgen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Called]:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Called:
        monkeypatch.setattr(sys, "argv", ["loadgen", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return Called(int(stop.value.code or 0), *capsys.readouterr())

    return call


# check


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("target", [[], ["--target", "aws"]])
@pytest.mark.parametrize("name", TABLES)
def test_a_shipped_profile_says_what_it_would_cost(
    loadgen: Callable[..., Called], name: str, target: list[str]
) -> None:
    called = loadgen("check", name, *target)
    assert (called.status, called.err) == (0, "")
    assert ("  cost " if target else "  would cost, on AWS ") in called.out
    assert "at https://dynamodb.us-east-1.amazonaws.com" in called.out if target else "(simulated)" in called.out
    assert "table: made if there is none: key pk (S)" in called.out
    assert "  max_cost: $1.00\n" in called.out
    assert max(map(len, called.out.splitlines())) <= 100


@pytest.mark.usefixtures("offline")
def test_a_plan_beyond_max_cost_is_shown_and_refused(loadgen: Callable[..., Called]) -> None:
    called = loadgen("check", "dynamodb-put", "--target", "aws", "--set", "max_cost=$0.001")
    assert called.status == 2
    assert "  max_cost: $0.001: refused\n" in called.out
    assert called.err.startswith("loadgen: max_cost: this would cost about $0.00")
    assert called.err.count("\n") == 1


@pytest.mark.usefixtures("offline")
def test_the_plan_in_json(loadgen: Callable[..., Called]) -> None:
    found = json.loads(loadgen("check", "dynamodb-mix", "--json").out)
    assert found["setup"] == {"key": {"pk": "S"}, "provisioned": None, "items": 10_000, "teardown": True}
    cost = found["cost"]
    assert cost["setup"]["write_units"] == 10_000
    parts = [*cost["phases"], cost["setup"]]
    for units in ("read_units", "write_units", "usd"):
        assert cost["total"][units] == pytest.approx(sum(part[units] for part in parts))
    assert cost["total"]["requests"] == sum(phase["iterations"] for phase in found["phases"])
    assert (cost["billed"], cost["refusal"], cost["complete"]) == (False, "", True)


@pytest.mark.usefixtures("offline")
def test_the_account_in_the_name_is_not_looked_for() -> None:
    plan = check(profile("{table: orders, region: eu-west-1, account_id_endpoint: true}"), "1")
    assert plan["target"] == "table orders at https://{account}.ddb.eu-west-1.amazonaws.com"
    assert plan["addresses"] == []
    assert plan["cost"]["billed"]


def test_a_call_is_shown_by_its_name() -> None:
    plan = check(profile("{table: orders, endpoint: 'http://127.0.0.1:8000'}"), "1")
    (request,) = plan["requests"]
    assert request["line"] == "PutItem"
    assert request["headers"]["X-Amz-Target"] == "DynamoDB_20120810.PutItem"
    text = render_check(plan)
    assert "t: would send to table orders at http://127.0.0.1:8000 (127.0.0.1); nothing was sent\n" in text
    assert "\n  PutItem\n" in text
    assert plan["setup"] is None


def test_capacity_and_items_are_said() -> None:
    more = "setup: {key: {pk: S}, capacity: {read: 5, write: 2}, items: 1, item: {pk: x}}"
    text = render_check(check(profile("{table: orders, endpoint: sandbox}", more), "1"))
    told = "key pk (S), provisioned, 5 read and 2 write units a second, 1 item"
    assert f"\ntable: made if there is none: {told}\n" in text
    assert "provisioned: not billed by request" in text


# where it goes


def test_the_account_of_the_credentials_becomes_a_part_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def resolve(origin: Origin) -> tuple[Any, ...]:
        asked.append(origin.host)
        raise TargetError("no further")

    monkeypatch.setattr("loadgen.runner.destination.resolve", resolve)
    of = profile("{table: orders, region: eu-west-1, account_id_endpoint: true}")

    async def go(account: str) -> None:
        async with destination(of, None, None, account):
            pass

    with pytest.raises(TargetError, match="no further"):
        asyncio.run(go("123456789012"))
    assert asked == ["123456789012.ddb.eu-west-1.amazonaws.com"]
    for account in ("", "12/34"):
        with pytest.raises(TargetError, match=r"account_id_endpoint: .*AWS_ACCOUNT_ID"):
            asyncio.run(go(account))


# before the load


def seen(outcome: Outcome, reason: str, step: str = "put") -> Seen:
    x = Exchange(Request("POST", "/", operation="PutItem"), 0, None, 0, 0, 0, 0)
    x.outcome, x.reason = outcome, reason
    return Seen("s", step, x, {}, (), {})


def go(monkeypatch: pytest.MonkeyPatch, *exchanges: Seen) -> None:
    async def each_step(*arguments: Any) -> list[Seen]:
        return list(exchanges)

    monkeypatch.setattr(before, "each_step", each_step)
    origin = Origin("https", "dynamodb.eu-west-1.amazonaws.com", 443)
    asyncio.run(before.preflight(profile(), origin, (), None, Access()))


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.CONDITION_FAILED, Outcome.PARTIAL, Outcome.THROTTLED])
def test_what_a_sound_table_may_answer_does_not_stop_a_run(monkeypatch: pytest.MonkeyPatch, outcome: Outcome) -> None:
    go(monkeypatch, seen(outcome, "so it is"))


def test_of_several_attempts_the_last_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, well = seen(Outcome.HTTP_5XX, "InternalServerError"), seen(Outcome.OK, "")
    go(monkeypatch, failing, well)
    with pytest.raises(TargetError, match="InternalServerError"):
        go(monkeypatch, well, failing)


def test_a_call_that_is_not_allowed_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetError, match="AccessDeniedException") as refused:
        go(monkeypatch, seen(Outcome.HTTP_4XX, "AccessDeniedException"))
    assert remedy("", Outcome.HTTP_4XX, "AccessDeniedException") in str(refused.value)


# one exchange of each step


def test_an_exchange_shows_plain_values() -> None:
    body = b'{"TableName":"t","Item":{"pk":{"S":"a"},"n":{"N":"7"},"tags":{"SS":["x"]},"m":{"M":{"k":{"BOOL":true}}}}}'
    assert json.loads(_readable(body)) == {
        "TableName": "t", "Item": {"pk": "a", "n": 7, "tags": ["x"], "m": {"k": True}},
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"no json", b'{"a":', b"[" * 5000, b'"x"', b"\xff"])
def test_what_is_no_such_body_is_shown_as_it_is(body: bytes) -> None:
    assert _readable(body) == body


def test_what_only_looks_like_an_attribute_value_stays() -> None:
    """An item whose only attribute is called S."""
    assert json.loads(_readable(b'{"Item":{"S":{"S":"x"}},"N":{"N":"no number"}}')) == {
        "Item": {"S": "x"}, "N": {"N": "no number"},
    }  # fmt: skip


def test_the_units_of_a_call_are_shown() -> None:
    exchange = {"scenario": "s", "step": "put", "outcome": "ok", "capacity": {"read": 0.0, "write": 1.0}}
    assert "  units        write 1\n" in render_once([exchange])
    assert "units" not in render_once([{**exchange, "capacity": None}])


# keys


class NoChain:
    """What finds no credentials."""

    def __init__(self, profile_name: str | None) -> None: ...

    def current(self) -> Any:
        raise NoneFound("no AWS credentials: looked everywhere")


def kept(of: Profile, sandbox_at: Callable[[int], str | None] | None = None) -> Keeper:
    return asyncio.run(keeper(of, sandbox_at))


@pytest.mark.parametrize("client", ["wire", "sdk"])
def test_a_local_dynamodb_gets_made_up_keys_where_there_are_none(monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    monkeypatch.setattr("loadgen.aws.secrets.Chain", NoChain)
    found = kept(profile("{table: orders, endpoint: 'http://localhost:8000'}", f"client: {client}"))
    assert found.made_up
    assert found.known == (), "they are no secret, and what is called local stays readable"
    assert found.lent.credentials is found.access.credentials, "the SDK would find none"


@pytest.mark.parametrize(
    "target",
    [
        "{table: orders, region: eu-west-1}",
        "{table: orders, endpoint: 'http://192.0.2.1:8000'}",
        "{table: orders, endpoint: 'http://127.0.0.1:8000', profile: mine}",
    ],
)
def test_nobody_else_does(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    monkeypatch.setattr("loadgen.aws.secrets.Chain", NoChain)
    with pytest.raises(NoCredentials):
        kept(profile(target))


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, "env has no AWS_SECRET_ACCESS_KEY"),
        ({"AWS_PROFILE": "nope"}, "the AWS config files have no profile nope"),
    ],
)
def test_what_was_meant_and_is_not_whole_is_a_mistake_there_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NoCredentials, match=told):
        kept(profile("{table: orders, endpoint: 'http://127.0.0.1:8000'}"))


def test_a_sandbox_that_somebody_keeps_running_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.aws.secrets.Chain", NoChain)
    found = kept(profile("{table: orders, endpoint: 'http://127.0.0.1:8480'}"), {8480: "rtt 20ms"}.get)
    assert found.access.credentials == SANDBOX
    assert not found.made_up
