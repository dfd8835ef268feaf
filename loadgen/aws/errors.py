"""What AWS says when it says no: codes and reasons of DynamoDB's errors, and of API Gateway's.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from loadgen.exchange import Outcome

MESSAGE = 500  # characters kept of a message
REASONS = 100  # a transaction has no more items
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,63}")
_ARN = re.compile(
    r"arn:aws[a-z-]{0,12}:dynamodb:[a-z0-9-]{1,32}:[0-9]{0,12}:"
    r"table/[A-Za-z0-9_.-]{3,255}(?:/index/[A-Za-z0-9_.-]{3,255})?"
)
_THROTTLE = re.compile(r"(Table|Index)(Read|Write)([A-Za-z]{1,40})")

THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "SlowDown",
    }
)
LIMITS = {
    "ProvisionedThroughputExceeded": "provisioned throughput",
    "AccountLimitExceeded": "account limit",
    "KeyRangeThroughputExceeded": "hot partition",
    "MaxOnDemandThroughputExceeded": "on-demand maximum",
}
"""The last part of a throttling reason, whose first two are Table or Index, Read or Write."""
_UNMET = {"ConditionalCheckFailed", "DuplicateItem"}  # that there is no such item is what an INSERT asks for
_CANCELLED_BY_THROTTLE = {"ThrottlingError", "ProvisionedThroughputExceeded"}

_WRONG_KEYS = "AWS does not know the access key. Check the credentials, or the profile they come from"
_WRONG_SIGNATURE = "the signature is refused. Check the secret key, the region and this machine's clock"
_NOT_ALLOWED = "the credentials do not allow it. Grant the call, or use others"
_EXPIRED = "the session token has expired. Log in again"
_UNSIGNED = "the request is not signed as the endpoint expects. Check that it is the service's"

FATAL: dict[str, str] = {
    "ResourceNotFoundException": "there is no such table or function here. Check its name and region, or for a table "
    "let `setup` create it",
    "UnrecognizedClientException": _WRONG_KEYS,
    "InvalidClientTokenId": _WRONG_KEYS,
    "InvalidSignatureException": _WRONG_SIGNATURE,
    "SignatureDoesNotMatch": _WRONG_SIGNATURE,
    "ExpiredTokenException": _EXPIRED,
    "ExpiredToken": _EXPIRED,
    "AccessDeniedException": _NOT_ALLOWED,
    "AccessDenied": _NOT_ALLOWED,
    "MissingAuthenticationTokenException": _UNSIGNED,
    "IncompleteSignatureException": _UNSIGNED,
    "UnknownOperationException": "the endpoint does not know the operation. Check that it is the service's",
}
"""Codes that every further request would meet as well: what is wrong, and what to do about it."""


class Fault(NamedTuple):
    """An error as the service gave it. `reasons`: throttling reasons, or a transaction's cancellation codes in the
    order of its items; `resource`: the ARN of what was throttled, "" if there is none or more than one.
    """

    code: str
    message: str = ""
    reasons: tuple[str, ...] = ()
    resource: str = ""


def fault_of(status: int, headers: Mapping[str, str] | None, body: bytes | None) -> Fault | None:
    """The error in an answer (header names in lower case), whoever wrote it; None if it names none."""
    if status < 400:
        return None
    said = _json(body)
    code = _code(said.get("__type")) or _code((headers or {}).get("x-amzn-errortype"))
    if not code:
        return None
    message = said.get("message", said.get("Message"))
    message = message[:MESSAGE] if isinstance(message, str) else ""
    throttled = _records(said.get("ThrottlingReasons", said.get("throttlingReasons")))
    reasons = [_word(record.get("reason")) for record in throttled]
    arns = {record["resource"] for record in throttled if _is_arn(record.get("resource"))}
    if code == "TransactionCanceledException":
        reasons = [_word(record.get("Code")) or "None" for record in _records(said.get("CancellationReasons"))]
    return Fault(code, message, tuple(filter(None, reasons)), arns.pop() if len(arns) == 1 else "")


def classify(status: int, fault: Fault | None) -> tuple[Outcome, str]:
    """The outcome class and the reason of DynamoDB's answer that is not ok. Reasons are few: they are counted."""
    code = fault.code if fault else ""
    if (unmet := code.removesuffix("Exception")) in _UNMET:
        return Outcome.CONDITION_FAILED, unmet
    if fault and code == "TransactionCanceledException":
        return _cancelled(fault.reasons)
    if fault and code in THROTTLES:
        return Outcome.THROTTLED, _throttled(fault)
    reason = code or f"status {status}"
    if status >= 500:
        return Outcome.HTTP_5XX, reason
    if status == 429:
        return Outcome.THROTTLED, reason
    return (Outcome.HTTP_4XX if status >= 400 else Outcome.UNEXPECTED), reason


def _throttled(fault: Fault) -> str:
    """Each limit that was met, in words and as DynamoDB calls it; and of what, if it says so."""
    parts = []
    for reason in sorted(set(fault.reasons)):
        match = _THROTTLE.fullmatch(reason)
        limit = LIMITS.get(match[3]) if match else None
        if limit:
            parts.append(f"{limit} ({reason})")
    said = ", ".join(parts) or fault.code
    return f"{said} of {fault.resource}" if fault.resource else said


