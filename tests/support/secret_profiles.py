"""Profiles with secrets, and a chain of AWS that has what it is given."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from loadgen.aws.credentials import Credentials, NoCredentials
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.redaction import Secrets
from loadgen.runner.secrets import Keeper


@dataclass
class FakeChain:
    """Stands for botocore's."""

    found: list[Credentials | NoCredentials]
    region: str | None = None

    def current(self) -> Credentials:
        given = self.found[0] if len(self.found) == 1 else self.found.pop(0)
        if isinstance(given, NoCredentials):
            raise given
        return given


def chain(monkeypatch: pytest.MonkeyPatch, *found: Credentials | NoCredentials, region: str | None = None) -> list[Any]:
    """Make `Keys` use a chain that finds these, one after the other; returns the profile names that were asked for."""
    named: list[Any] = []

    def make(name: str | None) -> FakeChain:
        named.append(name)
        return FakeChain(list(found), region)

    monkeypatch.setattr("loadgen.aws.secrets.Chain", make)
    return named


def profile(**more: Any) -> Profile:
    whole = {"name": "x", "target": "http://127.0.0.1:9/", "load": [{"name": "a", "rate": "1/s", "for": "1s"}], **more}
    return load("x.yaml", text=json.dumps(whole)).profile


def access_of(profile: Profile, simulated: bool = False) -> Keeper:
    found = Keeper(profile, simulated, Secrets())
    asyncio.run(found.fetch())
    return found
