"""Calls of a Lambda function, compiled: the request of an Invoke, and what its answer means.

The request is the same for every client. The client of an SDK takes the parameters of its call from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from loadgen.aws.errors import fault_of, gateway_reason
from loadgen.aws.invocation import (
    API,
    EXECUTED_VERSION,
    FUNCTION_ERROR,
    LOG_RESULT,
    REQUEST_ID,
    Report,
    error_of,
    members,
    report_of,
    start_of,
)
from loadgen.aws.refusals import with_clock
from loadgen.exchange import Exchange, Invocation, Invoked, Outcome, Request
from loadgen.profile.function import INVOKE
from loadgen.profile.model import Expect, Function, Step
from loadgen.workload.answers import by_status, mismatch, within
from loadgen.workload.render import Seeds, encoded, joined, json_pieces
from loadgen.workload.requests import Render, rendering

KINDS = {"request": "RequestResponse", "event": "Event", "dry-run": "DryRun"}
VERSION = 64  # characters of a version's name


def call(
    step: Step, called: Function, headers: tuple[tuple[str, str], ...], seeds: Seeds
) -> tuple[Request | None, Render | None]:
    """The step's request if it never changes, else the function that makes it."""
    assert step.invoke
    invoke = step.invoke
    lines = (*headers, ("Content-Type", "application/json"), ("X-Amz-Invocation-Type", KINDS[invoke.type]))
    if called.log_tail and step.reports:
        lines = (*lines, ("X-Amz-Log-Type", "Tail"))
    path = f"{API}{quote(called.name, safe='')}/invocations"
    if called.qualifier:
        path += f"?Qualifier={quote(called.qualifier, safe='')}"
    body = encoded(joined(json_pieces(invoke.payload, seeds))) if invoke.has_payload else b""
    if isinstance(body, bytes):
        return Request("POST", path, lines, body, INVOKE), None
    return None, rendering("POST", path, lines, body, INVOKE)


def judge(step: Step) -> Callable[[Exchange], None]:
    """The function that sets outcome, reason and invocation of an answered call."""
    expect, waits = step.expect, step.reports

    def check(x: Exchange) -> None:
        headers = x.headers or {}
        if not 200 <= x.status < 300:
            _failed(x, expect, headers)
            return
        if waits:
            x.invocation = _invocation(x, headers)
        if error := headers.get(FUNCTION_ERROR):
            x.outcome, x.reason = Outcome.FUNCTION_ERROR, error_of(error, x.body or b"")
        elif expect and not x.outcome and (reason := mismatch(expect, x)):
            x.outcome, x.reason = Outcome.UNEXPECTED, reason

    return check


def _failed(x: Exchange, expect: Expect | None, headers: Mapping[str, str]) -> None:
    if expect and within(x.status, expect.status):
        if reason := mismatch(expect, x):
            x.outcome, x.reason = Outcome.UNEXPECTED, reason
        return
    body = x.body or b""
    fault = fault_of(x.status, headers, body)
    reason = gateway_reason(x.status, headers, body) if x.status == 429 or not fault else fault.code
    x.outcome = by_status(x.status)
    x.reason = with_clock(reason, fault.message if fault else "", headers.get("date", ""))


def _invocation(x: Exchange, headers: Mapping[str, str]) -> Invocation:
    version = headers.get(EXECUTED_VERSION, "")[:VERSION]
    body = x.body or b""
    said = members(body) if b'"initialization_type"' in body or b'"cold"' in body else {}
    report = report_of(headers.get(LOG_RESULT), headers.get(REQUEST_ID, ""))
    if report is None:
        cold = said.get("cold")
        start = ("cold" if cold else "warm") if isinstance(cold, bool) else ""
        return Invocation(Invoked(told=int(bool(start))), start=start, version=version)
    initialization = said.get("initialization_type")
    return _reported(x, report, initialization if isinstance(initialization, str) else "", version)


def _reported(x: Exchange, report: Report, initialization: str, version: str) -> Invocation:
    """What the client waited begins with the first byte that it sent, and ends with the last one that came."""
    client = (x.received if x.received > 0 else x.done) - x.sent
    start = start_of(report, client, initialization)
    init = report.init if start == "cold" else -1
    restore = report.restore if start == "restored" else -1
    prepared = int(start not in ("cold", "restored") and max(report.init, report.restore) >= 0)
    billed, memory = report.billed, report.memory
    return Invocation(
        Invoked(1, 1, 0, prepared, billed, billed * memory, memory, report.memory_used),
        handler=report.handler,
        init=init,
        restore=restore,
        overhead=max(0, client - report.handler - max(init, restore, 0)),
        start=start,
        version=version,
        status=report.status,
    )
