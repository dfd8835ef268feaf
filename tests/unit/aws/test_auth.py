"""Who sends a request: the headers that are added, what they are good for, and that nothing shows them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from loadgen.aws.auth import API_KEY, BEARER, SIGV4, Access, Header, Scope, Sigv4, Together, Token, named_by, texts
from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.aws.sigv4 import pairs, verify
from loadgen.clock import wall
from loadgen.exchange import Request
from loadgen.fleet.messages import Assignment
from loadgen.net.http1 import encode

KEYS = Credentials("canary-access", "canary-secret", "canary-session")


HOST = "abc.execute-api.eu-west-1.amazonaws.com"


PUT = Request("POST", "/prod/items?b=2&a=1", (("Content-Type", "application/json"),), b'{"id":1}')


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        (HOST, "execute-api", "eu-west-1"),
        ("ABC.Execute-API.eu-west-1.amazonaws.com.", "execute-api", "eu-west-1"),
        ("abc-vpce-0a1b.execute-api.us-east-2.amazonaws.com", "execute-api", "us-east-2"),
        ("vpce-0a1b.execute-api.us-east-2.vpce.amazonaws.com", "execute-api", "us-east-2"),
        ("abc.execute-api.cn-north-1.amazonaws.com.cn", "execute-api", "cn-north-1"),
        ("q1w2.lambda-url.ap-southeast-2.on.aws", "lambda", "ap-southeast-2"),
        ("lambda.us-gov-west-1.amazonaws.com", "lambda", "us-gov-west-1"),
        ("123456789012.ddb.eu-west-1.amazonaws.com", "dynamodb", "eu-west-1"),
        ("sqs.eu-central-1.api.aws", "sqs", "eu-central-1"),
        ("api.example.com", "", ""),
        ("execute-api.eu-west-1.amazonaws.com.example.com", "", ""),
        ("iam.amazonaws.com", "", ""),
        ("eu-west-1.amazonaws.com", "", ""),
        ("127.0.0.1", "", ""),
    ],
)
def test_a_host_of_aws_says_its_service_and_region(host: str, service: str, region: str) -> None:
    assert named_by(host) == (service, region)


def test_a_signature_is_what_aws_verifies() -> None:
    auth = Sigv4(Scope("execute-api", "eu-west-1"), HOST)
    auth.renew(KEYS)
    headers = (*PUT.headers, ("Host", HOST), *pairs(auth(PUT)))
    secrets = {KEYS.access_key: KEYS.secret_key}
    assert ("X-Amz-Security-Token", KEYS.token) in headers
    assert verify(PUT.method, PUT.path, headers, PUT.body, secrets.get, wall(), "execute-api", "eu-west-1") is None
    refused = verify(PUT.method, PUT.path, headers, PUT.body + b" ", secrets.get, wall(), "execute-api", "eu-west-1")
    assert refused
    assert refused.status == 403


def test_a_token_and_a_key_go_together_and_follow_their_renewal() -> None:
    auth = Together({API_KEY: Header("x-api-key"), BEARER: Header("Authorization", "Bearer ")})
    assert auth(PUT) == ""
    auth.renew(BEARER, Token("one"))
    auth.renew(API_KEY, Token("key"))
    assert auth(PUT) == "\r\nx-api-key: key\r\nAuthorization: Bearer one"
    auth.renew(BEARER, Token("two"))
    assert pairs(auth(PUT))[1] == ("Authorization", "Bearer two")


def test_access_gives_what_its_secrets_are_for_and_renews_it() -> None:
    assert Access().authorizer(HOST) is None
    access = Access(Scope("execute-api", "eu-west-1"), {SIGV4: SANDBOX, API_KEY: Token("key")})
    assert access.credentials is SANDBOX
    access.renew(SIGV4, KEYS)  # before there is anything that signs
    auth = access.authorizer(HOST)
    assert auth
    added = dict(pairs(auth(PUT)))
    assert added["x-api-key"] == "key"
    assert f"Credential={KEYS.access_key}/" in added["Authorization"]
    other = access.authorizer("other")
    access.renew(SIGV4, SANDBOX)
    assert other
    assert f"Credential={SANDBOX.access_key}/" in dict(pairs(other(PUT)))["Authorization"]
    assert f"Credential={SANDBOX.access_key}/" in dict(pairs(auth(PUT)))["Authorization"]


def test_what_goes_to_a_worker_arrives_and_is_in_no_repr() -> None:
    access = Access(Scope("dynamodb", "eu-west-1"), {SIGV4: KEYS, BEARER: Token("canary-token", 7)})
    make: Any = Assignment
    work = make(*[None] * 9, access)
    for value in (access, KEYS, Token("canary-token"), work):
        assert "canary" not in repr(value)
    assert access.authorizer(HOST)  # the parent may have used it
    assert pickle.loads(pickle.dumps(work)).access == access
    assert texts(KEYS) == ("canary-access", "canary-secret", "canary-session")
    assert texts(SANDBOX)[-1] == SANDBOX.secret_key


@pytest.mark.parametrize(
    ("request_", "length"),
    [
        (PUT, [b"Content-Length: 8"]),
        (Request("GET", "/"), []),
        (Request("POST", "/"), [b"Content-Length: 0"]),
        (Request("POST", "/", (("content-length", "2"),), b"{}"), []),
    ],
)
def test_headers_are_added_behind_the_requests_own(request_: Request, length: list[bytes]) -> None:
    added = "\r\nX-Amz-Date: now\r\nAuthorization: signed"
    lines = encode(request_, "host:81", added).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert lines[-2:] == [b"X-Amz-Date: now", b"Authorization: signed"]
    assert b"\r\n".join(lines[:-2]) + b"\r\n\r\n" + request_.body == encode(request_, "host:81")
    assert [line for line in lines if line.startswith(b"Content-Length")] == length
    assert lines[1] == b"Host: host:81"


def test_a_host_header_of_its_own_is_the_only_one() -> None:
    assert encode(Request("GET", "/", (("host", "other"),)), "host").count(b"ost: ") == 1
