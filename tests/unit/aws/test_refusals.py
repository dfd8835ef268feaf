"""What a refusal of AWS means for every request, and what to do about it."""

from __future__ import annotations

import json

import pytest

from loadgen.aws.refusals import clock_off, remedy, with_clock
from loadgen.clock import SECOND
from loadgen.exchange import BODY, Exchange, Request
from loadgen.profile.load import load
from loadgen.workload.scenarios import Workload

PUT = Request("POST", "/prod/items?b=2&a=1", (("Content-Type", "application/json"),), b'{"id":1}')


@pytest.mark.parametrize(
    "reason",
    [
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "InvalidSignatureException; this machine's clock is about 10 min behind",
        "403 session token expired, not 200",
        "403 signature expired: the clocks are apart; this machine's clock is about 10 min behind",
    ],
)
def test_what_every_request_would_meet_has_a_remedy(reason: str) -> None:
    assert remedy(reason)


@pytest.mark.parametrize(
    "reason",
    ["", "status 403", "ValidationException", "403 Forbidden: API key or policy", "401 Unauthorized", "other reasons",
     "403 Missing Authentication Token: no such path or stage, or not signed"],
)  # fmt: skip
def test_what_only_some_meet_has_none(reason: str) -> None:
    assert not remedy(reason)


EXPIRED = "Signature expired: {} is now earlier than 20261122T150500Z (20261122T151000Z - 5 min.)"


EARLY = "Signature not yet current: {} is still later than 20261122T151500Z (20261122T151000Z + 5 min.)"


DATE = "Sun, 22 Nov 2026 15:10:00 GMT"


AT_DATE = 1_795_360_200 * SECOND


@pytest.mark.parametrize(
    ("message", "date", "at", "told"),
    [
        (EXPIRED.format("20261122T145959Z"), "", 0, "this machine's clock is about 10 min behind"),
        (EARLY.format("20261122T161000Z"), "", 0, "this machine's clock is about 60 min ahead"),
        (EXPIRED.format("20261120T151000Z"), DATE, AT_DATE, "this machine's clock is about 2 days behind"),
        ("Signature expired", DATE, AT_DATE + 7200 * SECOND, "this machine's clock is about 2 h ahead"),
        ("Signature expired", DATE, AT_DATE + 59 * SECOND, ""),
        (EXPIRED.format("20261122T150959Z"), DATE, AT_DATE, ""),
        (EXPIRED.format("99999999T999999Z"), DATE, AT_DATE, ""),
        ("", "", AT_DATE, ""),
        ("", "yesterday", AT_DATE, ""),
        ("", "Sun, 99 Nov 99999999999 15:10:00 GMT", AT_DATE, ""),
    ],
)
def test_a_clock_that_is_off_is_said(message: str, date: str, at: int, told: str) -> None:
    assert clock_off(message, date, at) == told


def test_a_clock_is_looked_at_where_a_signature_is_refused() -> None:
    message = EXPIRED.format("20261122T145959Z")
    said = "; this machine's clock is about 10 min behind"
    for reason in ("InvalidSignatureException", "403 signature expired: the clocks are apart"):
        assert with_clock(reason, message, "") == reason + said
    assert with_clock("403 signature does not match", "", "") == "403 signature does not match"
    assert with_clock("ValidationException", message, "") == "ValidationException"


TABLE = """
name: x
target: {dynamodb: {table: orders, region: eu-west-1}}
load: [{name: a, rate: 1/s, for: 1s}]
scenarios: [{name: s, steps: [{name: get, GetItem: {Key: {pk: x}}}]}]
"""


API = "{name: x, target: http://127.0.0.1:9, load: [{name: a, rate: 1/s, for: 1s}]}"


@pytest.mark.parametrize(
    ("profile", "status", "reason"),
    [(TABLE, 400, "InvalidSignatureException"), (API, 403, "403 signature expired: the clocks are apart")],
)
def test_a_step_that_is_refused_says_that_the_clock_is_off(profile: str, status: int, reason: str) -> None:
    step = Workload(load("x.yaml", text=profile).profile).scenarios[0].steps[0]
    x = Exchange(PUT, 0, None, 0, 0, 0, BODY)
    said = {
        "__type": "com.amazon.coral.service#InvalidSignatureException",
        "message": EXPIRED.format("20261122T145959Z"),
    }
    x.status, x.headers, x.body = status, {"date": DATE}, json.dumps(said).encode()
    step.assess(x)
    assert x.reason == f"{reason}; this machine's clock is about 10 min behind"
    assert remedy(x.reason)
