"""Where secrets come from, and how a run keeps them: no failure shows one, no renewal holds anything up."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from loadgen.aws import oauth
from loadgen.aws.auth import API_KEY, BEARER, SIGV4, Scope, Secret, Token
from loadgen.aws.credentials import SANDBOX, Credentials, NoCredentials
from loadgen.aws.oauth import LEAST_LEFT, TokenUrl
from loadgen.aws.secrets import FILE_LIMIT, File, Keys, Variable
from loadgen.clock import SECOND, wall
from loadgen.errors import LoadgenError, ProfileError, TargetError
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.runner import secrets
from loadgen.runner.secrets import Keeper, in_thread, keeper

CANARY = "canary-1f0c"
URL = "https://login.test/oauth2/token?tenant=canary-tenant"


# variables and files


def test_a_variable_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Variable("auth.api_key", "LOADGEN_TEST_KEY")
    monkeypatch.delenv("LOADGEN_TEST_KEY", raising=False)
    with pytest.raises(TargetError, match=r"auth\.api_key: the environment variable LOADGEN_TEST_KEY is not set\. Set"):
        source.current()
    monkeypatch.setenv("LOADGEN_TEST_KEY", f" {CANARY}\n")
    assert source.current() == Token(CANARY)
    assert source.hidden(Token(CANARY)) == (CANARY,)


@pytest.mark.parametrize("held", ["", " \n", f"{CANARY}\r\nx-injected: 1", f"{CANARY}\x00", f"{CANARY}é"])
def test_what_cannot_stand_in_a_header_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: str
) -> None:
    path = tmp_path / "key"
    path.write_text(held, newline="")
    monkeypatch.setattr("os.environ", {"KEY": held})
    for source in (Variable("auth.bearer", "KEY"), File("auth.bearer", path)):
        with pytest.raises(TargetError, match=r"auth\.bearer: .* must hold the secret") as failed:
            source.current()
        assert CANARY not in str(failed.value)
        assert len(str(failed.value).splitlines()) == 1


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    source = File("auth.bearer", path)
    with pytest.raises(TargetError, match="cannot be read: no such file or directory"):
        source.current()
    for written in ("one", "two\n"):
        path.write_text(written)
        assert source.current() == Token(written.strip())
    soon = source.renew_at(Token("two"))
    assert wall() < soon < wall() + 60 * SECOND
    path.write_text("x" * (FILE_LIMIT + 1))
    with pytest.raises(TargetError, match="too large for a secret"):
        source.current()
    with pytest.raises(TargetError, match="cannot be read: is a directory"):
        File("auth.bearer", tmp_path).current()


# AWS credentials


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


@pytest.mark.parametrize(("life", "least", "most"), [(3600, 2999, 3000), (300, 29, 30), (60, 11, 12), (-5, -2, 0)])
def test_credentials_are_renewed_when_botocore_does(
    monkeypatch: pytest.MonkeyPatch, life: int, least: int, most: int
) -> None:
    monkeypatch.setattr("loadgen.aws.secrets.wall", lambda: 10**18)
    at = Keys(None).renew_at(Credentials("a", "s", "t", 10**18 + life * SECOND))
    assert at is not None
    assert least * SECOND <= at - 10**18 <= most * SECOND
    assert Keys(None).renew_at(Credentials("a", "s")) is None


# a token URL, whose connection is played


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


GOOD = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}


def test_a_token_is_asked_for_as_the_standard_says(monkeypatch: pytest.MonkeyPatch) -> None:
    source, played = token_url(monkeypatch, (200, GOOD), scope="orders/write")
    before = wall()
    token = source.current()
    assert token.value == "token-1"
    assert before + 3600 * SECOND <= token.expires <= wall() + 3600 * SECOND
    ((method, path, form, headers),) = played.asked
    assert (method, path) == ("POST", "/oauth2/token?tenant=canary-tenant")
    assert form == {"grant_type": "client_credentials", "scope": "orders/write"}
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == f"client%3Aid:{CANARY}"
    assert played.connected == [("https", "login.test", None, None)]
    assert set(source.hidden(token)) == {"token-1", "client:id", CANARY}


def test_a_server_that_wants_the_secret_in_the_form_gets_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = (401, {"error": "invalid_client"})
    source, played = token_url(monkeypatch, refused, (200, GOOD), (200, GOOD))
    assert source.current().value == source.current().value == "token-1"
    forms = [(form.get("client_secret"), "Authorization" in headers) for _, _, form, headers in played.asked]
    assert forms == [(None, True), (CANARY, False), (CANARY, False)]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, {"error": "invalid_client"}), r"answered 401 \(invalid_client\)\. Check client_id and client_secret"),
        ((400, {"error": "invalid_scope"}), r"answered 400 \(invalid_scope\)"),
        ((403, {"error": f"echo of {CANARY}", "error_description": CANARY}), r"answered 403\. Check"),
        ((302, b""), "answered 302$"),
        ((500, b"<html>"), "answered 500$"),
        ((200, b"[" * 50_000), "no bearer token"),
        ((200, b"no json"), "no bearer token"),
        ((200, []), "no bearer token"),
        ((200, {"access_token": 7}), "no bearer token"),
        ((200, {"access_token": "t", "token_type": "mac"}), "no bearer token"),
        ((200, {"access_token": "t", "token_type": 7}), "no bearer token"),
        ((200, {"access_token": f"{CANARY}\r\nx: 1"}), "holds a line break"),
        ((200, {"access_token": ""}), "is empty"),
        ((200, b" " * (oauth.ANSWER_LIMIT + 1)), "longer than 64 KiB"),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (ConnectionResetError(), "connection lost"),
        (TimeoutError(), "no answer within 10 s"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "TLS: failed"),
        (http.client.RemoteDisconnected(CANARY), "connection lost"),
        (http.client.BadStatusLine(CANARY), r"not HTTP/1\.1"),
        (http.client.InvalidURL(CANARY), "no URL"),
    ],
)
def test_what_is_no_token_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, answer: Any, told: str) -> None:
    source, _ = token_url(monkeypatch, answer, answer)
    with pytest.raises(TargetError, match=told) as failed:
        source.current()
    assert str(failed.value).startswith("auth.bearer: ")
    assert "https://login.test/oauth2/token" in str(failed.value)
    assert len(str(failed.value).splitlines()) == 1
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize(
    ("life", "seconds"),
    [(60, 60), (59.9, 59), ("3600", 3600), (0.5, 1), (None, 0), (0, 0), (-1, 0), (True, 0), ("soon", 0), (1e300, 0),
     ("9" * 5000, 0), ([], 0)],
)  # fmt: skip
def test_a_token_lives_as_long_as_its_answer_says(monkeypatch: pytest.MonkeyPatch, life: Any, seconds: int) -> None:
    monkeypatch.setattr(oauth, "wall", lambda: 5)
    source, _ = token_url(monkeypatch, (200, {"access_token": "t", "expires_in": life}))
    assert source.current().expires == (seconds * SECOND + 5 if seconds else 0)


def test_a_token_is_renewed_shortly_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "wall", lambda: 0)
    source, _ = token_url(monkeypatch)
    assert source.renew_at(Token("t")) is None
    assert source.renew_at(Token("t", 3600 * SECOND)) == 3600 * SECOND - LEAST_LEFT
    assert source.renew_at(Token("t", 10 * SECOND)) == 8 * SECOND


# what a profile asks for


def profile(**more: Any) -> Profile:
    whole = {"name": "x", "target": "http://127.0.0.1:9/", "load": [{"name": "a", "rate": "1/s", "for": "1s"}], **more}
    return load("x.yaml", text=json.dumps(whole)).profile


def access_of(profile: Profile, simulated: bool = False) -> Keeper:
    found = Keeper(profile, simulated)
    asyncio.run(found.fetch())
    return found


def test_a_profile_without_auth_has_no_secrets() -> None:
    found = access_of(profile())
    assert (found.access.secrets, found.access.scope, found.known) == ({}, None, ())


def test_the_secrets_of_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = chain(monkeypatch, Credentials("akid", "secret-of-it", "session-of-it", account_id="123456789012"))
    monkeypatch.setenv("API_KEY", "key-of-plan")
    (tmp_path / "token").write_text("token-of-file")
    found = access_of(
        profile(
            target="https://abc.execute-api.eu-west-1.amazonaws.com/prod",
            auth={"sigv4": {"profile": "load-tests"}, "api_key": {"env": "API_KEY"}},
        )
    )
    assert named == ["load-tests"]
    assert found.access.scope == Scope("execute-api", "eu-west-1")
    assert found.access.secrets.keys() == {SIGV4, API_KEY}
    assert found.account == "123456789012"
    assert set(found.known) == {"akid", "secret-of-it", "session-of-it", "key-of-plan"}
    found = access_of(profile(auth={"bearer": {"file": str(tmp_path / "token")}}))
    assert found.access.secrets == {BEARER: Token("token-of-file")}


def test_a_token_url_of_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    _, played = token_url(monkeypatch, (200, GOOD))
    bearer = {"token_url": URL, "client_id": {"env": "CLIENT"}, "client_secret": {"env": "CLIENT_SECRET"}}
    found = access_of(profile(auth={"bearer": bearer}))
    assert found.access.secrets.keys() == {BEARER}
    assert set(found.known) == {"token-1", "client:id", CANARY}
    assert len(played.asked) == 1


@pytest.mark.parametrize(
    ("url", "auth", "region", "scope"),
    [
        ("https://abc.execute-api.eu-west-1.amazonaws.com/", {}, "us-west-2", ("execute-api", "eu-west-1")),
        ("https://abc.lambda-url.eu-west-1.on.aws/", {}, None, ("lambda", "eu-west-1")),
        ("https://api.example.test/", {"region": "eu-west-3"}, None, ("execute-api", "eu-west-3")),
        ("https://api.example.test/", {"service": "vpc-lattice-svcs"}, "us-west-2", ("vpc-lattice-svcs", "us-west-2")),
        ("https://lambda.eu-west-1.amazonaws.com/", {"service": "s", "region": "eu-west-2"}, None, ("s", "eu-west-2")),
    ],
)
def test_what_a_signature_is_for(
    monkeypatch: pytest.MonkeyPatch, url: str, auth: dict[str, str], region: str | None, scope: tuple[str, str]
) -> None:
    chain(monkeypatch, Credentials("a", "s"), region=region)
    assert access_of(profile(target=url, auth={"sigv4": auth})).access.scope == scope


def test_a_region_that_nobody_names_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    chain(monkeypatch, Credentials("a", "s"))
    with pytest.raises(ProfileError, match=r"auth\.sigv4\.region: is missing\. Add it"):
        access_of(profile(target="https://api.example.test/", auth={"sigv4": {}}))


TABLE = {
    "target": {"dynamodb": {"table": "orders", "region": "eu-west-1", "profile": "mine"}},
    "scenarios": [{"name": "s", "steps": [{"name": "put", "PutItem": {"Item": {"pk": "x"}}}]}],
}


def test_a_table_is_signed_for(monkeypatch: pytest.MonkeyPatch) -> None:
    named = chain(monkeypatch, Credentials("a", "s"))
    found = access_of(profile(**TABLE))
    assert named == ["mine"]
    assert found.access.scope == Scope("dynamodb", "eu-west-1")
    assert found.access.credentials == Credentials("a", "s")


def test_a_session_of_the_sdk_for_each_request_finds_its_own_credentials_but_they_must_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain(monkeypatch, Credentials("a", "s"))
    assert access_of(profile(**TABLE, client="sdk")).lent.credentials == Credentials("a", "s")
    found = access_of(profile(**TABLE, client="sdk", session={"reuse": "per-request", "renew": "session"}))
    assert found.lent.credentials is None
    assert found.access.credentials == Credentials("a", "s")
    assert set(found.known) == {"a", "s"}
    chain(monkeypatch, NoCredentials("no AWS credentials"))
    with pytest.raises(NoCredentials):
        access_of(profile(**TABLE, client="sdk"))


@pytest.mark.parametrize("client", ["wire", "sdk"])
def test_the_sandbox_takes_its_own_keys_and_no_others_are_looked_for(
    monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    named = chain(monkeypatch, NoCredentials("no AWS credentials"))
    found = access_of(profile(**TABLE, client=client), simulated=True)
    assert found.lent.credentials is SANDBOX
    found = access_of(profile(target="sandbox", auth={"sigv4": {}}), simulated=True)
    assert found.access.credentials is SANDBOX
    assert found.access.scope == Scope("execute-api", "us-east-1")
    assert (named, found.known) == ([], ())


async def test_a_sandbox_that_is_kept_running_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    chain(monkeypatch, Credentials("a", "s"))
    local = profile(target="http://127.0.0.1:4510", auth={"sigv4": {"region": "eu-west-1"}})
    assert (await keeper(local, lambda port: "simulates" if port == 4510 else None)).access.credentials is SANDBOX
    assert (await keeper(local, lambda port: None)).access.credentials == Credentials("a", "s")


# a run


@dataclass
class Script:
    """A source that gives these, one after the other; then there is nothing more to renew."""

    gives: list[Secret | LoadgenError]

    def current(self) -> Secret:
        given = self.gives.pop(0)
        if isinstance(given, LoadgenError):
            raise given
        return given

    def renew_at(self, secret: Secret) -> int | None:
        return secret.expires - 10 * SECOND if self.gives else None

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return (secret.value,) if isinstance(secret, Token) else ()


@dataclass
class Heard:
    renewed: list[tuple[str, Secret]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    slept_until: list[int] = field(default_factory=list)


async def keep(monkeypatch: pytest.MonkeyPatch, *gives: Secret | LoadgenError) -> Heard:
    """What a keeper does with a source that gives these, in a time that passes only while it sleeps; in seconds."""
    heard, time = Heard(), [0]

    async def until(at: int) -> None:
        time[0] = max(time[0], at)
        heard.slept_until.append(time[0] // SECOND)

    found = Keeper(profile(), False)
    source = Script(list(gives))
    monkeypatch.setattr(secrets, "_until", until)
    monkeypatch.setattr(secrets, "wall", lambda: time[0])
    monkeypatch.setattr(found, "_sources", {BEARER: source})
    await found.fetch()
    found.renewed, found.lost = lambda *new: heard.renewed.append(new), heard.lost.append
    await found.keep(heard.warnings.append)
    assert set(found.known) >= {secret.value for _, secret in heard.renewed if isinstance(secret, Token)}
    return heard


def token(name: str, expires: int) -> Token:
    return Token(name, expires * SECOND)


async def test_secrets_are_renewed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, token("a", 100), token("b", 200), token("c", 300))
    assert heard.renewed == [(BEARER, token("b", 200)), (BEARER, token("c", 300))]
    assert heard.slept_until == [90, 190]
    assert not heard.warnings
    assert not heard.lost


async def test_what_was_due_while_nobody_kept_it_is_got_before_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    time = [0]
    found = Keeper(profile(), False)
    monkeypatch.setattr(secrets, "wall", lambda: time[0])
    monkeypatch.setattr(found, "_sources", {BEARER: Script([token("a", 100), token("b", 200), token("c", 300)])})
    await found.fetch()
    for at, held in ((0, "a"), (89, "a"), (90, "b"), (189, "b"), (500, "c"), (600, "c")):
        time[0] = at * SECOND
        await found.refresh()
        assert found.access.secrets[BEARER] == token(held, 100 + 100 * "abc".index(held))
    assert found.known == ("a", "b", "c")


def test_nothing_secret_is_in_what_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", CANARY)
    found = access_of(profile(auth={"api_key": {"env": "API_KEY"}}))
    with pytest.raises(TargetError) as failed, found.unrevealing(("of the profile",)):
        raise TargetError(f"it said {CANARY}, of the profile")
    assert str(failed.value) == "it said [redacted], [redacted]"


async def test_a_secret_that_stays_the_same_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, token("a", 5), token("a", 5), token("a", 5))
    assert heard.renewed == []
    assert heard.slept_until == [1, 2]  # a source that asks for haste does not keep the processor busy


async def test_a_renewal_that_fails_is_said_once_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    down = TargetError("auth.bearer: no token")
    heard = await keep(monkeypatch, token("a", 100), down, down, down, token("b", 200))
    assert heard.slept_until == [90, 91, 93, 97]
    assert heard.warnings == ["auth.bearer: no token; it is asked for again, the one until now is used on"]
    assert heard.renewed == [(BEARER, token("b", 200))]


async def test_a_secret_that_has_ended_and_cannot_be_renewed_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, token("a", 100), *[TargetError("auth.bearer: no token")] * 9)
    assert heard.slept_until == [90, 91, 93, 97, 100]
    assert heard.lost == ["auth.bearer: no token; the one until now has expired"]
    assert len(heard.warnings) == 1


async def test_a_file_that_is_gone_for_a_while_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = await keep(monkeypatch, Token("a"), *[TargetError("gone")] * 6, Token("b"))
    assert heard.slept_until == [1, 2, 4, 8, 16, 32, 62]
    assert heard.renewed == [(BEARER, Token("b"))]
    assert not heard.lost


async def test_asking_holds_nothing_up_and_may_be_given_up() -> None:
    gate = asyncio.get_running_loop().create_future()
    release = threading.Event()

    def ask() -> str:
        release.wait()
        return "late"

    asking = asyncio.ensure_future(in_thread(ask))
    gate.set_result(None)
    await gate  # the loop goes on
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    release.set()
    assert await in_thread(lambda: "now") == "now"
    with pytest.raises(NoCredentials):
        await in_thread(FakeChain([NoCredentials("none")]).current)
