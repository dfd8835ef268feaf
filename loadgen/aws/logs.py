"""Lines of logs that tell of single requests: the REPORT of a Lambda function, and an API's access log. The lines may
be of CloudWatch Logs, of a file exported from it, or of what a command line tool has printed.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (REPORT), `loadgen/aws/invocation.py`
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from loadgen.aws.invocation import Report, report_in

LINE = 65_536  # characters of a line that are looked at, unless it is JSON
LONGEST = 1 << 28  # bytes of a line of JSON: all events may be in one
MOST_MS = 1e9
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID = re.compile(r"[A-Za-z0-9_=+/:.-]{8,128}")
_REPORTED = re.compile(rf"REPORT RequestId: ({_UUID})(?![0-9a-f-])")
_IN_LINES = re.compile(r'\s*"(?:@?message|value)":\s*(".*")\s*,?\s*')
# of events and of Insights' rows; of a row of get-query-results
_MESSAGE = re.compile(
    r'"(?:@?message"|field"\s*+:\s*+"@message"\s*+,\s*+"value")\s*+:\s*+("[^"\\]*+(?:\\.[^"\\]*+)*+")'
)
_VARIABLE = re.compile(r"\$context\.([A-Za-z][A-Za-z0-9_.]{0,63})")
FORMAT = 4096  # characters of a format

# the variables of an access log that are used, by the field that has them
REQUEST, EXTENDED, INTEGRATION = "request_id", "extended_id", "integration_id"
RESPONSE_MS, INTEGRATION_MS = "response_ms", "integration_ms"
VARIABLES = {
    "requestId": REQUEST,
    "extendedRequestId": EXTENDED,
    "integration.requestId": INTEGRATION,
    "awsEndpointRequestId": INTEGRATION,
    "responseLatency": RESPONSE_MS,
    "integrationLatency": INTEGRATION_MS,
    "integration.latency": INTEGRATION_MS,
}
# members of JSON that have them where no format is given, without case, _ and -
_MEMBERS = {re.sub("[^a-z]", "", name.lower()): field for name, field in VARIABLES.items()}


class Access(NamedTuple):
    """An API's line of one request: the gateway's ids, and Lambda's, empty if the line lacks it; the time of the whole
    answer, and of Lambda's part of it, in ms, -1: not told."""

    request_id: str = ""
    extended_id: str = ""
    integration_id: str = ""
    response_ms: float = -1.0
    integration_ms: float = -1.0

    @property
    def ids(self) -> tuple[str, ...]:
        """The gateway's."""
        return tuple(of for of in (self.request_id, self.extended_id) if of)

    def merged(self, other: Access) -> Access | None:
        """What both tell; None if they contradict each other."""
        told, also = self._told(), other._told()
        if any(told.get(name, value) != value for name, value in also.items()):
            return None
        return Access(**(told | also))

    def _told(self) -> dict[str, Any]:
        return {name: value for name, value in self._asdict().items() if value not in ("", -1.0)}


class NoFormat(ValueError):
    """A text that is no format of an access log."""


Read = Callable[[str], Access | None]
T = TypeVar("T")


def reports(line: str) -> Iterator[tuple[str, Report]]:
    """The REPORTs in a line, with the id of their request."""
    yield from _read(line, _report)


def accesses(line: str, read: Read) -> Iterator[Access]:
    """What a line tells of requests to an API."""
    yield from _read(line, lambda text: access if (access := read(text)) and access.ids else None)


def is_json(line: str) -> bool:
    """Whether a line may be a document, or the events of one."""
    return line.lstrip("\ufeff \t")[:1] in ("{", "[")


def messages(line: str) -> Iterator[str]:
    """The messages in the JSON of a line, as FilterLogEvents and Logs Insights give them, or in a line of it."""
    quoted = [match[1]] if (match := _IN_LINES.fullmatch(line[:LINE])) else []
    for each in quoted or (_MESSAGE.findall(line) if is_json(line) else ()):
        text = _text(each)
        if text is not None:
            yield text[:LINE]


def _read(line: str, read: Callable[[str], T | None]) -> Iterator[T]:
    """What is read of the messages of a line; if that is nothing, of the line itself."""
    found = False
    for text in messages(line):
        if (one := read(text)) is not None:
            found = True
            yield one
    if not found and (one := read(line[:LINE])) is not None:
        yield one


def _report(text: str) -> tuple[str, Report] | None:
    if match := _REPORTED.search(text):
        report = report_in(text[match.start() :].partition('"')[0].encode())
        return (match[1], report) if report else None
    if '"platform.report"' not in text:
        return None
    text = text[text.find("{") :]
    said = _object(text).get("record")
    identity = said.get("requestId") if isinstance(said, dict) else None
    report = report_in(text.strip().encode())
    return (identity, report) if report and isinstance(identity, str) and re.fullmatch(_UUID, identity) else None


def in_json(text: str) -> Access | None:
    """The access log's line that is a JSON object, whose members have the names of the variables."""
    at = text.find("{")
    of = _object(text[at:]) if at >= 0 and "equest" in text else {}
    if not of or (of.get("type", "").__class__ is str and str(of.get("type", "")).startswith("platform.")):
        return None
    found: dict[str, Any] = {}
    for name, value in of.items():
        if field := _MEMBERS.get(re.sub("[^a-z]", "", name.lower())):
            found.setdefault(field, str(value))
    return _access(found)


def reader(template: str | None) -> Read:
    """Reads the lines of an access log with that format, as the API has it: `$context.requestId $context.status`, JSON
    too. Without one they are taken to be JSON with members named after the variables. Raises NoFormat."""
    if template is None:
        return in_json
    template = " ".join(template.split())
    literals, names = _VARIABLE.split(template)[::2], _VARIABLE.findall(template)
    fields = [VARIABLES.get(name, "") for name in names]
    if len(template) > FORMAT or not {REQUEST, EXTENDED} & set(fields):
        raise NoFormat("has no $context.requestId and no $context.extendedRequestId, so that no request is known by it")
    return lambda text: _access(_values(text, literals, fields))


def _values(text: str, literals: list[str], fields: list[str]) -> dict[str, str]:
    """The values between the literals, each up to the next place where its literal stands; none if one is missing."""
    found: dict[str, str] = {}
    at = text.find(literals[0]) + len(literals[0]) if literals[0] in text else -1
    for field, literal in zip(fields, literals[1:], strict=True):
        if at < 0:
            return {}
        end = text.find(literal, at) if literal else len(text)
        if field and end >= 0:
            found.setdefault(field, text[at:end].strip())
        at = end + len(literal) if end >= 0 else -1
    return found if at >= 0 else {}


def _access(of: Mapping[str, str]) -> Access | None:
    ids = {field: value for field in (REQUEST, EXTENDED, INTEGRATION) if _ID.fullmatch(value := of.get(field, ""))}
    if not ids:
        return None
    times = {field: _ms(of.get(field, "")) for field in (RESPONSE_MS, INTEGRATION_MS)}
    return Access(**ids, **times)  # type: ignore[arg-type]


def _ms(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return -1.0
    return value if math.isfinite(value) and 0 <= value <= MOST_MS else -1.0


def _object(text: str) -> dict[str, Any]:
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(quoted: str) -> str | None:
    try:
        value = json.loads(quoted)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None
