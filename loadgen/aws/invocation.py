"""What the answer to an Invoke tells: the REPORT line at the end of the log, and the error of a function.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (the line), and
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html (platform.report, its JSON form)
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from typing import Any, NamedTuple

from loadgen.clock import MILLISECOND

API = "/2015-03-31/functions/"
LOG_RESULT = "x-amz-log-result"
FUNCTION_ERROR = "x-amz-function-error"
EXECUTED_VERSION = "x-amz-executed-version"
REQUEST_ID = "x-amzn-requestid"
TAIL = 8192  # characters of base64: Lambda sends the last 4 KB of a log
ROUNDED = MILLISECOND  # some REPORTs have whole milliseconds
MOST = 1e9  # ms or MB that are believed
TIMED_OUT = "timed out"
_TIMED_OUT = re.compile(rb"Task timed out after [0-9.]{1,16} seconds")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.$-]{0,99}")
_LINE = re.compile(
    rb"(Billed Restore Duration|Billed Duration|Restore Duration|Init Duration|Duration|Memory Size|Max Memory Used): "
    rb"([0-9]{1,12}(?:\.[0-9]{1,9})?) (?:ms|MB)"
)
_STATUS = re.compile(rb"\bStatus: ([a-z]{1,16})\b")
BEGIN = b"REPORT RequestId: "
_IN_JSON = {
    "Duration": "durationMs",
    "Billed Duration": "billedDurationMs",
    "Memory Size": "memorySizeMB",
    "Max Memory Used": "maxMemoryUsedMB",
    "Init Duration": "initDurationMs",
    "Restore Duration": "restoreDurationMs",
}

# what `AWS_LAMBDA_INITIALIZATION_TYPE` says, which a function may tell in its answer as `initialization_type`
PROVISIONED, MANAGED = "provisioned-concurrency", "lambda-managed-instances"


class Report(NamedTuple):
    """A REPORT. `handler`, `init` and `restore` are in ns, -1: not told; `billed` is in ms, and has what is billed of
    init and restore in it; `memory` is the function's size and `memory_used` the most that its environment used, in MB.
    `status` is empty for success."""

    handler: int
    billed: int
    memory: int
    memory_used: int
    init: int = -1
    restore: int = -1
    status: str = ""


def log_of(tail: str | None) -> bytes:
    """The end of a log, of its base64; empty for what is none."""
    try:
        return b64decode((tail or "")[-TAIL:], validate=True)
    except ValueError:
        return b""


def report_of(tail: str | None, request_id: str) -> Report | None:
    """The REPORT in a log's tail (base64) of the request with that id; the last one if the id is empty. None if there
    is none that can be read: the system log level of the function may be WARN. A handler can print such lines too."""
    log = log_of(tail)
    of, found = request_id.encode("ascii", "replace"), None
    for line in log.splitlines():
        if line.startswith(BEGIN + of) or (b'"platform.report"' in line and of in line):
            found = report_in(line) or found
    return found


def report_in(line: bytes) -> Report | None:
    """The REPORT that a line of a log is, in text or JSON; None if it is none that can be read."""
    return _of_text(line) if line.startswith(BEGIN) else _of_json(line)


def _of_text(line: bytes) -> Report | None:
    figures = {name.decode(): float(value) for name, value in _LINE.findall(line)}
    status = _STATUS.search(line)
    return _report(figures, status[1].decode() if status else "")


def _of_json(line: bytes) -> Report | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    record = event.get("record") if isinstance(event, dict) and event.get("type") == "platform.report" else None
    metrics = record.get("metrics") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(metrics, dict):
        return None
    status = record.get("status")
    figures = {name: float(metrics[key]) for name, key in _IN_JSON.items() if _is_number(metrics.get(key))}
    return _report(figures, status if isinstance(status, str) and _WORD.fullmatch(status) else "")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _report(figures: dict[str, float], status: str) -> Report | None:
    if "Duration" not in figures or max(figures.values()) > MOST:
        return None
    return Report(
        _ns(figures["Duration"]),
        math.ceil(figures.get("Billed Duration", 0.0)),
        round(figures.get("Memory Size", 0.0)),
        round(figures.get("Max Memory Used", 0.0)),
        _ns(figures.get("Init Duration", -1.0)),
        _ns(figures.get("Restore Duration", -1.0)),
        "" if status == "success" else status,
    )


def _ns(ms: float) -> int:
    return round(ms * MILLISECOND) if ms >= 0 else -1


def start_of(report: Report, client: int, initialization: str) -> str:
    """How the environment of an invocation came to it: `cold`, `restored` from a snapshot, `provisioned` or `warm`.

    An Init or a Restore is part of it only if the client waited for at least that and the handler, but for what a
    REPORT rounds: `client` is what it waited, in ns. Lambda prints the Init of a provisioned environment, and of
    one that it made beforehand, with the first request, which did not wait for it. `initialization` is what the
    function says of itself, if anything. Empty for a Managed Instance, whose environments serve many requests at
    once and have no cold starts.
    """
    if initialization == MANAGED:
        return ""
    for name, took in (("restored", report.restore), ("cold", report.init)):
        if took >= 0 and client + ROUNDED >= took + report.handler:
            return name
    return "provisioned" if initialization == PROVISIONED else "warm"


def error_of(kind: str, body: bytes) -> str:
    """The reason of a function's error, in a few words that are counted: its type, or that it timed out. `kind` is the
    value of X-Amz-Function-Error."""
    said = members(body)
    error = said.get("errorType")
    if _TIMED_OUT.search(body[:4096]):
        return TIMED_OUT
    if isinstance(error, str) and _WORD.fullmatch(error):
        return error
    return kind if _WORD.fullmatch(kind) else "Unhandled"


def members(body: bytes) -> dict[str, Any]:
    """The members of a body that is a JSON object; empty for any other."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
