"""Calls of DynamoDB that the parent makes before and after a load: they concern the table itself and are not
measured."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Protocol, Self

from loadgen.aws.auth import Access
from loadgen.aws.dynamodb import CONTENT_TYPE, TARGET_PREFIX
from loadgen.aws.errors import classify, fault_of
from loadgen.aws.refusals import remedy as of_refusal
from loadgen.aws.refusals import with_clock
from loadgen.aws.retries import CODES, STATUSES, UNANSWERED
from loadgen.clock import SECOND
from loadgen.errors import TargetError
from loadgen.exchange import BODY, Exchange, Outcome, Request
from loadgen.net.timerfd import LoopClock
from loadgen.profile.clients import DEFAULT
from loadgen.profile.model import Profile, Session
from loadgen.record.excerpt import MESSAGE, printable
from loadgen.record.ledger import Ledger
from loadgen.runner.advice import explained
from loadgen.runner.destination import Destination
from loadgen.transport import Counters
from loadgen.transport.registry import make_client
from loadgen.workload.scenarios import USER_AGENT

AT_ONCE = 16  # calls that may be open at once
TIMEOUT = 10 * SECOND


class CallFailed(TargetError):
    """A call failed. `code` is the service's, empty if it gave none; `transient`: the call may be repeated."""

    def __init__(self, line: str, code: str = "", transient: bool = False) -> None:
        super().__init__(line)
        self.code, self.transient = code, transient


class Calls(Protocol):
    """The calls by which the table is read and changed. `peer` describes the connection of the latest answer."""

    peer: dict[str, Any]

    async def call(self, operation: str, parameters: str) -> dict[str, Any]: ...


class Api:
    """Signed calls of a profile's table, on a few connections of their own, for as long as the block lasts."""

    def __init__(self, profile: Profile, to: Destination, access: Access) -> None:
        table = profile.target.dynamodb
        assert table
        self._place = f"table {table.table} in {table.signing_region} at {to.origin.url}"
        self._url = to.origin.url
        self.peer: dict[str, Any] = {}
        loop = asyncio.get_running_loop()
        self._loop, self._clock = loop, LoopClock(loop)
        ledger = Ledger.in_memory(1, 1)
        plain = profile.model_copy(update={"client": DEFAULT, "session": Session()})
        self._client = make_client(
            loop, self._clock, plain, to.origin, to.addresses, to.ca, AT_ONCE, 0,
            Counters(ledger.wired, ledger.connections), self._done, access,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()
        self._clock.close()

    async def call(self, operation: str, parameters: str) -> dict[str, Any]:
        """The answer to an operation whose parameters are JSON. Raises CallFailed, with one line for the user."""
        lines = (
            ("User-Agent", USER_AGENT), ("Content-Type", CONTENT_TYPE), ("X-Amz-Target", TARGET_PREFIX + operation),
        )  # fmt: skip
        request = Request("POST", "/", lines, parameters.encode(), operation)
        over: asyncio.Future[None] = self._loop.create_future()
        at = self._clock.now()
        x = Exchange(request, 0, over, at, at, at + TIMEOUT, BODY)
        self._client.send(x)
        await over
        if x.status:
            self.peer = self._client.peer(x)
        if x.outcome or not 200 <= x.status < 300:
            raise self._failed(x)
        try:
            answer = json.loads(x.body or b"")
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise CallFailed(f"{self._place}: {operation} is answered without JSON: it is no DynamoDB")
        return answer

    def _done(self, x: Exchange) -> None:
        over: asyncio.Future[None] = x.owner  # type: ignore[assignment]
        if not over.done():  # nobody waits for it any more
            over.set_result(None)

    def _failed(self, x: Exchange) -> CallFailed:
        operation = x.request.operation
        if x.outcome:
            why = explained(self._url, x.outcome, printable(x.reason))
            transient = x.outcome in UNANSWERED and x.outcome is not Outcome.TLS
            return CallFailed(f"{self._place}: {operation} was not answered: {why}", transient=transient)
        fault = fault_of(x.status, x.headers, x.body)
        code = fault.code if fault else ""
        message = fault.message if fault else ""
        reason = with_clock(classify(x.status, fault)[1], message, (x.headers or {}).get("date", ""))
        cause = of_refusal(code) or printable(message)[:MESSAGE]
        transient = x.status in STATUSES or code in CODES
        return CallFailed(f"{self._place}: {operation}: {reason}{f': {cause}' if cause else ''}", code, transient)
