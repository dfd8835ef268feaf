"""What AWS's refusals mean: the class, the reason, and which of them end a run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.aws.errors import FATAL, LAMBDA, LIMITS, MESSAGE, Fault, classify, fault_of, gateway_reason
from loadgen.exchange import Outcome

PREFIX = "com.amazonaws.dynamodb.v20120810#"
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"


def fault(code: str, status: int = 400, **more: Any) -> Fault | None:
    return fault_of(status, {}, json.dumps({"__type": PREFIX + code, "message": "m", **more}).encode())


def judged(code: str, status: int = 400, **more: Any) -> tuple[Outcome, str]:
    return classify(status, fault(code, status, **more))


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, b'{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException"}', "ValidationException"),
        ({}, b'{"__type":"com.amazon.coral.validate#ValidationException"}', "ValidationException"),
        ({}, b'{"__type":"ValidationException:http://internal.example/"}', "ValidationException"),
        ({"x-amzn-errortype": "Throttling:http://x/"}, b"{}", "Throttling"),
        ({"x-amzn-errortype": "AccessDeniedException"}, b"<html>", "AccessDeniedException"),
        ({"x-amzn-errortype": "B"}, b'{"__type": "A"}', "A"),
        (None, b'{"__type": "A"}', "A"),
    ],
)
def test_the_code_is_found(headers: dict[str, str] | None, body: bytes, code: str) -> None:
    found = fault_of(400, headers, body)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"__type": 5}',
        b'{"__type": ""}',
        b'{"__type": "a code of many words"}',
        b'{"__type": "<script>"}',
        b'{"__type": "' + b"A" * 65 + b'"}',
        b'{"__type": ' + b"9" * 10_000 + b"}",
        b"[" * 100_000,
    ],
)
def test_an_answer_without_a_code_is_no_fault(body: bytes | None) -> None:
    assert fault_of(500, {}, body) is None
    assert classify(500, None) == (Outcome.HTTP_5XX, "status 500")


def test_an_answer_that_is_no_error_is_no_fault() -> None:
    assert fault_of(200, {"x-amzn-errortype": "Throttling"}, b'{"__type": "Throttling"}') is None


def test_a_message_is_kept_short() -> None:
    long = fault("ValidationException", message="x" * 10_000)
    assert long is not None
    assert long.message == "x" * MESSAGE
    capital = fault_of(400, {}, b'{"__type": "A", "Message": "said"}')
    assert capital is not None
    assert capital.message == "said"
    assert fault_of(400, {}, b'{"__type": "A", "message": [1]}') == Fault("A")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ConditionalCheckFailedException", 400, (Outcome.CONDITION_FAILED, "ConditionalCheckFailed")),
        ("DuplicateItemException", 400, (Outcome.CONDITION_FAILED, "DuplicateItem")),
        ("ValidationException", 400, (Outcome.HTTP_4XX, "ValidationException")),
        ("TransactionConflictException", 400, (Outcome.HTTP_4XX, "TransactionConflictException")),
        ("ProvisionedThroughputExceededException", 400, (Outcome.THROTTLED, "ProvisionedThroughputExceededException")),
        ("RequestLimitExceeded", 400, (Outcome.THROTTLED, "RequestLimitExceeded")),
        ("LimitExceededException", 400, (Outcome.THROTTLED, "LimitExceededException")),
        ("InternalServerError", 500, (Outcome.HTTP_5XX, "InternalServerError")),
        ("ServiceUnavailable", 503, (Outcome.HTTP_5XX, "ServiceUnavailable")),
        ("NewException", 429, (Outcome.THROTTLED, "NewException")),
    ],
)
def test_the_class_and_reason_by_code(code: str, status: int, expected: tuple[Outcome, str]) -> None:
    assert judged(code, status) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(302, Outcome.UNEXPECTED), (404, Outcome.HTTP_4XX), (429, Outcome.THROTTLED), (502, Outcome.HTTP_5XX)],
)
def test_without_a_code_the_status_decides(status: int, expected: Outcome) -> None:
    assert classify(status, None) == (expected, f"status {status}")


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("of", ["TableRead", "TableWrite", "IndexRead", "IndexWrite"])
@pytest.mark.parametrize(
    ("code", "key"),
    [("ProvisionedThroughputExceededException", "ThrottlingReasons"), ("ThrottlingException", "throttlingReasons")],
)
def test_a_throttle_tells_its_limit_and_of_what(limit: str, of: str, code: str, key: str) -> None:
    reasons: dict[str, Any] = {key: [{"reason": of + limit, "resource": ARN}]}
    assert fault(code, **reasons) == Fault(code, "m", (of + limit,), ARN)
    assert judged(code, **reasons) == (Outcome.THROTTLED, f"{LIMITS[limit]} ({of}{limit}) of {ARN}")


def test_a_throttle_by_several_limits_names_each_once_in_one_order() -> None:
    table = {"reason": "TableWriteKeyRangeThroughputExceeded", "resource": ARN}
    index = {"reason": "IndexWriteProvisionedThroughputExceeded", "resource": f"{ARN}/index/by-day"}
    expected = (
        "provisioned throughput (IndexWriteProvisionedThroughputExceeded), "
        "hot partition (TableWriteKeyRangeThroughputExceeded)"
    )
    for reasons in ([table, index], [index, table, table]):
        assert judged("ThrottlingException", throttlingReasons=reasons) == (Outcome.THROTTLED, expected)


@pytest.mark.parametrize(
    "reasons",
    [
        None,
        "x",
        {},
        [],
        [None, "x", 5],
        [{"reason": 5, "resource": 5}],
        [{"reason": "TableWriteSomethingElse"}],
        [{"reason": "id-4711 exceeded", "resource": "arn:aws:s3:::bucket"}],
        [{"resource": f"{ARN}\nforged"}],
    ],
)
def test_reasons_that_are_none_leave_the_code(reasons: Any) -> None:
    assert judged("ThrottlingException", throttlingReasons=reasons) == (Outcome.THROTTLED, "ThrottlingException")


def cancelled(*codes: Any) -> tuple[Outcome, str]:
    return judged("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


def test_a_cancelled_transaction_tells_why_and_how_often() -> None:
    assert cancelled("None", "ConditionalCheckFailed", "None") == (
        Outcome.CONDITION_FAILED,
        "TransactionCanceled: ConditionalCheckFailed 1 of 3",
    )
    assert cancelled("TransactionConflict", "TransactionConflict") == (
        Outcome.HTTP_4XX,
        "TransactionCanceled: TransactionConflict 2 of 2",
    )
    assert cancelled("ThrottlingError", "ConditionalCheckFailed") == (
        Outcome.THROTTLED,
        "TransactionCanceled: ConditionalCheckFailed 1 of 2, ThrottlingError 1 of 2",
    )
    assert cancelled("ProvisionedThroughputExceeded")[0] is Outcome.THROTTLED
    assert cancelled("ValidationError") == (Outcome.HTTP_4XX, "TransactionCanceled: ValidationError 1 of 1")
    assert cancelled("ConditionalCheckFailed", "ValidationError")[0] is Outcome.CONDITION_FAILED
    assert cancelled("None", "DuplicateItem")[0] is Outcome.CONDITION_FAILED


def test_a_cancelled_transaction_may_give_no_reason() -> None:
    nothing = (Outcome.HTTP_4XX, "TransactionCanceled: no reason given")
    assert judged("TransactionCanceledException") == nothing
    assert cancelled() == cancelled("None") == cancelled(5, None, "of many words") == nothing
    assert judged("TransactionCanceledException", CancellationReasons="x") == nothing
    assert cancelled(*["ConditionalCheckFailed"] * 5000)[1] == "TransactionCanceled: ConditionalCheckFailed 100 of 100"


def test_what_ends_a_run_says_what_to_do_in_one_line() -> None:
    assert {
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "AccessDeniedException",
    } <= FATAL.keys()
    for code, remedy in FATAL.items():
        assert classify(400, fault(code))[0] is Outcome.HTTP_4XX
        assert remedy == remedy.strip()
        assert "\n" not in remedy
        assert len(remedy) < 120


@pytest.mark.parametrize(
    ("status", "error_type", "message", "expected"),
    [
        (
            429,
            "TooManyRequestsException",
            "Too Many Requests",
            "Too Many Requests: throttled by the stage or the account",
        ),
        (429, "TooManyRequestsException", "Rate Exceeded.", "Too Many Requests: throttled by the stage or the account"),
        (429, "", "Too Many Requests", "Too Many Requests: throttled by the stage or the account"),
        (429, "LimitExceededException", "Limit Exceeded", "Limit Exceeded: the usage plan's quota"),
        (
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
            "Missing Authentication Token: no such path or stage, or not signed",
        ),
        (403, "ForbiddenException", "Forbidden", "Forbidden: API key or policy"),
        (403, "", "Forbidden", "Forbidden: API key or policy"),
        (403, "AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized", "access denied by a policy"),
        (
            403,
            "InvalidSignatureException",
            "The request signature we calculated does not match the one",
            "signature does not match",
        ),
        (
            403,
            "InvalidSignatureException",
            "Signature expired: 1 is now earlier than 2",
            "signature expired: the clocks are apart",
        ),
        (
            403,
            "InvalidSignatureException",
            "Signature not yet current: 1",
            "signature not yet current: the clocks are apart",
        ),
        (
            403,
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'execute-api'.",
            "signed for another service or region",
        ),
        (
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
            "session token expired",
        ),
        (
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "unknown access key",
        ),
        (
            403,
            "IncompleteSignatureException",
            "Authorization header requires 'Credential'",
            "Authorization header is no signature",
        ),
        (401, "UnauthorizedException", "Unauthorized", "Unauthorized: refused by the authorizer"),
        (404, "", "Not Found", "Not Found: no such route"),
        (413, "RequestTooLargeException", "Request Too Long", "request too large"),
        (
            500,
            "InternalServerErrorException",
            "Internal Server Error",
            "Internal Server Error: the integration or the authorizer failed",
        ),
        (
            502,
            "InternalServerErrorException",
            "Internal server error",
            "Internal server error: the integration gave a bad answer",
        ),
        (503, "", "Service Unavailable", "Service Unavailable"),
        (504, "InternalServerErrorException", "Endpoint request timed out", "Endpoint request timed out"),
        (504, "", "Network error communicating with endpoint", "Network error communicating with endpoint"),
    ],
)
def test_api_gateways_answers_are_told_apart(status: int, error_type: str, message: str, expected: str) -> None:
    headers = {"x-amzn-errortype": error_type} if error_type else {}
    for name in ("message", "Message"):
        assert gateway_reason(status, headers, json.dumps({name: message}).encode()) == f"{status} {expected}"


def test_lambda_tells_which_limit_was_met() -> None:
    for reason, words in LAMBDA.items():
        body = json.dumps({"Reason": reason, "Type": "User", "message": "Rate Exceeded."}).encode()
        assert gateway_reason(429, {}, body) == f"429 {words} ({reason})"
    for other in ("NewLimitExceeded", 7, None, ["ConcurrentInvocationLimitExceeded"]):
        assert gateway_reason(429, None, json.dumps({"Reason": other}).encode()) == "status 429"


def test_what_is_not_in_the_gateways_words_is_its_status() -> None:
    for body in (None, b"", b"<html>", b'{"message": null}', b'{"message": "order 4711 is closed"}'):
        assert gateway_reason(403, None, body) == "status 403"
        assert gateway_reason(503, {}, body) == "status 503"
    assert gateway_reason(403, {"x-amzn-errortype": "ForbiddenException"}, None) == "403 Forbidden: API key or policy"


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["__type", "message", "ThrottlingReasons", "CancellationReasons", "Code", "reason", "resource"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=examples(400), deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()), st.text(max_size=80))
def test_whatever_comes_has_a_short_reason(body: bytes, error_type: str) -> None:
    for status in (301, 400, 403, 429, 500, 504):
        found = fault_of(status, {"x-amzn-errortype": error_type}, body)
        outcome, reason = classify(status, found)
        assert outcome is not Outcome.OK
        for text in (reason, gateway_reason(status, {"x-amzn-errortype": error_type}, body)):
            assert 0 < len(text) <= 200
            assert text.isprintable()
