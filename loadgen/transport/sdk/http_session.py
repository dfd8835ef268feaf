"""Between the SDK and aiohttp: its HTTP session, which sends nothing itself, and the fence around certificates.

What is relied on without aiobotocore's promise: that its session gets what it sends through from `_get_session`, and
its TLS contexts from `_get_ssl_context`. Tests guard both.
"""

from __future__ import annotations

from collections.abc import Callable
from ssl import SSLContext
from typing import Any

from aiobotocore.credentials import AioCredentials
from aiobotocore.httpsession import AIOHTTPSession
from aiohttp import ClientResponse
from botocore.credentials import ReadOnlyCredentials

from loadgen.aws.credentials import Credentials
from loadgen.transport.aiohttp.hooks import current_listener

_get_ssl_context = AIOHTTPSession._get_ssl_context


class FencedSession(AIOHTTPSession):  # type: ignore[misc]
    """The HTTP session of an SDK client. It sends through the lease whose task it is, and so with its TLS context."""

    async def _get_session(self, proxy_url: object) -> Any:
        return current_listener.get()


class Answer(ClientResponse):
    """An answer whose body has been read."""

    held = b""

    async def read(self) -> bytes:
        return self.held


def check_host_names() -> None:
    """Let the SDK check whose certificate it is in the calls that it makes for itself as well, for credentials.

    aiobotocore before 3.9 accepts any host's that an authority has signed.
    """

    def checking(session: AIOHTTPSession) -> SSLContext:
        context: SSLContext = _get_ssl_context(session)
        context.check_hostname = True
        return context

    AIOHTTPSession._get_ssl_context = checking


class Lent(AioCredentials):  # type: ignore[misc]
    """Credentials that somebody else keeps and renews: the SDK signs with what they are at that moment."""

    method = "lent"

    def __init__(self, current: Callable[[], Credentials | None]) -> None:
        self._current = current

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return self._frozen()

    access_key = property(lambda self: self._frozen().access_key)
    secret_key = property(lambda self: self._frozen().secret_key)
    token = property(lambda self: self._frozen().token)
    account_id = property(lambda self: self._frozen().account_id)

    def _frozen(self) -> ReadOnlyCredentials:
        keys = self._current()
        assert keys
        return ReadOnlyCredentials(keys.access_key, keys.secret_key, keys.token or None, keys.account_id or None)
