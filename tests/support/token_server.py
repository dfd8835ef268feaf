"""A token server of OAuth that answers what it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest

from loadgen.aws import oauth
from loadgen.aws.auth import Token
from loadgen.aws.oauth import TokenUrl
from loadgen.aws.secrets import Variable
from loadgen.clock import SECOND

CANARY = "canary-1f0c"


URL = "https://login.test/oauth2/token?tenant=canary-tenant"


GOOD = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}


@dataclass
class Played:
    """What the token URL answers, one after the other, and what it was asked."""

    answers: list[tuple[int, bytes] | Exception]
    asked: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    connected: list[tuple[Any, ...]] = field(default_factory=list)

    @contextmanager
    def connect(self, *to: Any) -> Iterator[Played]:
        self.connected.append(to)
        yield self

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        self.asked.append((method, path, dict(parse_qsl(body.decode())), headers))

    def getresponse(self) -> Played:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.status, self._content = answer
        return self

    def read(self, size: int) -> bytes:
        return self._content[:size]


def token_url(
    monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, Any] | Exception, scope: str | None = None
) -> tuple[TokenUrl, Played]:
    """A source whose URL gives these answers: bytes as they are, anything else as JSON."""
    monkeypatch.setenv("CLIENT", "client:id")
    monkeypatch.setenv("CLIENT_SECRET", CANARY)
    given = [
        answer if isinstance(answer, Exception)
        else (answer[0], answer[1] if isinstance(answer[1], bytes) else json.dumps(answer[1]).encode())
        for answer in answers
    ]  # fmt: skip
    played = Played(given)
    monkeypatch.setattr(oauth, "_connected", played.connect)
    client, secret = Variable("auth.bearer.client_id", "CLIENT"), Variable("auth.bearer.client_secret", "CLIENT_SECRET")
    return TokenUrl("auth.bearer", URL, client, secret, scope), played


def token(name: str, expires: int) -> Token:
    return Token(name, expires * SECOND)
