"""The aiohttp client: what the user's own program may use, with what it does unasked switched off or made visible.

It retries no request, follows no redirect, keeps no cookie, reads no proxy or password from the environment, adds no
header but Host and Content-Length, decompresses nothing, races no addresses. See `aiohttp_seats` for what becomes of
its own queue and timeouts. With `renew: client` a seat's ClientSession is made anew, as part of the service time.
"""

from __future__ import annotations

from typing import Any

from loadgen.aws.sigv4 import pairs
from loadgen.clock import now
from loadgen.exchange import Exchange
from loadgen.transport.aiohttp.hooks import listener
from loadgen.transport.aiohttp.session import Seat, SeatedClient

ADDED_UNASKED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Aiohttp(SeatedClient):
    """A `transport.Transport`; made within the running loop."""

    def seat(self, owner: object) -> Seat:
        return _Seat(self, owner)

    def session_options(self) -> dict[str, Any]:
        return {"skip_auto_headers": ADDED_UNASKED}


class _Seat(Seat):
    __slots__ = ()

    async def _exchange(self, x: Exchange) -> None:
        client, request = self._client, x.request
        authorize = client.settings.authorize
        headers = request.headers + pairs(authorize(request)) if authorize else request.headers
        listener.set(self)
        if self._session is None:
            if client.settings.renew == "client":
                self.begins()
            self._session = self._own_session()
        await self._ask(request.method, client.url(request.path), headers, request.body)
        x.done = now()
