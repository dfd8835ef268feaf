"""What a step reads from its answer: whether it is as expected, the captured values, and the times that the server
reports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from loadgen.aws.attributes import plain
from loadgen.aws.dynamodb import OPERATIONS
from loadgen.aws.errors import gateway_reason
from loadgen.aws.refusals import with_clock
from loadgen.clock import MILLISECOND
from loadgen.exchange import BODY, HEADERS, INVOCATION_TIMES, NOTHING, Exchange, Outcome
from loadgen.profile.model import Expect, Selector, Step

MISSING = object()
WORDS = ("start", "version", "status")  # of an invocation
EXCERPT = 2048  # the bytes of a refusal that are searched for the times in it
# the parts of a server-timing header that has quotes; a comma or semicolon in them does not separate parts
_METRIC = re.compile(r'(?:[^,"]|"[^"]*"?)+')
_PARAMETER = re.compile(r'(?:[^;"]|"[^"]*"?)+')
_DURATION = re.compile(r'dur\s*=\s*"?([0-9.]+)"?', re.IGNORECASE)
_UNREAD = object()


class Answer:
    """An exchange's answer for selectors. Its JSON is parsed at most once."""

    def __init__(self, x: Exchange) -> None:
        self._x = x
        self._json: Any = _UNREAD

    def get(self, selector: Selector) -> Any:
        """The selected value, or MISSING."""
        if selector.kind == "status":
            return self._x.status
        if selector.kind == "header":
            return self._header(selector)
        if selector.kind == "report":
            return told(self._x, str(selector.path[0]))
        if selector.kind in ("item", "items"):
            return self.item(selector)
        if not selector.path:
            return self.text()
        return self.at(selector.path)

    def item(self, selector: Selector) -> Any:
        """The item or items that DynamoDB returned, as plain values: for `item` the attributes of one, for `items` a
        list."""
        operation = OPERATIONS.get(self._x.request.operation)
        wanted = operation.answers(self.at(())) if operation else []
        try:
            items = [plain({"M": item}) for item in wanted]
        except ValueError:
            return MISSING
        if selector.kind == "items":
            return _at(items, selector.path)
        return _at(items[0], selector.path) if items else MISSING

    def header(self, name: str) -> str | None:
        return (self._x.headers or {}).get(name)

    def text(self) -> str:
        return (self._x.body or b"").decode("utf-8", "replace")

    def at(self, path: tuple[str | int, ...]) -> Any:
        """The value at a path of the JSON body, or MISSING."""
        if self._json is _UNREAD:
            try:
                self._json = json.loads(self._x.body or b"")
            except (ValueError, RecursionError):
                self._json = MISSING
        return _at(self._json, path)

    def _header(self, selector: Selector) -> Any:
        value = self.header(selector.name)
        if value is None:
            return MISSING
        return _duration(value, str(selector.path[0])) if selector.path else value


def _duration(timing: str, metric: str) -> Any:
    """The `dur` of a metric of a server-timing header, or MISSING."""
    quoted = '"' in timing
    for part in _METRIC.findall(timing) if quoted else timing.split(","):
        name, *parameters = (_PARAMETER.findall(part) if quoted else part.split(";")) or [""]
        if name.strip() == metric:
            for parameter in parameters:
                if match := _DURATION.fullmatch(parameter.strip()):
                    return match[1]
            return MISSING
    return MISSING


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        if isinstance(value, dict):
            value = value.get(str(key), MISSING)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return MISSING
    return value


def told(x: Exchange, name: str) -> Any:
    """What the answer tells of its invocation by that name, times in ms; MISSING if it does not tell it. What is billed
    for an Init or a Restore that nobody waited for is billed once for an environment, and tells nothing of a call."""
    invocation = x.invocation
    if invocation is None:
        return MISSING
    if name in INVOCATION_TIMES:
        time: int = getattr(invocation, name)
        return time / MILLISECOND if time >= 0 else MISSING
    if name in WORDS:
        return getattr(invocation, name) or MISSING
    counts = invocation.counts
    return MISSING if not counts.reports or (name == "billed" and counts.prepared) else getattr(counts, name)


