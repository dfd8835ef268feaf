"""The aiohttp client, which the user's own program may use. What aiohttp does unasked is switched off or made visible.

It retries no request, follows no redirect, keeps no cookie, reads no proxy or password from the environment, adds no
header except Host and Content-Length, decompresses nothing, and races no addresses. `session` replaces its queue and
timeouts. With `renew: client` a lease gets a new ClientSession, and making it is part of the service time.
"""

from __future__ import annotations

import asyncio
from typing import Any

from loadgen.aws.sigv4 import pairs
from loadgen.clock import Clock, now
from loadgen.exchange import Exchange
from loadgen.transport import Counters, Done, Retried, Settings, Transport
from loadgen.transport.aiohttp.hooks import current_listener
from loadgen.transport.aiohttp.session import Lease, LeasingClient

ADDED_UNASKED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


def make(
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    settings: Settings,
    counters: Counters,
    done: Done,
    retried: Retried | None,
) -> Transport:
    return Aiohttp(loop, clock, settings, counters, done)


class Aiohttp(LeasingClient):
    """A `transport.Transport`. Make it within the running loop."""

    def lease(self, owner: object) -> Lease:
        return _Lease(self, owner)

    def session_options(self) -> dict[str, Any]:
        return {"skip_auto_headers": ADDED_UNASKED}


class _Lease(Lease):
    __slots__ = ()

    async def _perform(self, exchange: Exchange) -> None:
        client, request = self._client, exchange.request
        authorize = client.settings.authorize
        headers = request.headers + pairs(authorize(request)) if authorize else request.headers
        current_listener.set(self)
        if self._session is None:
            if client.settings.renew == "client":
                self.begins()
            self._session = self._own_session()
        await self._send_and_receive(request.method, client.url(request.path), headers, request.body)
        exchange.done = now()