def _cancelled(reasons: tuple[str, ...]) -> tuple[Outcome, str]:
    counts = Counter(reasons)
    del counts["None"]
    codes = ", ".join(f"{code} {count} of {len(reasons)}" for code, count in sorted(counts.items()))
    outcome = Outcome.HTTP_4XX
    if counts.keys() & _CANCELLED_BY_THROTTLE:
        outcome = Outcome.THROTTLED
    elif counts.keys() & _UNMET:
        outcome = Outcome.CONDITION_FAILED
    return outcome, f"TransactionCanceled: {codes or 'no reason given'}"


LAMBDA: dict[str, str] = {
    "ConcurrentInvocationLimitExceeded": "the account's concurrency",
    "FunctionInvocationRateLimitExceeded": "the rate that the concurrency allows",
    "ReservedFunctionConcurrentInvocationLimitExceeded": "the function's reserved concurrency",
    "ReservedFunctionInvocationRateLimitExceeded": "the rate that the reserved concurrency allows",
    "CallerRateLimitExceeded": "the rate of the caller",
    "ConcurrentSnapshotCreateLimitExceeded": "the snapshots that are made at once",
}
"""The reasons of Lambda's TooManyRequestsException: which limit was met.
https://docs.aws.amazon.com/botocore/latest/reference/services/lambda/client/exceptions/TooManyRequestsException.html"""

# API Gateway's answers: status, what marks one, in words. The marks are looked for in order, in the message and in the
# error type, in lower case; the last of a status has none.
GATEWAY: tuple[tuple[int, str, str], ...] = (
    (400, "badrequestexception", "Bad Request"),
    (401, "unauthorized", "Unauthorized: refused by the authorizer"),
    (403, "missing authentication token", "Missing Authentication Token: no such path or stage, or not signed"),
    (403, "missingauthenticationtoken", "Missing Authentication Token: no such path or stage, or not signed"),
    (403, "signature expired", "signature expired: the clocks are apart"),
    (403, "signature not yet current", "signature not yet current: the clocks are apart"),
    (403, "token included in the request is expired", "session token expired"),
    (403, "expiredtoken", "session token expired"),
    (403, "token included in the request is invalid", "unknown access key"),
    (403, "unrecognizedclient", "unknown access key"),
    (403, "signature we calculated does not match", "signature does not match"),
    (403, "credential should be scoped", "signed for another service or region"),
    (403, "invalidsignature", "signature does not match"),
    (403, "incompletesignature", "Authorization header is no signature"),
    (403, "accessdenied", "access denied by a policy"),
    (403, "forbidden", "Forbidden: API key or policy"),
    (404, "not found", "Not Found: no such route"),
    (413, "", "request too large"),
    (415, "unsupported media type", "Unsupported Media Type"),
    (429, "limit exceeded", "Limit Exceeded: the usage plan's quota"),
    (429, "limitexceeded", "Limit Exceeded: the usage plan's quota"),
    (429, "too many requests", "Too Many Requests: throttled by the stage or the account"),
    (429, "toomanyrequests", "Too Many Requests: throttled by the stage or the account"),
    (500, "internal server error", "Internal Server Error: the integration or the authorizer failed"),
    (502, "internal server error", "Internal server error: the integration gave a bad answer"),
    (502, "bad gateway", "Bad Gateway: the integration gave a bad answer"),
    (503, "service unavailable", "Service Unavailable"),
    (504, "endpoint request timed out", "Endpoint request timed out"),
    (504, "network error communicating", "Network error communicating with endpoint"),
    (504, "gateway timeout", "Gateway Timeout"),
)


def gateway_reason(status: int, headers: Mapping[str, str] | None, body: bytes | None) -> str:
    """Why API Gateway or Lambda refused, as far as status, reason, error type and message tell; the words are few, none
    is the answer's.

    What it does not word like API Gateway, such as an answer of the integration's own, is `status 403`.
    """
    said = _json(body)
    limit = said.get("Reason")
    if status == 429 and isinstance(limit, str) and limit in LAMBDA:
        return f"429 {LAMBDA[limit]} ({limit})"
    message = said.get("message", said.get("Message"))
    error_type = (headers or {}).get("x-amzn-errortype", "")
    text = f"{message[:MESSAGE] if isinstance(message, str) else ''} {error_type[:MESSAGE]}".lower()
    for of, mark, words in GATEWAY:
        if of == status and mark in text:
            return f"{status} {words}"
    return f"status {status}"


def _json(body: bytes | None) -> dict[str, Any]:
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _records(value: Any) -> list[dict[str, Any]]:
    return [record for record in value[:REASONS] if isinstance(record, dict)] if isinstance(value, list) else []


def _code(text: Any) -> str:
    """The code in "com.amazonaws.dynamodb.v20120810#Code" or "Code:http://...", or "" if it is none."""
    return _word(text[:MESSAGE].split(":", 1)[0].rsplit("#", 1)[-1]) if isinstance(text, str) else ""


def _word(text: Any) -> str:
    return text if isinstance(text, str) and _CODE.fullmatch(text) else ""


def _is_arn(text: Any) -> bool:
    return isinstance(text, str) and _ARN.fullmatch(text) is not None