def wants(step: Step, split_by: tuple[str, ...] = ()) -> int:
    """What a client must keep of the answer for this step: NOTHING, HEADERS or BODY."""
    if step.operation:
        return BODY  # a checksum is verified in it, or an error of a function is read
    expect = step.expect
    selectors = [*step.captures.values(), *step.records.values()]
    if (expect and (expect.json_values or expect.body is not None)) or any(s.kind == "body" for s in selectors):
        return BODY
    if (expect and expect.headers) or any(s.kind == "header" for s in selectors):
        return HEADERS
    return NOTHING


def by_status(status: int) -> Outcome:
    """The outcome class of an answer that is not ok."""
    if status == 429:
        return Outcome.THROTTLED
    if status >= 500:
        return Outcome.HTTP_5XX
    return Outcome.HTTP_4XX if status >= 400 else Outcome.UNEXPECTED


def refusal(x: Exchange) -> str:
    """Why the answer is a refusal: its status, and, if API Gateway sent it, what API Gateway means by it.

    If the step wanted nothing of the answer, a failing one still has its excerpt.
    """
    if x.status < 400:
        return f"status {x.status}"
    headers, body = x.headers, x.body
    if headers is None or body is None:
        head, _, rest = x.excerpt.partition(b"\r\n\r\n")
        pairs = (line.partition(":")[::2] for line in head.decode("latin-1").split("\r\n")[1:])
        headers, body = {name.strip().lower(): value.strip() for name, value in pairs}, rest
    reason = gateway_reason(x.status, headers, body)
    return with_clock(reason, body[:EXCERPT].decode("latin-1"), headers.get("date", ""))


def judge(expect: Expect | None) -> Callable[[Exchange], None]:
    """The function that sets outcome and reason of an answered exchange. Unless the profile says what it expects, a
    status of 2xx is all it takes."""
    if expect is None:
        return _by_status_alone
    spans = expect.status
    wanted = " or ".join(str(low) if low == high else f"{low}..{high}" for low, high in spans)
    more = bool(expect.headers or expect.json_values or expect.item or expect.body is not None)

    def check(x: Exchange) -> None:
        if not within(x.status, spans):
            x.outcome, x.reason = by_status(x.status), f"{refusal(x)}, not {wanted}"
        elif more and (reason := mismatch(expect, x)):
            x.outcome, x.reason = Outcome.UNEXPECTED, reason

    return check


def within(status: int, spans: tuple[tuple[int, int], ...]) -> bool:
    """Whether a status is within one of the spans, both ends included."""
    return any(low <= status <= high for low, high in spans)


def _by_status_alone(x: Exchange) -> None:
    if not 200 <= x.status < 300:
        x.outcome, x.reason = by_status(x.status), refusal(x)


def mismatch(expect: Expect, x: Exchange) -> str:
    """What is not as expected in an answer, apart from its status; empty if all is."""
    answer = Answer(x)
    for name, header in expect.headers.items():
        text = answer.header(name.lower())
        if text is None or not (header.search(text) if isinstance(header, re.Pattern) else text == header):
            return f"header {name} is {'missing' if text is None else 'another'}"
    for path, wanted in expect.json_values.items():
        value = answer.at(_selector(f"body.{path}").path)
        if type(value) is not type(wanted) or value != wanted:
            return f"json {path} is {'missing' if value is MISSING else 'another'}"
    for path, wanted in expect.item.items():
        value = answer.item(_selector(f"item.{path}"))
        if type(value) is not type(wanted) or value != wanted:
            return f"item {path} is {'missing' if value is MISSING else 'another'}"
    if expect.body is not None and expect.body not in answer.text():
        return "the body does not contain what is expected"
    return ""


@lru_cache(256)
def _selector(text: str) -> Selector:
    return Selector.parse(text)


def milliseconds(value: Any) -> int | None:
    """A time that the server reported in ms, as ns; None if it is not a number."""
    try:
        number = float(value) if not isinstance(value, bool) else -1
    except (TypeError, ValueError, OverflowError):
        return None
    return round(number * MILLISECOND) if 0 <= number < 1e9 else None
