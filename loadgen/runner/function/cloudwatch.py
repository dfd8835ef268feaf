"""FilterLogEvents of CloudWatch Logs: the lines of a log group that have certain ids.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from loadgen.aws.auth import Access
from loadgen.aws.errors import Fault
from loadgen.aws.refusals import denied
from loadgen.exchange import Request
from loadgen.profile.model import Profile
from loadgen.runner.control import CallFailed, Control
from loadgen.runner.destination import Destination
from loadgen.workload.scenarios import USER_AGENT

FILTER = "FilterLogEvents"
PERMISSION = f"logs:{FILTER}"
SIGNS_AS = "logs"
KIND = "application/x-amz-json-1.1"
LIMIT = 500  # lines of an answer
PATTERN = 1024  # characters
PAGES = 100  # of one call's answer
PAUSES = (0.5, 1.0, 2.0, 4.0)  # s, before a call that failed in a way that passes is made again

Sleep = Callable[[float], Awaitable[object]]


class CloudWatch(Control):
    """Signed calls of the CloudWatch Logs of a region. `cut` says that there was more than was read."""

    def __init__(
        self, profile: Profile, to: Destination, access: Access, region: str, sleep: Sleep = asyncio.sleep
    ) -> None:
        super().__init__(profile, to, access, f"CloudWatch Logs in {region} at {to.origin.url}")
        self._sleep, self.cut = sleep, False

    async def lines(self, group: str, ids: Sequence[str], begin: int, end: int) -> AsyncIterator[str]:
        """The lines with one of these ids, which `pattern` takes, or all without ids, between two times in ms since
        1970. Raises CallFailed."""
        asked: dict[str, Any] = {"logGroupName": group, "startTime": begin, "endTime": end, "limit": LIMIT}
        if ids:
            asked["filterPattern"] = pattern(ids)
        for _ in range(PAGES):
            answer = await self._page(asked)
            events = answer.get("events")
            for event in events if isinstance(events, list) else ():
                message = event.get("message") if isinstance(event, dict) else None
                if isinstance(message, str):
                    yield message
            token = answer.get("nextToken")
            if not isinstance(token, str) or not token:
                return
            asked["nextToken"] = token
        self.cut = True

    async def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Raises CallFailed."""
        lines = (("User-Agent", USER_AGENT), ("Content-Type", KIND), ("X-Amz-Target", f"Logs_20140328.{FILTER}"))
        request = Request("POST", "/", lines, json.dumps(asked).encode(), FILTER)
        for pause in (*PAUSES, None):
            try:
                answer = json.loads(await self.answer(request))
                break
            except CallFailed as error:
                if pause is None or not error.transient:
                    raise
                await self._sleep(pause)
            except (ValueError, RecursionError):
                raise CallFailed(f"{self.place}: {FILTER} is answered without events") from None
        if not isinstance(answer, dict):
            raise CallFailed(f"{self.place}: {FILTER} is answered without events")
        return answer

    def advice(self, operation: str, fault: Fault) -> str:
        if fault.code == "ResourceNotFoundException":
            return "there is no such log group here. Check its name and region"
        return denied(fault.code, PERMISSION, "the log group") or super().advice(operation, fault)


def pattern(ids: Sequence[str]) -> str:
    """The filter that takes a line with one of these ids, which have no quote in them."""
    return " ".join(f'?"{identity}"' for identity in ids)


def portions(ids: Sequence[str]) -> list[list[str]]:
    """The ids in portions, each of which makes a pattern that is not too long."""
    parts, size = [list[str]()], 0
    for identity in ids:
        size += len(identity) + 4
        if size > PATTERN:
            parts.append([])
            size = len(identity) + 4
        parts[-1].append(identity)
    return [part for part in parts if part]
