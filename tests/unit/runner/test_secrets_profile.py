"""The secrets that a profile names: what each is for, and where none is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from secret_profiles import access_of, chain, profile
from token_server import CANARY, GOOD, URL, token_url

from loadgen.aws.auth import API_KEY, BEARER, SIGV4, Scope, Token
from loadgen.aws.credentials import SANDBOX, Credentials, NoCredentials
from loadgen.errors import ProfileError
from loadgen.redaction import Secrets
from loadgen.runner.secrets import keeper


def test_a_profile_without_auth_has_no_secrets() -> None:
    found = access_of(profile())
    assert (found.access.secrets, found.access.scope, found.hidden.texts) == ({}, None, ())


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
    assert set(found.hidden.texts) == {"akid", "secret-of-it", "session-of-it", "key-of-plan"}
    found = access_of(profile(auth={"bearer": {"file": str(tmp_path / "token")}}))
    assert found.access.secrets == {BEARER: Token("token-of-file")}


def test_a_token_url_of_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    _, played = token_url(monkeypatch, (200, GOOD))
    bearer = {"token_url": URL, "client_id": {"env": "CLIENT"}, "client_secret": {"env": "CLIENT_SECRET"}}
    found = access_of(profile(auth={"bearer": bearer}))
    assert found.access.secrets.keys() == {BEARER}
    assert set(found.hidden.texts) == {"token-1", "client:id", CANARY}
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
    assert set(found.hidden.texts) == {"a", "s"}
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
    assert (named, found.hidden.texts) == ([], ())


async def test_a_sandbox_that_is_kept_running_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    chain(monkeypatch, Credentials("a", "s"))
    local = profile(target="http://127.0.0.1:4510", auth={"sigv4": {"region": "eu-west-1"}})
    assert (
        await keeper(local, lambda port: "simulates" if port == 4510 else None, Secrets())
    ).access.credentials is SANDBOX
    assert (await keeper(local, lambda port: None, Secrets())).access.credentials == Credentials("a", "s")
