"""An Invoke, compiled: the request that every client sends, and what comes of its answer."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from loadgen.exchange import BODY, Exchange, Outcome, Request
from loadgen.profile.load import load
from loadgen.transport.sdk.calls import parameters
from loadgen.workload.answers import MISSING, Answer
from loadgen.workload.scenarios import StepWork, Workload

MS = 1_000_000


def step(call: str = "{payload: {id: x}}", target: str = "", more: str = "") -> StepWork:
    text = f"""name: t
target: {{lambda: {{function: orders, endpoint: sandbox{target}}}}}
load: [{{name: a, users: 1, for: 1s}}]
scenarios: [{{name: s, steps: [{{name: call, Invoke: {call}{more}}}]}}]
"""
    return Workload(load("p.yaml", text=text).profile).scenarios[0].steps[0]


def request(call: str = "{payload: {id: x}}", target: str = "") -> Request:
    made = step(call, target)
    if made.constant:
        return made.constant
    assert made.render
    return made.render({}, 3)


def test_the_request_is_the_apis() -> None:
    made = request(target=", qualifier: $LATEST")
    assert (made.method, made.operation) == ("POST", "Invoke")
    assert made.path == "/2015-03-31/functions/orders/invocations?Qualifier=%24LATEST"
    assert dict(made.headers) == {
        "User-Agent": made.headers[0][1],
        "Content-Type": "application/json",
        "X-Amz-Invocation-Type": "RequestResponse",
        "X-Amz-Log-Type": "Tail",
    }
    assert made.body == b'{"id":"x"}'
    assert request() is not None and step().constant is not None  # the same each time: made once
    assert step().wants == BODY


@pytest.mark.parametrize(
    ("call", "target", "kind", "tail", "body"),
    [
        ("{type: event, payload: [1]}", "", "Event", False, b"[1]"),
        ("{type: dry-run}", "", "DryRun", False, b""),
        ("{payload: null}", "", "RequestResponse", True, b"null"),
        ("", "", "RequestResponse", True, b""),
        ("{payload: {n: '{{seq}}'}}", ", log_tail: false", "RequestResponse", False, b'{"n":3}'),
    ],
)
def test_what_it_asks_for(call: str, target: str, kind: str, tail: bool, body: bytes) -> None:
    made = request(call, target)
    headers = dict(made.headers)
    assert (headers["X-Amz-Invocation-Type"], "X-Amz-Log-Type" in headers, made.body) == (kind, tail, body)


def test_the_sdk_calls_the_same() -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
    assert parameters(request(target=", qualifier: live")) == {
        "FunctionName": "orders",
        "Qualifier": "live",
        "InvocationType": "RequestResponse",
        "LogType": "Tail",
        "Payload": b'{"id":"x"}',
    }
    path = f"/2015-03-31/functions/{arn.replace(':', '%3A')}/invocations"
    of_arn = Request("POST", path, (("X-Amz-Invocation-Type", "Event"),), b"1")
    assert parameters(of_arn) == {"FunctionName": arn, "InvocationType": "Event", "Payload": b"1"}


def answer(body: bytes = b"{}", status: int = 200, received: int = 500 * MS, **headers: str) -> Exchange:
    x = Exchange(request(), 0, None, 1, 1, 1, BODY)
    x.started, x.sent, x.received, x.done = 5 * MS, 10 * MS, received, 503 * MS
    x.status, x.body, x.headers = status, body, {name.replace("_", "-"): value for name, value in headers.items()}
    return x


def report(*fields: str) -> str:
    line = "\t".join(
        ("REPORT RequestId: abc", "Duration: 90.00 ms", *fields, "Memory Size: 128 MB", "Max Memory Used: 7 MB")
    )
    return b64encode(line.encode()).decode()


def judged(x: Exchange) -> Exchange:
    step().assess(x)
    return x


def test_each_part_of_the_clients_time() -> None:
    log = report("Billed Duration: 391 ms", "Init Duration: 300.00 ms")
    x = judged(answer(x_amz_log_result=log, x_amzn_requestid="abc", x_amz_executed_version="7"))
    told = Answer(x).get
    values = {name: told(selector) for name, selector in [*step().capture]}
    assert values == {"start": "cold", "version": "7"}
    assert x.invocation
    assert (x.invocation.handler, x.invocation.init, x.invocation.overhead) == (90 * MS, 300 * MS, 100 * MS)
    assert x.invocation.counts == (1, 1, 0, 0, 391, 391 * 128, 128, 7)
    times = dict(step().read(x, {}))
    assert sorted(times.values()) == [90 * MS, 100 * MS, 300 * MS, 391 * MS]


def test_what_is_billed_for_an_init_that_nobody_waited_for_is_no_calls_own() -> None:
    """It is billed once for an environment: the sums have it, and the times of calls have not."""
    log = report("Billed Duration: 1090 ms", "Init Duration: 1000.00 ms")
    x = judged(
        answer(b'{"initialization_type": "provisioned-concurrency"}', x_amz_log_result=log, x_amzn_requestid="abc")
    )
    assert x.invocation
    assert (x.invocation.start, x.invocation.counts.prepared, x.invocation.counts.billed) == ("provisioned", 1, 1090)
    assert 1090 * MS not in dict(step().read(x, {})).values()


def test_without_the_kernels_stamp_it_ends_when_it_is_read() -> None:
    x = judged(answer(received=0, x_amz_log_result=report("Billed Duration: 90 ms"), x_amzn_requestid="abc"))
    assert x.invocation
    assert x.invocation.overhead == 403 * MS


@pytest.mark.parametrize(
    ("body", "start", "told"),
    [
        (b"{}", MISSING, 0),
        (b'{"cold": true}', "cold", 1),
        (b'{"cold": false}', "warm", 1),
        (b'{"cold": "yes"}', MISSING, 0),
        (b'["cold"]', MISSING, 0),
        (b"\xff", MISSING, 0),
    ],
)
def test_without_a_report_the_functions_word_is_taken(body: bytes, start: object, told: int) -> None:
    x = judged(answer(body))
    (_, selector), *_ = step().capture
    assert Answer(x).get(selector) == start
    assert x.invocation
    assert x.invocation.counts == (1, 0, told, 0, 0, 0, 0, 0)
    assert step().read(x, {}) == []


@pytest.mark.parametrize(
    ("status", "body", "headers", "outcome", "reason"),
    [
        (
            200,
            b'{"errorType": "ValueError"}',
            {"x_amz_function_error": "Unhandled"},
            Outcome.FUNCTION_ERROR,
            "ValueError",
        ),
        (202, b"", {}, Outcome.OK, ""),
        (
            429,
            b'{"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User"}',
            {"x_amzn_errortype": "TooManyRequestsException"},
            Outcome.THROTTLED,
            "429 the function's reserved concurrency (ReservedFunctionConcurrentInvocationLimitExceeded)",
        ),
        (403, b"{}", {"x_amzn_errortype": "AccessDeniedException"}, Outcome.HTTP_4XX, "AccessDeniedException"),
        (
            404,
            b"{}",
            {"x_amzn_errortype": "ResourceNotFoundException:http://x/"},
            Outcome.HTTP_4XX,
            "ResourceNotFoundException",
        ),
        (502, b"{}", {"x_amzn_errortype": "EC2ThrottledException"}, Outcome.HTTP_5XX, "EC2ThrottledException"),
        (
            502,
            b'{"message": "Bad Gateway"}',
            {},
            Outcome.HTTP_5XX,
            "502 Bad Gateway: the integration gave a bad answer",
        ),
    ],
)
def test_outcomes(status: int, body: bytes, headers: dict[str, str], outcome: Outcome, reason: str) -> None:
    x = judged(answer(body, status, **headers))
    assert (x.outcome, x.reason) == (outcome, reason)


def test_what_is_expected_of_the_answer() -> None:
    expecting = step(more=", expect: {json: {ok: true}}")
    for body, outcome in ((b'{"ok": true}', Outcome.OK), (b'{"ok": false}', Outcome.UNEXPECTED)):
        x = answer(body)
        expecting.assess(x)
        assert x.outcome == outcome
    refused = step(more=", expect: {status: 404}")
    x = answer(json.dumps({}).encode(), 404)
    refused.assess(x)
    assert x.outcome == Outcome.OK
