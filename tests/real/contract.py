"""What each client's contract is tested with: a client, exchanges that are sent through it, what must hold of them.

`async with Bench("wire", server.url("http")) as bench:` … `x = await bench.ask("GET", "/")`. Leaving it checks what
holds whatever happened.
"""

from __future__ import annotations

import asyncio
import functools
import json
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from loadgen.aws.credentials import SANDBOX
from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.exchange import BODY, NOT_YET, REUSED, Exchange, Outcome, Request
from loadgen.net.counters import CLOSED_IDLE, CONNECTION_COUNTERS, FAILED, OPENED, PEAK
from loadgen.net.names import Address, Origin
from loadgen.net.timerfd import LoopClock
from loadgen.profile.clients import CLIENTS
from loadgen.transport import (
    Counters,
    ServiceSettings,
    Settings,
    Transport,
)
from loadgen.transport.registry import maker

HANG = 30  # seconds after which a test is taken to hang
PATIENCE = 20_000  # ms: a timeout that is not meant to be reached


def on_uvloop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test on the loop that loads run on; what goes wrong in a callback fails it."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        troubles: list[dict[str, Any]] = []

        async def guarded() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: troubles.append(context))
            await asyncio.wait_for(test(*args, **kwargs), HANG)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(guarded())
        assert not troubles, troubles

    return run


class Bench:
    """A client of `kind` for one origin."""

    def __init__(
        self,
        kind: str,
        url: str,
        *,
        context: ssl.SSLContext | None = None,
        reuse: str = "shared",
        renew: str = "connection",
        connections: int = 100,
        preopen: int = 0,
        resolve_each: bool = False,
        resumption: bool = True,
        fifo: bool = False,
        addresses: tuple[Address, ...] | None = None,
        attempts: int = 1,
        mode: str = "standard",
        new_context: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        origin = Origin.of(url)
        found = addresses or (Address(2, ("127.0.0.1", origin.port)),)
        self.kind = kind
        service = ServiceSettings("dynamodb", "eu-west-1", origin.url, lambda: SANDBOX, None, False, mode, attempts)
        self.settings = Settings(
            origin, found, context, reuse, renew, connections, preopen, resolve_each, resumption, fifo,
            new_context=new_context, service=service,
        )  # fmt: skip
        self.wired = memoryview(bytearray(8)).cast("q")
        self.connections = memoryview(bytearray(8 * len(CONNECTION_COUNTERS))).cast("q")
        self.sent: list[Exchange] = []
        self.ended: list[Exchange] = []
        self.followed: dict[int, Exchange] = {}  # by the attempt before it
        self.client: Transport
        self._ends: dict[int, asyncio.Future[Exchange]] = {}
        self._sending = False

    async def __aenter__(self) -> Bench:
        loop = asyncio.get_running_loop()
        self._clock = LoopClock(loop)
        counters = Counters(self.wired, self.connections)
        self.client = maker(self.kind)(loop, self._clock, self.settings, counters, self._done, self._retried)
        await self.client.prepare()
        return self

    async def __aexit__(self, failed: object, *_: object) -> None:
        closed_idle = self.connections[CLOSED_IDLE]
        await self.client.close()
        for _ in range(20):
            await asyncio.sleep(0)
        self._clock.close()
        assert self.connections[CLOSED_IDLE] == closed_idle, "what the client closes itself is no idle close"
        if not failed:
            self.check()

    def send(
        self,
        method: str = "GET",
        path: str = "/",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        *,
        wants: int = BODY,
        timeout: float = PATIENCE,
        owner: object = None,
    ) -> Exchange:
        """Send an exchange; `timeout` in ms. The sdk client sends `body` as an item, whatever method, path and headers
        are."""
        due = now()
        request = Request(method, path, headers, body) if CLIENTS[self.kind].http else put_item(body)
        return self.launch(Exchange(request, 0, owner or object(), due, due, due + round(timeout * MILLISECOND), wants))

    def launch(self, x: Exchange) -> Exchange:
        self.sent.append(x)
        self._ends[id(x)] = asyncio.get_running_loop().create_future()
        self._sending = True
        self.client.send(x)
        self._sending = False
        return x

    async def end(self, x: Exchange) -> Exchange:
        """Wait until an exchange is over."""
        return await self._ends[id(x)]

    async def ask(self, method: str = "GET", path: str = "/", **more: Any) -> Exchange:
        return await self.end(self.send(method, path, **more))

    def _done(self, x: Exchange) -> None:
        assert not self._sending, "done was called from within send"
        self.ended.append(x)
        end = self._ends[id(x)]
        assert not end.done(), "an exchange ended twice"
        end.set_result(x)

    def _retried(self, x: Exchange) -> Exchange:
        """As the engine does it: the attempt is over, the next is due."""
        due = now()
        following = Exchange(x.request, x.slot, x.owner, due, due, x.deadline, x.wants)
        following.attempt, following.first_due, following.backoff = x.attempt + 1, x.first_due, x.backoff + due - x.done
        self.sent.append(following)
        self._ends[id(following)] = asyncio.get_running_loop().create_future()
        self.followed[id(x)] = following
        self._done(x)
        return following

    def check(self) -> None:
        """What holds whatever happened."""
        assert sorted(map(id, self.ended)) == sorted(map(id, self.sent))
        assert sum(1 for x in self.sent if x.status) <= self.wired[0] <= sum(1 for x in self.sent if x.sent)
        assert self.connections[PEAK] <= self.settings.connections
        assert self.connections[OPENED] + self.connections[FAILED] >= sum(
            1 for x in self.sent if x.connected and x.connection != REUSED
        )
        abilities = CLIENTS[self.kind]
        for x in self.sent:
            _check_instants(x)
            assert not x.received or abilities.stamps
            assert x.build < 0 or self.settings.renew in abilities.builds


def put_item(value: bytes = b"") -> Request:
    """A DynamoDB call with one binary attribute."""
    item = {"pk": {"S": "a"}, "v": {"B": b64encode(value).decode()}}
    body = json.dumps({"TableName": "loadgen", "Item": item}, separators=(",", ":")).encode()
    return Request("POST", "/", (), body, "PutItem")


def _check_instants(x: Exchange) -> None:
    instants = (x.due, x.released, x.signed, x.started, x.connected, x.sent, x.first, x.received)
    reached = [at for at in instants if at not in (0, NOT_YET)]
    assert NOT_YET not in (x.first, x.received) or x.outcome is Outcome.TIMEOUT
    assert reached == sorted(reached)
    assert x.done >= reached[-1]
    assert x.done - x.due < HANG * SECOND
    assert x.outcome is not Outcome.TIMEOUT or x.done >= x.deadline
    if x.outcome is Outcome.OK:
        assert x.status
        assert x.connected
        assert x.sent
    if x.outcome not in (Outcome.OK, Outcome.TIMEOUT):
        assert x.reason
    for part in (x.dns, x.tcp, x.tls):
        assert -1 <= part <= x.done - x.started


async def until(true: Callable[[], object]) -> None:
    """Let the loop go on until something is so. The test's own limit ends it when it never is."""
    while not true():
        await asyncio.sleep(0.001)
