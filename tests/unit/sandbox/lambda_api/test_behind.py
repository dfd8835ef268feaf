"""What a request through the gateway leaves in the logs, asked over the sandbox's own HTTP in virtual time: each hop is
the one that the truth log has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lambda_sandbox import Reply, Sandbox

from loadgen.aws.credentials import SANDBOX
from loadgen.aws.invocation import Report
from loadgen.aws.logs import Access, in_json, reports
from loadgen.aws.sigv4 import Signer

MS = 1_000_000
REST = {
    "rtt": "4ms",
    "service": "lognormal(p50=20ms, p99=80ms)",
    "environments": {"max": 9, "init": "200ms"},
    "gateway": {"kind": "rest", "latency": "lognormal(p50=5ms, p99=20ms)"},
}


def called(target: Sandbox, times: int = 12) -> list[Reply]:
    return [target.call("POST", "/orders", b"{}", signed=False) for _ in range(times)]


def events(target: Sandbox, group: str) -> list[str]:
    signer, target.signer = target.signer, Signer("logs", "eu-west-1", SANDBOX)
    try:
        body = json.dumps({"logGroupName": group}).encode()
        reply = target.call("POST", "/", body, ("X-Amz-Target", "Logs_20140328.FilterLogEvents"))
    finally:
        target.signer = signer
    assert reply.status == 200, reply.body
    return [event["message"] for event in reply.body["events"]]


def read(target: Sandbox, name: str) -> tuple[list[Access], dict[str, Report]]:
    """The lines of the access log, and the function's REPORTs by id."""
    told = dict(found for line in events(target, f"/aws/lambda/{name}") for found in reports(line))
    return [access for line in events(target, f"/aws/apigateway/{name}") if (access := in_json(line))], told


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_each_hop_is_told_as_it_was(tmp_path: Path, kind: str) -> None:
    settings = {**REST, "gateway": {**REST["gateway"], "kind": kind}}  # type: ignore[dict-item]
    target = Sandbox(settings, tmp_path / "truth.csv", functions="orders", overhead="lognormal(p50=4ms, p99=9ms)")
    replies = called(target)
    lines, told = read(target, "orders")
    known = {row["request_id"]: row for row in target.rows() if row["path"] == "/orders"}
    assert len(lines) == len(told) == len(known) == len(replies)
    for reply, line in zip(replies, lines, strict=True):
        row, report = known[line.integration_id], told[line.integration_id]
        own = reply.headers["x-amzn-requestid" if kind == "rest" else "apigw-requestid"]
        assert (line.request_id, line.integration_id != own) == (own, True)
        init, handler, own_time = (int(row[name]) for name in ("init_ns", "service_ns", "overhead_ns"))
        assert max(0, report.init) == pytest.approx(init, abs=MS / 100)
        assert report.handler == pytest.approx(handler, abs=MS / 100)
        assert line.integration_ms * MS == pytest.approx(init + handler + own_time, abs=MS / 2)
        gateway = int(row["gateway_ns"])
        assert line.response_ms * MS == pytest.approx(init + handler + own_time + gateway, abs=MS / 2)
        assert (line.response_ms - line.integration_ms) * MS == pytest.approx(gateway, abs=MS)
        assert min(own_time, gateway) > 0


def test_what_the_gateway_refuses_reaches_no_function() -> None:
    target = Sandbox({"gateway": "http", "throttle": {"rate": "1/s", "burst": 1}}, functions="orders")
    assert [reply.status for reply in called(target, 3)] == [201, 429, 429]
    lines, told = read(target, "orders")
    assert [bool(line.integration_id) for line in lines] == [True, False, False]
    assert len(told) == 1


def test_what_the_gateway_does_not_wait_for_has_run() -> None:
    target = Sandbox({"service": "2s", "gateway": {"kind": "rest", "timeout": "1s"}}, functions="orders")
    assert [reply.status for reply in called(target, 1)] == [504]
    target.wait(3_000 * MS)
    [line], told = read(target, "orders")
    assert line.integration_ms == 1000.0
    assert told[line.integration_id].handler == 2_000 * MS


def test_without_a_gateway_there_is_no_such_log() -> None:
    target = Sandbox({"service": "2ms"}, functions="orders")
    assert "apigw-requestid" in called(target, 1)[0].headers
    for group in ("/aws/lambda/orders", "/aws/apigateway/orders"):
        with pytest.raises(AssertionError, match="does not exist"):
            events(target, group)


def test_without_names_the_function_is_called_sandbox() -> None:
    target = Sandbox({"gateway": "http"})
    called(target, 2)
    lines, told = read(target, "sandbox")
    assert [line.integration_id for line in lines] == [*told]
