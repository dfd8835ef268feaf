"""HTTP on a link that is a list: every answer, its instant and its ending, in virtual time."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_link import START, Check, Target, answers, ends, feed, goes_on, replies_once, request

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Environments, Faults, Gateway, Stall, Throttle


@pytest.fixture
def target() -> Target:
    return Target()


def test_answers_at_once_as_an_api_gateway_does(target: Target) -> None:
    link = target.connect(owed=1)
    feed(link, request("/orders?page=1"))
    [(status, headers, body)] = answers(link.data)
    assert status == 200
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers.pop("date"))
    assert headers == {
        "content-type": "application/json",
        "content-length": "256",
        "connection": "keep-alive",
        "apigw-requestid": "SBX000000000001=",
        "x-cold": "false",
        "x-env": "0",
        "server-timing": "fn;dur=0.000",
    }
    assert json.loads(body).keys() == {"id", "message", "padding"}
    assert link.sent[0][0] == START
    assert link.ending is None


def test_takes_round_trips_and_service_time() -> None:
    target = Target(rtt=20, service=Distribution.fixed(8))
    link = target.connect(owed=1)
    feed(link, request())
    target.run()
    begin = target.clock.now()
    feed(link, request())
    target.run()
    assert [when for when, _ in link.sent] == [START + 48, begin + 28]


def test_tells_cold_from_warm() -> None:
    target = Target(
        service=Distribution.fixed(2 * MILLISECOND), environments=Environments(max=9, init=300 * MILLISECOND)
    )
    link = target.connect()
    feed(link, request())
    target.run()
    feed(link, request())
    target.run()
    (_, cold, _), (_, warm, _) = answers(link.data)
    assert (cold["x-cold"], cold["x-env"], cold["server-timing"]) == ("true", "1", "fn;dur=2.000, init;dur=300.000")
    assert (warm["x-cold"], warm["x-env"], warm["server-timing"]) == ("false", "1", "fn;dur=2.000")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"id": "a\\"b", "total": 3}', 'a"b'),
        (b'{"id": 17}', 17),
        (b'{"id": null}', "0000000000000001"),
        (b'{"id": {"deep": 1}}', "0000000000000001"),
        (b'{"id": 1e999}', "0000000000000001"),
        (b'["id"]', "0000000000000001"),
        (b'{"id": ', "0000000000000001"),
        (b'{"id":' + b"[" * 60_000, "0000000000000001"),
        (b'{"id": "x", "big": "' + b"x" * 70_000 + b'"}', "0000000000000001"),
    ],
)
def test_answers_with_the_requests_id(target: Target, body: bytes, expected: object) -> None:
    link = target.connect()
    feed(link, request("/orders", "POST", body))
    [(status, headers, answer)] = answers(link.data)
    assert status == 201
    assert json.loads(answer)["id"] == expected
    assert headers["content-length"] == "256"


def test_the_answer_grows_for_its_id_alone() -> None:
    link = Target(body=10).connect()
    feed(link, request(body=b'{"id": "abc"}', method="POST"))
    assert json.loads(answers(link.data)[0][2]) == {"id": "abc", "message": "simulated", "padding": ""}


def test_head_has_a_length_and_no_body(target: Target) -> None:
    link = target.connect()
    feed(link, request(method="HEAD") + request("/chunked/3", "HEAD") + request("/bytes/100000", "HEAD"))
    target.run()
    assert link.data.count(b"\r\n\r\n") == 3
    assert link.data.endswith(b"\r\n\r\n")
    assert b"Content-Length: 256\r\n" in link.data
    assert b"Content-Length: 100000\r\n" in link.data


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (502, b'{"message": "Internal server error"}', "InternalServerErrorException"),
        (503, b'{"message":"Service Unavailable"}', "ServiceUnavailableException"),
        (504, b'{"message": "Endpoint request timed out"}', "InternalServerErrorException"),
    ],
)
def test_errors_of_the_gateway(status: int, body: bytes, error: str) -> None:
    target = Target(faults=Faults(errors=1.0))
    link = target.connect()
    feed(link, request() * 3)
    found = {code: (headers["x-amzn-errortype"], text) for code, headers, text in answers(link.data)}
    assert found[status] == (error, body)
    assert target.counters.faults == {"errors": 3}


def test_throttled() -> None:
    target = Target(throttle=Throttle(rate=1.0, burst=1))
    link = target.connect()
    feed(link, request() * 2)
    (first, _, _), (status, headers, body) = answers(link.data)
    assert (first, status, body) == (200, 429, b'{"message":"Too Many Requests"}')
    assert "x-cold" not in headers
    assert target.counters.throttled == 1


def test_what_lambda_answers_if_it_throttles() -> None:
    target = Target(environments=Environments(max=1, overflow="429"), service=Distribution.fixed(SECOND))
    link = target.connect()
    feed(link, request() * 2)
    target.run()
    _, (status, headers, body) = answers(link.data)
    assert (status, headers["x-amzn-errortype"]) == (429, "TooManyRequestsException")
    assert json.loads(body) == {
        "Reason": "ConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }
    assert target.counters.refused == {"ConcurrentInvocationLimitExceeded": 1}


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("rest", 500, b'{"message": "Internal server error"}'),
        ("http", 503, b'{"message":"Service Unavailable"}'),
    ],
)
def test_a_gateway_does_not_tell_that_the_function_was_throttled(kind: str, status: int, body: bytes) -> None:
    target = Target(environments=Environments(max=1, overflow="429"), gateway=Gateway.model_validate(kind))
    link = target.connect()
    feed(link, request("/delay/1s") * 2)
    target.run()
    assert answers(link.data)[1][::2] == (status, body)


def test_pipelined_answers_keep_their_order(target: Target) -> None:
    link = target.connect()
    data = request("/delay/30ms") + request("/delay/10ms") + request("/delay/50ms", "POST", b'{"id": "last"}')
    for i in range(len(data)):
        feed(link, data[i : i + 1])
    target.run()
    assert [when - START for when, _ in link.sent] == [30 * MILLISECOND, 30 * MILLISECOND, 50 * MILLISECOND]
    assert [status for status, _, _ in answers(link.data)] == [200, 200, 201]
    assert json.loads(answers(link.data)[2][2])["id"] == "last"


def test_a_long_pipeline_is_not_read_on(target: Target) -> None:
    link = target.connect()
    feed(link, request("/delay/1s") * 300)
    assert link.paused
    target.run()
    assert not link.paused
    assert len(answers(link.data)) == 300


def test_bodies_that_wait_are_bounded(target: Target) -> None:
    link = target.connect()
    feed(link, request("/delay/1s"))
    body = b"x" * (6 * 2**20)
    feed(link, request("/echo", "POST", body))
    assert not link.paused
    feed(link, request("/echo", "POST", body))
    assert link.paused
    link.stuck = True
    target.run()
    assert len(link.sent) == 1
    assert link.paused
    link.unstick()
    assert not link.paused
    assert [body == text for _, _, text in answers(link.data)] == [False, True, True]


def test_a_body_that_is_too_large_is_drained_and_refused(target: Target) -> None:
    link = target.connect()
    feed(link, request("/orders", "POST", b"", f"Content-Length: {10 * 2**20 + 1}"))
    for _ in range(160):
        feed(link, b"x" * 65536)
    assert not link.sent
    feed(link, b"x")
    assert answers(link.data)[0][0] == 413
    feed(link, request())
    assert [status for status, _, _ in answers(link.data)] == [413, 200]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, 431),
        (b"GET /" + b"y" * 70_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 12_000, 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 12_000, 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 70_000, 431),
    ],
)
def test_what_is_no_request_is_refused(target: Target, data: bytes, status: int) -> None:
    link = target.connect()
    feed(link, request())
    for i in range(0, len(data), 4096):
        feed(link, data[i : i + 4096])
    feed(link, b"more")
    [_, (found, headers, _)] = answers(link.data)
    assert (found, headers["connection"]) == (status, "close")
    assert link.ending == ("linger", START)
    assert not link.closed
    target.run(SECOND)
    assert link.closed
    assert target.counters.bad_requests == 1


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=8), st.booleans())
def test_no_bytes_break_it(pieces: list[bytes], begin: bool) -> None:
    target = Target()
    link = target.connect()
    if begin:
        feed(link, b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n")
    for piece in pieces:
        if not link.closed:
            feed(link, piece)
            target.run(1)
    if not link.closed:
        link.connection.ended()
    target.run(2 * SECOND)
    assert link.closed or target.counters.requests > target.counters.answered
    target.run(61 * SECOND)
    assert target.counters.requests >= target.counters.answered + target.counters.unanswered


def test_upgrades_are_declined_in_silence(target: Target) -> None:
    link = target.connect()
    upgrade = request("/", "GET", b"", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAAA")
    feed(link, upgrade + request() + upgrade)
    feed(link, request())
    assert [status for status, _, _ in answers(link.data)] == [200] * 4


def test_expect_100_continue() -> None:
    target = Target(rtt=20)
    link = target.connect()
    whole = request("/echo", "POST", b"hello", "Expect: 100-continue")
    feed(link, whole[:-5])
    target.run()
    assert link.sent == [(START + 20, b"HTTP/1.1 100 Continue\r\n\r\n")]
    feed(link, whole[-5:])
    target.run()
    assert answers(link.sent[1][1])[0][2] == b"hello"
    feed(link, whole)
    target.run()
    assert len(link.sent) == 3, "who sends the body at once is not told to"


def test_no_continue_follows_its_answer(target: Target) -> None:
    link = target.connect()
    feed(link, request("/echo", "POST", b"hello", "Expect: 100-continue"))
    target.run()
    assert len(link.sent) == 1


@pytest.mark.parametrize(
    "data",
    [
        request("/close"),
        request("/", "GET", b"", "Connection: close"),
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
def test_closes_when_it_or_the_client_says_so(target: Target, data: bytes) -> None:
    link = target.connect()
    feed(link, data + request())
    [(status, headers, _)] = answers(link.data)
    assert (status, headers["connection"]) == (200, "close")
    assert link.ending == ("close", START)
    assert target.counters.unanswered == 1


def test_http_1_0_may_keep_the_connection(target: Target) -> None:
    link = target.connect()
    feed(link, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert answers(link.data)[0][1]["connection"] == "keep-alive"
    assert link.ending is None


def test_requests_per_connection() -> None:
    link = Target(requests_per_connection=2).connect()
    feed(link, request())
    feed(link, request())
    assert [headers["connection"] for _, headers, _ in answers(link.data)] == ["keep-alive", "close"]
    assert link.ending == ("close", START)


def test_idle_connections_are_closed() -> None:
    target = Target(idle_close=100, service=Distribution.fixed(250))
    link, silent = target.connect(), target.connect()
    feed(link, request())
    target.run()
    assert silent.ending == ("close", START + 100)
    assert link.ending == ("close", START + 350)
    assert target.counters.closed_idle == 2


def test_who_does_not_read_is_reset_in_the_end() -> None:
    target = Target(idle_close=100)
    link = target.connect()
    link.stuck = True
    feed(link, request())
    target.run()
    assert link.ending == ("reset", START + 100)


def test_the_client_may_half_close(target: Target) -> None:
    link = target.connect()
    feed(link, request("/delay/10ms") + request("/delay/20ms"))
    link.connection.ended()
    target.run()
    assert len(answers(link.data)) == 2
    assert link.ending == ("close", START + 20 * MILLISECOND)


def test_a_stall_holds_everything() -> None:
    target = Target(stalls=[Stall.model_validate({"at": 100, "for": 1000})])
    link, other = target.connect(), target.connect()
    feed(link, request())
    target.run(100)
    feed(other, request("/status/204"))
    target.run()
    assert [when - START for when, _ in link.sent + other.sent] == [0, 1100]


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("reset", ends("reset")),
        ("truncate", ends("cut")),
        ("drip", replies_once(200)),
        ("endless", goes_on(b"10000\r\nxxx")),
    ],
)
def test_faults(fault: str, check: Check) -> None:
    target = Target(faults=Faults.model_validate({fault: 1.0}))
    link = target.connect()
    feed(link, request())
    target.run(2 * SECOND if fault == "drip" else SECOND)
    check(link)
    assert target.counters.faults == {fault: 1}


def test_the_truth_log_has_a_line_for_every_request(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    target = Target(
        log,
        rtt=20 * MILLISECOND,
        service=Distribution.fixed(MILLISECOND),
        environments=Environments(max=1, init=5 * MILLISECOND),
    )
    link = target.connect(owed=1)
    feed(link, request('/a,"b') + request("/reset") + request("/lost", "PUT") + b"DELETE /half HTTP/1.1\r\n")
    target.run()
    assert target.core.truth
    target.core.truth.close()
    with log.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    table = [[row[key] for key in ("request", "method", "path", "status", "cold", "env", "fault")] for row in rows]
    assert table == [
        ["1", "GET", '/a,"b', "200", "1", "1", ""],
        ["2", "GET", "/reset", "0", "0", "0", ""],
        ["4", "DELETE", "/half", "0", "0", "0", "partial"],
        ["3", "PUT", "/lost", "0", "0", "1", ""],
    ]
    first, reset, half, lost = rows
    assert int(first["intended_ns"]) - int(first["received_ns"]) == 46 * MILLISECOND
    assert first["sent_ns"] == first["intended_ns"]
    assert (reset["intended_ns"], reset["sent_ns"]) == (str(START + 20 * MILLISECOND), first["sent_ns"])
    assert (half["received_ns"], half["sent_ns"], lost["sent_ns"]) == ("0", "0", "0")
    assert (lost["service_ns"], lost["queued_ns"]) == (str(MILLISECOND), str(6 * MILLISECOND))
    counters = target.counters
    assert (counters.requests, counters.answered, counters.unanswered, counters.partial) == (3, 2, 1, 1)
