"""CloudWatch Logs over the sandbox's HTTP: FilterLogEvents, for the reports of functions and an API's access log.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from loadgen.clock import MILLISECOND
from loadgen.profile.sandbox import Lambda
from loadgen.sandbox.heads import Heads
from loadgen.sandbox.lambda_api.filters import matcher
from loadgen.sandbox.lambda_api.handler import LambdaApi
from loadgen.sandbox.lambda_api.log import report_line
from loadgen.sandbox.lambda_api.parameters import Parameters
from loadgen.sandbox.lambda_api.refusals import Refused, wrong
from loadgen.sandbox.lambda_api.signed import check, header_texts
from loadgen.sandbox.messages import Fate, Reply, Request
from loadgen.sandbox.simulation import Simulation

KIND = b"application/x-amz-json-1.1"
TARGET = "Logs_20140328."
GROUP, ACCESS_GROUP = "/aws/lambda/", "/aws/apigateway/"
"""The log groups of functions, and those of the access logs of the API before them, by the function's name."""
KNOWN = frozenset(
    {
        "logGroupName",
        "logGroupIdentifier",
        "logStreamNames",
        "logStreamNamePrefix",
        "startTime",
        "endTime",
        "filterPattern",
        "nextToken",
        "limit",
        "interleaved",
    }
)
LIMIT = 10_000
LAST = 2**53
"""The latest time, in ms."""
SIZE_LIMIT = 2**20
"""Of the messages in an answer."""
INVALID = ("InvalidParameterValueException", "ValidationException")
"""The errors of Lambda that are one of CloudWatch."""
_TOKEN = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")


def addressed(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a request is meant for CloudWatch Logs."""
    return any(name.lower() == b"x-amz-target" and value.startswith(TARGET.encode()) for name, value in headers)


class Event(NamedTuple):
    """A line of a log, written at `end`, in wall ns. `order` counts them."""

    end: int
    order: int
    stream: str
    message: str


class Logs:
    """The handler of such requests. They are answered at once."""

    body_limit = SIZE_LIMIT

    def __init__(
        self, simulation: Simulation, heads: Heads, api: LambdaApi, settings: Lambda, wall: Callable[[], int]
    ) -> None:
        self._simulation, self._heads = simulation, heads
        self._records, self._functions = api.records, api.functions
        self._wall, self._delay = wall, settings.log_delay
        self._signed = settings.signatures == "verify"

    def fate(self, request: Request) -> Fate:
        fate = self._simulation.bypass(request.received)
        try:
            fate.status, body = 200, self._perform(request)
        except Refused as refused:
            code = "InvalidParameterException" if refused.code in INVALID else refused.code
            fate.status, body = 400, {"__type": code, "message": refused.message}
        request.body, request.headers = json.dumps(body).encode(), ()
        return fate

    def answer(self, request: Request) -> Reply:
        status, body = request.fate.status, request.body
        return Reply(status, self._heads.service_head(request, status, len(body), KIND) + body)

    def _perform(self, request: Request) -> dict[str, Any]:
        """Raises Refused."""
        headers = header_texts(request)
        if self._signed:
            check(request, headers, "logs", self._wall())
        name = dict(headers)["x-amz-target"].removeprefix(TARGET)
        if name != "FilterLogEvents":
            raise Refused(400, "UnknownOperationException", "The sandbox does: FilterLogEvents")
        request.operation = name
        return self._filter(Parameters.read(request.body, KNOWN))

    def _filter(self, asked: Parameters) -> dict[str, Any]:
        """A page of the events that match, in the order of their times."""
        limit, size = asked.whole("limit", 1, LIMIT, LIMIT), 0
        events: list[dict[str, Any]] = []
        page: dict[str, Any] = {"events": events, "searchedLogStreams": []}
        last = (0, 0)
        for event in self._matching(asked):
            size += len(event.message)
            if len(events) == limit or size > SIZE_LIMIT:
                return {**page, "nextToken": f"{last[0]}-{last[1]}"}
            events.append(self._event(event))
            last = event.end, event.order
        return page

    def _matching(self, asked: Parameters) -> Iterator[Event]:
        """The events behind the token that match. Raises Refused."""
        after = _after(asked)
        begin, end = asked.whole("startTime", 0, LAST, 0), asked.whole("endTime", 0, LAST, LAST)
        streams, prefix = asked.texts("logStreamNames", 100), asked.text("logStreamNamePrefix", 512)
        try:
            matches = matcher(asked.text("filterPattern", 1024))
        except ValueError as error:
            raise wrong(str(error)) from None
        there = self._wall() - self._delay
        for event in sorted(self._events(_group(asked))):
            if event.end > there or (event.end, event.order) <= after or not begin <= event.end // MILLISECOND <= end:
                continue
            if (streams and event.stream not in streams) or not event.stream.startswith(prefix):
                continue
            if matches(event.message):
                yield event

    def _events(self, group: str) -> Iterator[Event]:
        """All events of a log group. Raises Refused."""
        records = self._records
        if group == f"{ACCESS_GROUP}{self._functions.front}" and records.accesses:
            yield from (Event(of.end, of.order, "access", of.message) for of in records.accesses)
            return
        function = group.removeprefix(GROUP)
        if not group.startswith(GROUP) or not records.has(function):
            raise Refused(400, "ResourceNotFoundException", "The specified log group does not exist.")
        for record in records.of(function):
            message = report_line(record.call, record.configuration, record.end)
            if message:
                yield Event(record.end, record.order, record.stream, message)

    def _event(self, event: Event) -> dict[str, Any]:
        ms = event.end // MILLISECOND
        return {
            "logStreamName": event.stream,
            "timestamp": ms,
            "message": f"{event.message}\n",
            "ingestionTime": ms + self._delay // MILLISECOND,
            "eventId": f"{ms:020d}{event.order:036d}",
        }


def _group(asked: Parameters) -> str:
    """The log group that is meant, by its name or its ARN. Raises Refused."""
    group = asked.text("logGroupName", 512) or asked.text("logGroupIdentifier", 2048)
    if not group:
        raise wrong("At least one of logGroupName and logGroupIdentifier must be there")
    return group.partition(":log-group:")[2].removesuffix(":*") or group


def _after(asked: Parameters) -> tuple[int, int]:
    """The end and the order of the last event that the caller has."""
    token = asked.text("nextToken", 100)
    match = _TOKEN.fullmatch(token)
    if token and not match:
        raise wrong("The specified nextToken is invalid.")
    return (int(match[1]), int(match[2])) if match else (0, 0)
