"""CloudWatch Logs over the sandbox's HTTP: FilterLogEvents, for the reports of functions.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from loadgen.clock import MILLISECOND
from loadgen.profile.sandbox import Lambda
from loadgen.sandbox.heads import Heads
from loadgen.sandbox.lambda_api.filters import matcher
from loadgen.sandbox.lambda_api.log import report_line
from loadgen.sandbox.lambda_api.parameters import Parameters
from loadgen.sandbox.lambda_api.records import Record, Records
from loadgen.sandbox.lambda_api.refusals import Refused, wrong
from loadgen.sandbox.lambda_api.signed import check, header_texts
from loadgen.sandbox.messages import Fate, Reply, Request
from loadgen.sandbox.simulation import Simulation

KIND = b"application/x-amz-json-1.1"
TARGET = "Logs_20140328."
GROUP = "/aws/lambda/"
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


class Logs:
    """The handler of such requests. They are answered at once."""

    body_limit = SIZE_LIMIT

    def __init__(
        self, simulation: Simulation, heads: Heads, records: Records, settings: Lambda, wall: Callable[[], int]
    ) -> None:
        self._simulation, self._heads = simulation, heads
        self._records, self._wall, self._delay = records, wall, settings.log_delay
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
        for record, message in self._matching(asked):
            size += len(message)
            if len(events) == limit or size > SIZE_LIMIT:
                return {**page, "nextToken": f"{last[0]}-{last[1]}"}
            events.append(self._event(record, message))
            last = record.end, record.order
        return page

    def _matching(self, asked: Parameters) -> Iterator[tuple[Record, str]]:
        """The records behind the token, and their messages."""
        function, after = _function(asked), _after(asked)
        if not self._records.has(function):
            raise Refused(400, "ResourceNotFoundException", "The specified log group does not exist.")
        begin, end = asked.whole("startTime", 0, LAST, 0), asked.whole("endTime", 0, LAST, LAST)
        streams, prefix = asked.texts("logStreamNames", 100), asked.text("logStreamNamePrefix", 512)
        try:
            matches = matcher(asked.text("filterPattern", 1024))
        except ValueError as error:
            raise wrong(str(error)) from None
        there = self._wall() - self._delay
        for record in sorted(record for record in self._records.of(function) if record.end <= there):
            if (record.end, record.order) <= after or not begin <= record.end // MILLISECOND <= end:
                continue
            if (streams and record.stream not in streams) or not record.stream.startswith(prefix):
                continue
            message = report_line(record.call, record.configuration, record.end)
            if message and matches(message):
                yield record, message

    def _event(self, record: Record, message: str) -> dict[str, Any]:
        ms = record.end // MILLISECOND
        return {
            "logStreamName": record.stream,
            "timestamp": ms,
            "message": f"{message}\n",
            "ingestionTime": ms + self._delay // MILLISECOND,
            "eventId": f"{ms:020d}{record.order:036d}",
        }


def _function(asked: Parameters) -> str:
    """The function whose log group is meant, by its name or its ARN."""
    group = asked.text("logGroupName", 512) or asked.text("logGroupIdentifier", 2048)
    if not group:
        raise wrong("At least one of logGroupName and logGroupIdentifier must be there")
    group = group.partition(":log-group:")[2].removesuffix(":*") or group
    if not group.startswith(GROUP):
        raise Refused(400, "ResourceNotFoundException", "The specified log group does not exist.")
    return group.removeprefix(GROUP)


def _after(asked: Parameters) -> tuple[int, int]:
    """The end and the order of the last event that the caller has."""
    token = asked.text("nextToken", 100)
    match = _TOKEN.fullmatch(token)
    if token and not match:
        raise wrong("The specified nextToken is invalid.")
    return (int(match[1]), int(match[2])) if match else (0, 0)
