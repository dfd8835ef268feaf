"""Signed calls that the parent makes to a service's own API before and after a load: they concern the table or the
function itself and are not measured."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from loadgen.aws.auth import Access
from loadgen.aws.errors import Fault, classify, fault_of
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

AT_ONCE = 16  # calls that may be open at once
TIMEOUT = 10 * SECOND


class CallFailed(TargetError):
    """A call failed. `code` is the service's, empty if it gave none; `transient`: the call may be repeated."""

    def __init__(self, line: str, code: str = "", transient: bool = False) -> None:
        super().__init__(line)
        self.code, self.transient = code, transient


class Control:
    """Signed calls of a profile's target, on a few connections of their own, for as long as the block lasts. `place`
    says in errors whose API it is; `peer` describes the connection of the latest answer."""

    def __init__(self, profile: Profile, to: Destination, access: Access, place: str) -> None:
        self.place = place
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

    async def answer(self, request: Request) -> bytes:
        """The body of the answer to a request. Raises CallFailed, with one line for the user."""
        over: asyncio.Future[None] = self._loop.create_future()
        at = self._clock.now()
        x = Exchange(request, 0, over, at, at, at + TIMEOUT, BODY)
        self._client.send(x)
        await over
        if x.status:
            self.peer = self._client.peer(x)
        if x.outcome or not 200 <= x.status < 300:
            raise self._failed(x)
        return x.body or b""

    def advice(self, operation: str, fault: Fault) -> str:
        """What to do about a refusal, in a sentence; empty if there is none."""
        return of_refusal(fault.code)

    def _done(self, x: Exchange) -> None:
        over: asyncio.Future[None] = x.owner  # type: ignore[assignment]
        if not over.done():  # nobody waits for it any more
            over.set_result(None)

    def _failed(self, x: Exchange) -> CallFailed:
        operation = x.request.operation
        if x.outcome:
            why = explained(self._url, x.outcome, printable(x.reason))
            transient = x.outcome in UNANSWERED and x.outcome is not Outcome.TLS
            return CallFailed(f"{self.place}: {operation} was not answered: {why}", transient=transient)
        fault = fault_of(x.status, x.headers, x.body)
        message = fault.message if fault else ""
        reason = with_clock(classify(x.status, fault)[1], message, (x.headers or {}).get("date", ""))
        cause = (self.advice(operation, fault) if fault else "") or printable(message)[:MESSAGE]
        code = fault.code if fault else ""
        transient = x.status in STATUSES or code in CODES
        return CallFailed(f"{self.place}: {operation}: {reason}{f': {cause}' if cause else ''}", code, transient)
