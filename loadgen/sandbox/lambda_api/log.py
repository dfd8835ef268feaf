"""The log that a call leaves, as CloudWatch has it: in text, or as JSON.

Log formats and levels: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
Events in JSON: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from loadgen.clock import MILLISECOND, SECOND
from loadgen.sandbox.invocation import Invocation
from loadgen.sandbox.lambda_api.configuration import Configuration

TAIL = 4096
"""The last bytes of the log, which an answer may carry."""
ERROR_TYPE, ERROR_MESSAGE = "SimulatedError", "The simulated function failed, as the profile asks for"
_encode = json.JSONEncoder(separators=(",", ":")).encode


def tail(invocation: Invocation, configuration: Configuration, prints: int, begin: int, end: int) -> bytes:
    """The end of its log in base64. The function prints so many bytes. `begin` and `end` are wall ns."""
    lines = (_events if configuration.log_format == "json" else _text)(invocation, configuration, prints, begin, end)
    return b64encode("".join(f"{line}\n" for line in lines).encode()[-TAIL:])


def failure(invocation: Invocation, limit: int) -> dict[str, str]:
    """What a call answers that has failed; `limit` is the time that it had, in ns."""
    if invocation.status == "timeout":
        after = f"Task timed out after {limit / SECOND:.2f} seconds"
        return {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {invocation.request_id} Error: {after}"}
    return {"errorMessage": ERROR_MESSAGE, "errorType": ERROR_TYPE}


def _text(call: Invocation, configuration: Configuration, prints: int, begin: int, end: int) -> list[str]:
    lines = [f"START RequestId: {call.request_id} Version: {call.version}"]
    if prints:
        lines.append("x" * min(prints, TAIL))
    if call.status == "error":
        lines.append(f"[ERROR] {ERROR_TYPE}: {ERROR_MESSAGE}")
    if call.status == "timeout":
        lines += [
            f"{_stamp(end)} {call.request_id} Task timed out after {configuration.timeout / SECOND:.2f} seconds",
            "",
        ]
    return [*lines, f"END RequestId: {call.request_id}", report(call)]


def report(call: Invocation) -> str:
    """The REPORT line."""
    parts = [
        f"REPORT RequestId: {call.request_id}",
        f"Duration: {_ms(call.duration):.2f} ms",
        f"Billed Duration: {call.billed} ms",
        f"Memory Size: {call.memory} MB",
        f"Max Memory Used: {call.memory_used} MB",
    ]
    if call.init:
        parts.append(f"Init Duration: {_ms(call.init):.2f} ms")
    if call.restore:
        parts.append(f"Restore Duration: {_ms(call.restore):.2f} ms")
        parts.append(f"Billed Restore Duration: {call.billed_restore} ms")
    kind = [f"Error Type: {ERROR_TYPE}"] if call.status == "error" else []
    parts += [f"Status: {call.status}", *kind] if call.status != "success" else [""]
    return "\t".join(parts)


def _events(call: Invocation, configuration: Configuration, prints: int, begin: int, end: int) -> list[str]:
    said: list[tuple[str, str]] = []
    if prints:
        said.append(("INFO", "x" * min(prints, TAIL)))
    if call.status == "error":
        said.append(("ERROR", f"{ERROR_TYPE}: {ERROR_MESSAGE}"))
    if call.status == "timeout":
        said.append(("ERROR", f"Task timed out after {configuration.timeout / SECOND:.2f} seconds"))
    lines = [
        _encode({"timestamp": _stamp(end), "level": level, "message": message, "requestId": call.request_id})
        for level, message in said
    ]
    if configuration.log_level == "warn":
        return lines
    start = _event("start", begin, {"requestId": call.request_id, "version": call.version})
    return [start, *lines, _event("report", end, _record(call))]


def report_line(call: Invocation, configuration: Configuration, end: int) -> str | None:
    """The one line of the log that tells what a call took, which ended at `end`, wall ns; None: the log has none."""
    if configuration.log_level == "warn":
        return None
    return report(call) if configuration.log_format == "text" else _event("report", end, _record(call))


def _event(kind: str, at: int, record: dict[str, Any]) -> str:
    return _encode({"time": _stamp(at), "type": f"platform.{kind}", "record": record})


def _record(call: Invocation) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "durationMs": _ms(call.duration),
        "billedDurationMs": call.billed,
        "memorySizeMB": call.memory,
        "maxMemoryUsedMB": call.memory_used,
    }
    if call.init:
        metrics["initDurationMs"] = _ms(call.init)
    if call.restore:
        metrics |= {"restoreDurationMs": _ms(call.restore), "billedRestoreDurationMs": call.billed_restore}
    kind = {"errorType": ERROR_TYPE} if call.status == "error" else {}
    return {"requestId": call.request_id, "metrics": metrics, "status": call.status, **kind}


def _ms(ns: int) -> float:
    """With the two decimals that Lambda tells."""
    return round(ns / MILLISECOND, 2)


def _stamp(wall: int) -> str:
    ms = wall // MILLISECOND
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
