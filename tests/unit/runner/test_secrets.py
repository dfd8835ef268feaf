"""Which keys a load on a table is signed with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tables import profile

from loadgen.aws.credentials import SANDBOX, NoCredentials, NoneFound
from loadgen.profile.model import Profile
from loadgen.redaction import Secrets
from loadgen.runner.secrets import Keeper, keeper


class NoChain:
    """What finds no credentials."""

    def __init__(self, profile_name: str | None) -> None: ...

    def current(self) -> Any:
        raise NoneFound("no AWS credentials: looked everywhere")


def kept(of: Profile, sandbox_at: Callable[[int], str | None] | None = None) -> Keeper:
    return asyncio.run(keeper(of, sandbox_at, Secrets()))


@pytest.mark.parametrize("client", ["wire", "sdk"])
def test_a_local_dynamodb_gets_made_up_keys_where_there_are_none(monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    monkeypatch.setattr("loadgen.aws.secrets.Chain", NoChain)
    found = kept(profile("{table: orders, endpoint: 'http://localhost:8000'}", f"client: {client}"))
    assert found.made_up
    assert found.hidden.texts == (), "they are no secret, and what is called local stays readable"
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
