"""Runs that show who they are: what arrives, what is renewed, what ends a run, and that no secret comes out of one."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from api_server import Answer, Api, Asked, serve
from program import VALID, Ran, run

from loadgen.aws.sigv4 import verify
from loadgen.clock import wall

pytestmark = pytest.mark.real

CANARIES = {
    "AWS_ACCESS_KEY_ID": "CANARYACCESS0KEY",
    "AWS_SECRET_ACCESS_KEY": "canary/aws+secret",
    "AWS_SESSION_TOKEN": "canary/aws+session=",
    "API_KEY": "canary-api-key",
    "BEARER": "canary.bearer.token",
    "CLIENT_ID": "canary-client",
    "CLIENT_SECRET": "canary:client:secret",
}
TOKEN = "canary-token-of-url"
BASIC = base64.b64encode(b"canary-client:canary%3Aclient%3Asecret").decode()
NO_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "",
}
SIGNED = {"sigv4": {"service": "execute-api", "region": "eu-west-1"}, "api_key": {"env": "API_KEY"}}
BEARER = {"bearer": {"env": "BEARER"}, "api_key": {"env": "API_KEY"}}


def by_token(url: str) -> dict[str, Any]:
    return {"bearer": {"token_url": url, "client_id": {"env": "CLIENT_ID"}, "client_secret": {"env": "CLIENT_SECRET"}}}


def profile(url: str, auth: dict[str, Any], **more: Any) -> dict[str, Any]:
    step = {"name": "put", "post": "/items?b=2&a=%7B", "json": {"id": "{{uuid}}"}, "capture": {"seen": "body.echo"}}
    return {
        "name": "auth",
        "target": url,
        "auth": auth,
        "load": [{"name": "a", "rate": "40/s", "for": "500ms"}],
        "scenarios": [{"name": "s", "steps": [step]}],
        **more,
    }


def loadgen(folder: Path, command: str, written: dict[str, Any], *arguments: str, env: dict[str, str]) -> Ran:
    """`loadgen COMMAND` of a profile, and no request before it."""
    folder.mkdir(exist_ok=True)
    (folder / "profile.yaml").write_text(json.dumps(written))
    options = ["--no-preflight"] if command == "run" else []
    return run(folder, command, "profile.yaml", *options, *arguments, env={**NO_AWS, **env})


def echo(asked: Asked) -> Answer:
    """All that was sent comes back, where a target can put it."""
    sent = " ".join(value for _, value in asked.headers)
    return Answer(200, {"echo": sent}, {"x-amzn-RequestId": sent[:200], "Server-Timing": sent})


def refusing(status: int) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        sent = " ".join(value for _, value in asked.headers)
        # API Gateway's own words for a wrong signature hold the canonical request, session token and all
        said = {"message": sent, "__type": f"com.amazon#{sent}"}
        headers = dict.fromkeys(("x-amzn-ErrorType", "x-amzn-RequestId", "Date"), sent)
        return Answer(status, said, headers)

    return answer


def shows_nothing(folder: Path, *runs: Ran) -> None:
    """No line that was printed and no file that was written holds a secret, not even half of one."""
    contents = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    contents |= {f"output {n}": (ran.out + ran.err).encode() for n, ran in enumerate(runs)}
    for place, content in contents.items():
        for secret in (*CANARIES.values(), TOKEN, BASIC):
            assert secret.encode() not in content, (place, secret)
            assert secret[: len(secret) // 2 + 4].encode() not in content, (place, secret)


@pytest.fixture
def api() -> Iterator[Api]:
    with serve(echo) as found:
        yield found


@pytest.fixture
def tokens() -> Iterator[Api]:
    with serve(lambda asked: Answer(200, {"access_token": TOKEN, "expires_in": 3600})) as found:
        yield found


@pytest.fixture
def dead() -> Iterator[str]:
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


def check_signed(asked: Asked, service: str = "execute-api") -> None:
    secrets = {CANARIES["AWS_ACCESS_KEY_ID"]: CANARIES["AWS_SECRET_ACCESS_KEY"]}
    refused = verify(asked.method, asked.path, asked.headers, asked.body, secrets.get, wall(), service, "eu-west-1")
    assert refused is None, refused
    assert asked.header("X-Amz-Security-Token") == CANARIES["AWS_SESSION_TOKEN"]


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
def test_what_is_sent_shows_who_sends_it(tmp_path: Path, api: Api, tokens: Api, client: str) -> None:
    ways: dict[str, dict[str, Any]] = {"signed": SIGNED, "bearer": BEARER, "token": by_token(tokens.url)}
    for name, auth in ways.items():
        api.asked.clear()
        ran = loadgen(
            tmp_path / name, "run", profile(api.url, auth, client=client), "--json", "--out", "run", env=CANARIES
        )
        assert ran.status in VALID, ran.err
        assert set(ran.requests["outcomes"]) == {"ok"}
        assert len(api.asked) == ran.requests["on_wire"]
        for asked in api.asked:
            if auth is SIGNED:
                check_signed(asked)
            else:
                bearer = CANARIES["BEARER"] if auth is BEARER else TOKEN
                assert asked.header("Authorization") == f"Bearer {bearer}"
            assert asked.header("x-api-key") == (CANARIES["API_KEY"] if "api_key" in auth else "")
            assert len({name.lower() for name, _ in asked.headers}) == len(asked.headers), (
                "a header that is there twice"
            )
        assert len({asked.body for asked in api.asked}) == len(api.asked)
    assert len(tokens.asked) == 1
    assert tokens.asked[0].header("Authorization") == f"Basic {BASIC}"


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
@pytest.mark.parametrize("target", ["echo", "403", "dead"])
def test_no_secret_comes_out(tmp_path: Path, api: Api, tokens: Api, dead: str, client: str, target: str) -> None:
    if target.isdigit():
        api.answer = refusing(int(target))
    url = dead if target == "dead" else api.url
    signed, by_url = profile(url, SIGNED, client=client), profile(url, by_token(tokens.url), client=client)
    runs = [
        loadgen(tmp_path / "signed", "run", signed, "--json", "--out", "run", env=CANARIES),
        loadgen(tmp_path / "signed", "once", signed, env=CANARIES),
        loadgen(tmp_path / "token", "run", by_url, "--out", "run", env=CANARIES),
    ]
    assert all(ran.out for ran in runs)
    assert all((ran.folder / "result.json").exists() for ran in (runs[0], runs[2]))
    assert "Authorization: [redacted]" in runs[1].out
    assert "x-api-key: [redacted]" in runs[1].out
    assert len(tokens.asked) == 1
    shows_nothing(tmp_path, *runs)


def table(url: str, client: str) -> dict[str, Any]:
    put = {
        "name": "put",
        "PutItem": {"Item": {"pk": "{{uuid}}"}, "ReturnValues": "ALL_OLD"},
        "capture": {"seen": "item.v"},
    }
    return {
        "name": "auth",
        "target": {"dynamodb": {"table": "orders", "region": "eu-west-1", "endpoint": url}},
        "client": client,
        "load": [{"name": "a", "rate": "40/s", "for": "500ms"}],
        "scenarios": [{"name": "s", "steps": [put]}],
    }


def dynamodb(code: str, of: str) -> Callable[[Asked], Answer]:
    """A table that is there; calls of the operation `of` fail with `code` if there is one. All that is sent comes
    back."""

    def answer(asked: Asked) -> Answer:
        sent = " ".join(value for _, value in asked.headers)
        operation = asked.header("X-Amz-Target").rpartition(".")[2]
        kind = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": sent[:200], "Server-Timing": sent}
        if code and operation == of:
            return Answer(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": sent}, kind)
        if operation == "DescribeTable":
            key = [{"AttributeName": "pk", "KeyType": "HASH"}]
            types = [{"AttributeName": "pk", "AttributeType": "S"}]
            described = {
                "TableName": "orders",
                "TableStatus": "ACTIVE",
                "KeySchema": key,
                "AttributeDefinitions": types,
            }
            return Answer(200, {"Table": described}, kind)
        return Answer(200, {"Attributes": {"v": {"S": sent}}}, kind)

    return answer


@pytest.mark.parametrize("client", ["wire", "aiohttp", "sdk"])
@pytest.mark.parametrize(
    ("code", "of", "status"),
    [
        ("", "", VALID),
        ("ValidationException", "PutItem", (3,)),
        ("UnrecognizedClientException", "PutItem", (3,)),
        ("ValidationException", "DescribeTable", (3,)),
    ],
)
def test_no_secret_of_a_table_comes_out(
    tmp_path: Path, api: Api, client: str, code: str, of: str, status: tuple[int, ...]
) -> None:
    api.answer = dynamodb(code, of)
    runs = [
        loadgen(tmp_path, "run", table(api.url, client), "--json", "--out", "run", env=CANARIES),
        loadgen(tmp_path, "once", table(api.url, client), env=CANARIES),
    ]
    assert runs[0].status in status, runs[0].err
    shows_nothing(tmp_path, *runs)
    seen = [asked for asked in api.asked if asked.header("X-Amz-Target").endswith("PutItem")]
    assert bool(seen) is (of != "DescribeTable")
    for asked in seen:
        check_signed(asked, "dynamodb")


def test_no_other_command_shows_one_either(tmp_path: Path, api: Api, tokens: Api) -> None:
    both = {**by_token(tokens.url), "api_key": {"env": "API_KEY"}}
    runs = [
        loadgen(tmp_path, "run", profile(api.url, both), "--out", "run", env=CANARIES),
        loadgen(tmp_path, "once", profile(api.url, both), env=CANARIES),
        loadgen(tmp_path, "check", profile(api.url, both), env=CANARIES),
        run(tmp_path, "report", "run", env=CANARIES),
    ]
    assert [ran.status for ran in runs[1:]] == [0, 0, 0]
    shows_nothing(tmp_path, *runs)


# secrets that are not there


@pytest.mark.parametrize(
    ("auth", "missing", "told"),
    [
        (SIGNED, "AWS_ACCESS_KEY_ID", "no AWS credentials: looked in "),
        (SIGNED, "API_KEY", "auth.api_key: the environment variable API_KEY is "),
        (BEARER, "BEARER", "auth.bearer: the environment variable BEARER is "),
        (by_token("http://127.0.0.1:1/"), "CLIENT_SECRET", "auth.bearer.client_secret: the environment variable "),
        (by_token("http://127.0.0.1:1/"), "", "auth.bearer: no token from http://127.0.0.1:1/: connection refused"),
    ],
)
@pytest.mark.parametrize("command", ["run", "once"])
def test_a_secret_that_is_missing_ends_it_before_it_begins(
    tmp_path: Path, api: Api, command: str, auth: dict[str, Any], missing: str, told: str
) -> None:
    ran = loadgen(tmp_path / "a", command, profile(api.url, auth), env={**CANARIES, missing or "NONE": ""})
    assert ran.status == 3
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert line.startswith(f"loadgen: {told}")
    assert api.asked == []
    assert not (tmp_path / "a" / "runs").exists()


# while it runs


def test_a_token_is_renewed_while_the_load_goes_on(tmp_path: Path, api: Api, tokens: Api) -> None:
    number = count()
    tokens.answer = lambda asked: Answer(200, {"access_token": f"canary-token-{next(number)}", "expires_in": 2})
    written = profile(api.url, by_token(tokens.url), load=[{"name": "a", "rate": "20/s", "for": "4s"}])
    ran = loadgen(tmp_path / "a", "run", written, "--json", "--out", "run", "--workers", "2", env=CANARIES)
    assert ran.status in VALID, ran.err
    seen = [int(asked.header("Authorization").removeprefix("Bearer canary-token-")) for asked in api.asked]
    used = sorted(set(seen))
    assert used == list(range(used[0], used[-1] + 1))
    assert len(used) >= 2
    assert "canary" not in ran.out + ran.err


def test_a_token_that_cannot_be_renewed_ends_the_run(tmp_path: Path, api: Api, tokens: Api) -> None:
    def answer(asked: Asked) -> Answer:
        if len(tokens.asked) == 1:
            return Answer(200, {"access_token": TOKEN, "expires_in": 2})
        return Answer(503, {"error": TOKEN})

    tokens.answer = answer
    written = profile(api.url, by_token(tokens.url), load=[{"name": "a", "rate": "20/s", "for": "50s"}])
    ran = loadgen(tmp_path / "a", "run", written, "--json", "--out", "run", env=CANARIES)
    assert ran.status == 3, ran.err
    warned, ended = (line for line in ran.warnings if "no token" in line)
    assert warned.endswith("it answered 503; it is asked for again, and the last one is used until then")
    assert ended.startswith("the run was ended: auth.bearer: no token")
    assert ended.endswith("the last one has expired")
    assert ran.result["duration_s"] < 40
    shows_nothing(tmp_path, ran)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_keys_that_expire_end_the_run(tmp_path: Path, api: Api, workers: str) -> None:
    def answer(asked: Asked) -> Answer:
        if len(api.asked) <= 20:
            return echo(asked)
        said = {"message": "The security token included in the request is expired"}
        return Answer(403, said, {"x-amzn-ErrorType": "ExpiredTokenException"})

    api.answer = answer
    written = profile(api.url, SIGNED, load=[{"name": "a", "rate": "50/s", "for": "50s"}])
    ran = loadgen(tmp_path / "a", "run", written, "--json", "--out", "run", "--workers", workers, env=CANARIES)
    assert ran.status == 3, ran.err
    (ended,) = (line for line in ran.warnings if "the run was ended" in line)
    assert ended in ran.err
    assert f"{api.url} answers 403 session token expired: the session token has expired. Log in again" in ended
    assert ran.result["duration_s"] < 40
    assert 0 < ran.requests["outcomes"]["ok"] <= 20
