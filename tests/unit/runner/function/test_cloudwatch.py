"""FilterLogEvents as it is called: patterns, pages, refusals and failures that pass."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from loadgen.aws.errors import Fault
from loadgen.exchange import Request
from loadgen.runner.control import CallFailed
from loadgen.runner.function.cloudwatch import PAGES, PATTERN, PAUSES, CloudWatch, pattern, portions
from loadgen.sandbox.lambda_api.filters import matcher

Answer = Callable[[dict[str, Any]], bytes]


class Scripted(CloudWatch):
    """Answers without a network."""

    def __init__(self, answer: Answer) -> None:
        self.place, self.cut, self._answer = "CloudWatch Logs", False, answer
        self.asked: list[dict[str, Any]] = []
        self.slept: list[float] = []
        self._sleep = self.sleep  # type: ignore[assignment]

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def answer(self, request: Request) -> bytes:
        assert dict(request.headers)["X-Amz-Target"] == "Logs_20140328.FilterLogEvents"
        self.asked.append(json.loads(request.body))
        return self._answer(self.asked[-1])


def lines(calls: CloudWatch) -> list[str]:
    async def read() -> list[str]:
        return [line async for line in calls.lines("/aws/lambda/orders", ["id-1", "id-2"], 5, 9)]

    return asyncio.run(read())


def test_pages_are_read_to_their_end() -> None:
    def answer(asked: dict[str, Any]) -> bytes:
        token = int(asked.get("nextToken", 0))
        more = {"nextToken": str(token + 1)} if token < 3 else {}
        return json.dumps({"events": [{"message": f"line {token}"}] if token != 1 else [], **more}).encode()

    calls = Scripted(answer)
    assert lines(calls) == ["line 0", "line 2", "line 3"]
    assert calls.asked[0] == {
        "logGroupName": "/aws/lambda/orders",
        "startTime": 5,
        "endTime": 9,
        "filterPattern": '?"id-1" ?"id-2"',
        "limit": 500,
    }
    assert not calls.cut


def test_pages_without_end_are_cut() -> None:
    calls = Scripted(lambda asked: b'{"events": [{"message": "x"}], "nextToken": "again"}')
    assert len(lines(calls)) == PAGES
    assert calls.cut


def test_a_failure_that_passes_is_tried_again() -> None:
    left = [3]

    def answer(asked: dict[str, Any]) -> bytes:
        left[0] -= 1
        if left[0]:
            raise CallFailed("throttled", "ThrottlingException", transient=True)
        return b'{"events": []}'

    calls = Scripted(answer)
    assert lines(calls) == []
    assert calls.slept == list(PAUSES[:2])


def test_a_failure_that_stays_is_told() -> None:
    def answer(asked: dict[str, Any]) -> bytes:
        raise CallFailed("throttled", "ThrottlingException", transient=True)

    calls = Scripted(answer)
    with pytest.raises(CallFailed):
        lines(calls)
    assert calls.slept == list(PAUSES)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b"[" * 100_000])
def test_what_is_no_answer_of_it_is_said(body: bytes) -> None:
    with pytest.raises(CallFailed, match="is answered without events"):
        lines(Scripted(lambda asked: body))


@pytest.mark.parametrize("body", [b"{}", b'{"events": {}}', b'{"events": [5, {"message": 6}, null], "nextToken": 7}'])
def test_an_answer_may_hold_anything(body: bytes) -> None:
    assert lines(Scripted(lambda asked: body)) == []


def test_a_pattern_takes_the_lines_of_its_ids_and_is_not_too_long() -> None:
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(100)] + ["JKJaXmPLvHcESHA="] * 3
    parts = portions(ids)
    assert [identity for part in parts for identity in part] == ids
    assert max(len(pattern(part)) for part in parts) <= PATTERN
    assert len(parts) == 5
    matches = matcher(pattern(parts[0]))
    assert matches(f"REPORT RequestId: {ids[3]}\tDuration: 1 ms")
    assert not matches(f"REPORT RequestId: {ids[99]}\tDuration: 1 ms")
    assert portions([]) == []


def test_a_refusal_names_the_permission_and_the_group() -> None:
    calls = Scripted(lambda asked: b"{}")
    assert "Grant them logs:FilterLogEvents on the log group" in calls.advice(
        "FilterLogEvents", refusal("AccessDenied")
    )
    assert "no such log group" in calls.advice("FilterLogEvents", refusal("ResourceNotFoundException"))


def refusal(code: str) -> Fault:
    return Fault(code, "")
