"""Signatures: ours are botocore's, the verifier lets them in, and refuses whatever was touched since."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest import mock

import botocore.auth
import botocore.credentials
import pytest
from botocore.awsrequest import AWSRequest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.aws.credentials import SANDBOX, Credentials, NoCredentials
from loadgen.aws.sigv4 import AUTHORIZATION_LIMIT, SKEW, Refusal, Signer, verify
from loadgen.clock import SECOND

AT = 1_700_000_000 * SECOND
HOST = "dynamodb.eu-west-1.amazonaws.com"
HEADERS = (
    ("User-Agent", "loadgen"),
    ("Content-Type", "application/x-amz-json-1.0"),
    ("X-Amz-Target", "DynamoDB_20120810.PutItem"),
)
BODY = b'{"TableName": "t"}'
Headers = tuple[tuple[str, str], ...]

# what a request target may hold as it is sent, and more of what is rare
SEGMENT = st.one_of(
    st.sampled_from(
        ["", ".", "..", "%2F", "%2f", "%25", "a b", "~", "*", "(x)", "a:b@c", "$default", "+", "ä", "%C3%A4"]
    ),
    st.text("abcXYZ019-_.~!$&'()*+,;=:@%", max_size=8),
    st.text(st.characters(min_codepoint=0x80, exclude_categories=("Cs", "Cc", "Z")), max_size=3),
)
PATH = st.lists(SEGMENT, max_size=5).map(lambda parts: "/" + "/".join(parts))
PAIR = st.text("abcXYZ019-_.~%+*:/äß=", max_size=8)
QUERY = st.one_of(st.just(""), st.lists(PAIR, min_size=1, max_size=5).map(lambda pairs: "?" + "&".join(pairs)))
VALUE = st.one_of(
    st.sampled_from(["", " two  spaces ", "\tx", "a,b", '"a  b"', "ünïcödé", "\u3042", "a\u00a0b"]),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12),
)
KNOWN_NAMES = (
    "Content-Type X-Amz-Target x-amz-meta X-AMZ-A Accept accept User-Agent Expect Cookie Transfer-Encoding "
    "X-Amzn-Trace-Id Zz x-api-key X-Amz-Content-Sha256 Authorization"
)
NAME = st.one_of(
    st.sampled_from(KNOWN_NAMES.split()),
    st.text("abcXYZ019-", max_size=9).map("x-{}".format).filter(lambda name: name.lower() != "x-amz-date"),
)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "post"]),
    st.tuples(PATH, QUERY).map("".join),
    st.lists(st.tuples(NAME, VALUE), max_size=5).map(tuple),
    st.one_of(st.just(b""), st.binary(max_size=64)),
)
TEXT = st.text("ABCabc019/+=", min_size=1, max_size=24)
KEYS = st.builds(Credentials, st.text("AKI019", min_size=1, max_size=20), TEXT, st.one_of(st.just(""), TEXT))
HOSTS = st.sampled_from([HOST, "x1.execute-api.us-east-1.amazonaws.com", "127.0.0.1:8000", "localhost:4443"])
WHEN = st.integers(0, 4_000_000_000 * SECOND)

thorough = settings(max_examples=examples(2000, 8), deadline=None, derandomize=True, database=None)
some = settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)


def botocores(
    keys: Credentials, service: str, method: str, path: str, headers: Headers, body: bytes, host: str, at: int
) -> dict[str, str]:
    """What botocore adds to the request."""
    request: Any = AWSRequest(method=method, url=f"https://{host}{path}", data=body)
    for name, value in headers:
        request.headers[name] = value
    credentials = botocore.credentials.Credentials(keys.access_key, keys.secret_key, keys.token or None)
    signer = botocore.auth.SigV4Auth(credentials, service, "eu-west-1")
    instant = dt.datetime.fromtimestamp(at // SECOND, dt.UTC)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda: instant):
        signer.add_auth(request)
    return {name: request.headers[name] for name in ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")}


def sent(headers: Headers, added: Headers, host: str) -> Headers:
    kept = tuple(header for header in headers if header[0].lower() != "authorization")
    return (*kept, ("Host", host), *added)


@thorough
@given(REQUESTS, KEYS, HOSTS, WHEN, st.sampled_from(["dynamodb", "execute-api"]))
def test_the_signature_is_botocores_and_is_let_in(
    request: tuple[str, str, Headers, bytes], keys: Credentials, host: str, at: int, service: str
) -> None:
    method, path, headers, body = request
    added = Signer(service, "eu-west-1", keys).sign(method, path, headers, body, host, at)
    expected = botocores(keys, service, method, path, headers, body, host, at)
    assert dict(added) == {name: value for name, value in expected.items() if value is not None}
    if any(name.lower() == "x-amz-content-sha256" for name, _ in headers):
        return  # the verifier goes by the body, whatever the request says of it
    every = sent(headers, added, host)
    assert verify(method, path, every, body, {keys.access_key: keys.secret_key}.get, at, service, "eu-west-1") is None


def signed(keys: Credentials = SANDBOX, at: int = AT, body: bytes = BODY) -> Headers:
    signer = Signer("dynamodb", "eu-west-1", keys)
    return sent(HEADERS, signer.sign("POST", "/items/a?x=1&y=2", HEADERS, body, HOST, at), HOST)


def known(access_key: str) -> str | None:
    return SANDBOX.secret_key if access_key == SANDBOX.access_key else None


def refusal(
    headers: Headers,
    method: str = "POST",
    path: str = "/items/a?x=1&y=2",
    body: bytes = BODY,
    at: int = AT,
    **expected: Any,
) -> Refusal | None:
    return verify(method, path, headers, body, known, at, **expected)


def other(character: str) -> str:
    return "1" if character == "0" else "0"


@some
@given(st.data())
def test_one_changed_byte_is_refused(data: st.DataObject) -> None:
    headers = signed()
    assert refusal(headers) is None
    part = data.draw(st.sampled_from(["method", "path", "header", "body", "signature"]))
    if part == "method":
        index = data.draw(st.integers(0, 3))
        found = refusal(headers, method="POST"[:index] + "X" + "POST"[index + 1 :])
    elif part == "path":
        path = "/items/a?x=1&y=2"
        index = data.draw(st.integers(1, len(path) - 1))
        found = refusal(headers, path=path[:index] + other(path[index]) + path[index + 1 :])
    elif part == "body":
        index = data.draw(st.integers(0, len(BODY) - 1))
        found = refusal(
            headers, body=BODY[:index] + bytes([BODY[index] ^ 1 << data.draw(st.integers(0, 7))]) + BODY[index + 1 :]
        )
    else:
        number = len(headers) - 1 if part == "signature" else data.draw(st.integers(1, len(headers) - 2))
        name, value = headers[number]
        low = len(value) - 64 if part == "signature" else 0
        index = data.draw(st.integers(low, len(value) - 1))
        changed = value[:index] + other(value[index]) + value[index + 1 :]
        found = refusal((*headers[:number], (name, changed), *headers[number + 1 :]))
    assert found is not None
    assert found.status == 400


def without(headers: Headers, name: str) -> Headers:
    return tuple(header for header in headers if header[0] != name)


def authorized(edit: Any) -> Headers:
    return tuple((name, edit(value) if name == "Authorization" else value) for name, value in signed())


def test_what_is_not_signed_or_not_wholly_is_told_apart() -> None:
    assert refusal(without(signed(), "Authorization")) == Refusal(
        400, "MissingAuthenticationTokenException", "Request is missing Authentication Token"
    )
    for headers in (
        without(signed(), "X-Amz-Date"),
        authorized(lambda value: value.replace("Signature=", "Sig=")),
        authorized(lambda value: value.replace("SignedHeaders=", "SignedHeaders=,")),
        authorized(lambda value: value.replace("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA512 ")),
        authorized(lambda value: value.replace("/aws4_request", "")),
        authorized(lambda value: "Bearer abc"),
        authorized(lambda value: value.replace(" ", " " * AUTHORIZATION_LIMIT, 1)),
        tuple((name, "20231114T2213200" if name == "X-Amz-Date" else value) for name, value in signed()),
        tuple((name, "20231314T221320Z" if name == "X-Amz-Date" else value) for name, value in signed()),
    ):
        found = refusal(headers)
        assert found is not None
        assert (found.status, found.code) == (400, "IncompleteSignatureException")


def test_an_unknown_key_and_a_wrong_secret_are_told_apart() -> None:
    unknown = refusal(signed(Credentials("AKIDOTHER", SANDBOX.secret_key)))
    assert unknown is not None
    assert unknown.code == "UnrecognizedClientException"
    wrong = refusal(signed(Credentials(SANDBOX.access_key, "another")))
    assert wrong is not None
    assert wrong.code == "InvalidSignatureException"
    assert wrong.message.startswith("The request signature we calculated does not match")


@pytest.mark.parametrize(
    ("late", "words"),
    [(SKEW, ""), (SKEW + 1, "Signature expired"), (-SKEW, ""), (-SKEW - 1, "Signature not yet current")],
)
def test_clocks_may_be_five_minutes_apart(late: int, words: str) -> None:
    found = refusal(signed(), at=AT + late * SECOND)
    if not words:
        assert found is None
        return
    assert found is not None
    assert found.code == "InvalidSignatureException"
    assert found.message.startswith(f"{words}: 20231114T221320Z is ")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda value: value.replace("/dynamodb/", "/execute-api/"), "correct service: 'dynamodb'"),
        (lambda value: value.replace("/20231114/", "/20231113/"), "Date in Credential scope does not match"),
        (lambda value: value.replace("aws4_request", "aws4_answer"), "valid terminator"),
        (lambda value: value.replace("eu-west-1", "eu-west-2"), "a valid region. "),
        (lambda value: value.replace("host;", ""), "'Host' or ':authority' must be"),
        (lambda value: value.replace(";x-amz-target", ""), "Each 'X-Amz-*' header must be"),
        (lambda value: value[:-1] + "\u00df", "does not match"),
    ],
)
def test_the_scope_is_that_of_the_request(edit: Any, words: str) -> None:
    found = refusal(authorized(edit), region="eu-west-1")
    assert found is not None
    assert found.code == "InvalidSignatureException"
    assert words in found.message


def test_other_services_refuse_with_403() -> None:
    assert refusal(without(signed(), "Authorization"), service="execute-api") == Refusal(
        403, "MissingAuthenticationTokenException", "Missing Authentication Token"
    )
    found = refusal(signed(), service="execute-api")
    assert found is not None
    assert found.status == 403


@some
@given(st.text(max_size=200), st.text(max_size=40), st.text("ab;,=/ \n", max_size=60))
def test_whatever_comes_is_refused_and_nothing_is_raised(authorization: str, date: str, odd: str) -> None:
    text = (authorization + odd).encode("utf-8", "replace").decode("utf-8", "surrogateescape")
    prefix = f"AWS4-HMAC-SHA256 Credential={SANDBOX.access_key}/{odd}/r/dynamodb/aws4_request, SignedHeaders={odd}, "
    for value in (text, prefix + "Signature=" + "0" * 64):
        for stamp in (date, "20231114T221320Z"):
            headers = (("Authorization", value), ("X-Amz-Date", stamp), ("Host", "\udcff"))
            found = verify(text, "/" + text + "\udc80", headers, b"", known, AT)
            assert found is not None
            assert len(found.message) < 500


def test_credentials_take_turns() -> None:
    signer = Signer("dynamodb", "eu-west-1")
    with pytest.raises(NoCredentials, match="none have been set"):
        signer.sign("POST", "/", HEADERS, BODY, HOST, AT)
    first, second = Credentials("A", "secret-1"), Credentials("B", "secret-2", "token-2")
    for keys in (first, second, first):
        signer.credentials = keys
        expected = botocores(keys, "dynamodb", "POST", "/", HEADERS, BODY, HOST, AT)
        added = signer.sign("POST", "/", HEADERS, BODY, HOST, AT)
        assert dict(added) == {name: value for name, value in expected.items() if value is not None}


def test_one_signer_signs_in_any_order_of_time() -> None:
    signer = Signer("dynamodb", "eu-west-1", SANDBOX)
    day = 86_400 * SECOND
    for at in (AT, AT + SECOND - 1, AT + SECOND, AT + day, AT - day, AT):
        expected = botocores(SANDBOX, "dynamodb", "POST", "/", HEADERS, BODY, HOST, at)
        assert dict(signer.sign("POST", "/", HEADERS, BODY, HOST, at))["Authorization"] == expected["Authorization"]


def test_the_host_is_the_requests_own_if_it_has_one() -> None:
    headers = (("Host", "api.example"), *HEADERS)
    expected = botocores(SANDBOX, "dynamodb", "POST", "/", headers, BODY, HOST, AT)
    added = Signer("dynamodb", "eu-west-1", SANDBOX).sign("POST", "/", headers, BODY, HOST, AT)
    assert dict(added)["Authorization"] == expected["Authorization"]


def test_the_vector_of_the_specification() -> None:
    """ "get-vanilla" of AWS's own test suite, whose keys are public."""
    keys = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    at = int(dt.datetime(2015, 8, 30, 12, 36, tzinfo=dt.UTC).timestamp()) * SECOND
    added = Signer("service", "us-east-1", keys).sign("GET", "/", (), b"", "example.amazonaws.com", at)
    assert dict(added)["Authorization"].endswith(
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )
