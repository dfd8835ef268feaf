"""The sdk client: DynamoDB and Lambda through aioboto3, as the user's own program calls them.

The SDK checks, serialises, signs and parses as usual; `http_session` sends its requests. An exchange is one attempt.
Without `attempts` a call has one attempt. With it the SDK retries by its own rules, and each attempt is an exchange of
its own, made by `retried`. `renew` says what is made anew with the lease: the connection; the SDK's client too, with
its TLS context; or the whole SDK session, which looks for credentials and parses its models again. Making these is
timed as `build`. It is part of `sign`, as is what adaptive retries hold back before they send.

Some settings differ from the SDK's, so that the figures mean what they seem to: one attempt instead of the mode's own
number; no timeouts, queue or idle time of its own (`pool.Pool`, `net.deadlines`); host names are checked (see
`http_session`); no redirects, cookies, proxies or endpoint discovery; no endpoint, dual-stack, FIPS or defaults mode
from the environment. `Sdk.options` reports all of them.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from aioboto3 import Session
from aiobotocore.config import AioConfig
from botocore import xform_name
from botocore.exceptions import ClientError
from yarl import URL

from loadgen.clock import Clock, now
from loadgen.exchange import Exchange, Outcome
from loadgen.transport import Counters, Done, Retried, ServiceSettings, Settings, Transport
from loadgen.transport.aiohttp.answers import fault
from loadgen.transport.aiohttp.hooks import current_listener
from loadgen.transport.aiohttp.session import Lease, LeasingClient
from loadgen.transport.sdk.calls import parameters, refusal
from loadgen.transport.sdk.http_session import Answer, FencedSession, Lent, check_host_names

LARGEST = 32 << 20  # bytes of an answer: a batch of DynamoDB's has 16 MB of items
NEVER = 30 * 86_400  # seconds: the SDK's own timeouts, which are not to interfere
PACKAGES = ("aioboto3", "aiobotocore", "botocore", "aiohttp")


def make(
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    settings: Settings,
    counters: Counters,
    done: Done,
    retried: Retried | None,
) -> Transport:
    return Sdk(loop, clock, settings, counters, done, retried)


class Sdk(LeasingClient):
    """A `transport.Transport`. Make it within the running loop.

    `retried` is called when an attempt is over and the SDK begins another. It is required if there may be several.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        settings: Settings,
        counters: Counters,
        done: Done,
        retried: Retried | None = None,
    ) -> None:
        super().__init__(loop, clock, settings, counters, done)
        assert settings.service
        self.service, self.retried = settings.service, retried
        self.user_agent = ""  # as it was sent
        self.aws_session: Any = None
        self._client: Any = None  # the one that all use who have none of their own
        self._config = _config(self.service, settings.connections)
        self._trouble: Exception | None = None
        self.making = Making()
        # Each takes tens of milliseconds of this thread. Many in one turn of the loop would be seconds of silence
        self.one_at_a_time = asyncio.Lock()
        self._retired = 0  # clients, since the last collection
        check_host_names()
        for name in ("botocore", "aiobotocore"):  # at DEBUG it logs what it signs
            logging.getLogger(name).setLevel(logging.INFO)

    def lease(self, owner: object) -> Lease:
        return _Lease(self, owner)

    def session_options(self) -> dict[str, Any]:
        return {"skip_auto_headers": ("Content-Type",), "response_class": Answer}

    async def prepare(self) -> None:
        """Make the session and the client, so that the first exchange does no work that later ones do not, and open
        connections."""
        try:
            self.aws_session = self.new_aws_session()
            self._client = await self.new_client(self.aws_session)
        except Exception as error:  # the load meets it
            self._trouble = error
        await super().prepare()

    async def close(self) -> None:
        await super().close()
        if self._client:
            await self._client.close()

    def common_client(self) -> Any:
        """The client that `prepare` made. Raises the error that kept it from being made."""
        if self._trouble:
            raise self._trouble
        return self._client

    def new_aws_session(self) -> Any:
        service = self.service
        if service.credentials() is None:
            return Session(profile_name=service.profile_name, region_name=service.region)
        session = Session(region_name=service.region)
        session._session._credentials = Lent(service.credentials)
        return session

    async def new_client(self, session: Any) -> Any:
        name, endpoint = self.service.name, self.service.endpoint
        client = await session.client(name, endpoint_url=endpoint, config=self._config).__aenter__()
        if self.service.attempts > 1:
            client.meta.events.register(f"needs-retry.{name}", _attempt_ended)
            client.meta.events.register_first(f"request-created.{name}", _attempt_begins)
        return client

    async def retire(self, client: Any) -> None:
        """Release a client that was made for a lease. A session's models, 4 MiB, are in reference cycles. Left to the
        collector they would grow to hundreds of MiB, and then cause a pause of seconds."""
        await client.close()
        del client
        self._retired += 1
        if self.settings.renew == "session" and self._retired > len(self.busy):
            self._retired = 0
            with self.making:
                gc.collect()

    def built(self) -> int:
        return self.making.so_far

    def options(self) -> dict[str, Any]:
        """As of `Transport.options`; `user_agent` is empty before the first request."""
        service, config = self.service, self._config
        return {
            "versions": {name: version(name) for name in PACKAGES},
            "endpoint": self.settings.origin.url,
            "region": service.region,
            "account_id_endpoint_mode": config.account_id_endpoint_mode,
            "retries": {"mode": service.retry_mode, "total_max_attempts": service.attempts},
            "max_pool_connections": config.max_pool_connections,
            "parameter_validation": config.parameter_validation,
            "user_agent": self.user_agent,
            "connect_timeout": None,
            "read_timeout": None,
            "keepalive_timeout": None,
            "tls_check_hostname": bool(self.settings.context and self.settings.context.check_hostname),
            "redirects": False,
            "cookies": False,
            "proxies": False,
            "endpoint_discovery": False,
            "ignore_configured_endpoint_urls": True,
            "dualstack": False,
            "fips": False,
            "defaults_mode": config.defaults_mode,
        }


class Making:
    """How long something has been in the making, in ns. Enter it with `with`, any number of times; overlapping times
    count once."""

    def __init__(self) -> None:
        self._total = self._since = 0

    def __enter__(self) -> None:
        self._since = now()

    def __exit__(self, *error: object) -> None:
        self._total, self._since = self.so_far, 0

    @property
    def so_far(self) -> int:
        return self._total + (now() - self._since if self._since else 0)


class _Lease(Lease):
    """A lease whose exchange may be followed by the SDK's next attempt. Between the two attempts it gives its right to
    a connection back, unless the connection is its own."""

    __slots__ = ("_aws", "_failed", "_holds", "_resting", "_resumed", "_sdk")

    def __init__(self, sdk: Sdk, owner: object) -> None:
        super().__init__(sdk, owner)
        self._sdk = sdk
        self._aws: Any = None
        self._failed: tuple[Outcome, str] | None = None
        self._resting = False  # the attempt is over; whether the SDK makes another is not known yet
        self._holds = True  # the right to a connection
        self._resumed: asyncio.Future[None] | None = None  # done once it has that again

    def start(self, exchange: Exchange) -> None:
        if isinstance(exchange.link, _Lease):  # it has one, which waits for the right that this one was given
            exchange.link.resume()
        else:
            super().start(exchange)

    def close(self) -> None:
        super().close()
        aws, self._aws = self._aws, None
        if aws:
            self._sdk.end(self._sdk.retire(aws))

    def fail(self, outcome: Outcome, reason: str) -> None:
        exchange = self.exchange
        if exchange and (self._resting or exchange.done):
            self.exchange = None
            if self.task:
                self.task.cancel()
            if self._resting:  # what came of it is known
                self._sdk.done(exchange)
        elif not self._holds and outcome is Outcome.TIMEOUT:
            super().fail(outcome, "while it waited for a connection")
        else:
            super().fail(outcome, reason)

    async def _perform(self, exchange: Exchange) -> None:
        current_listener.set(self)
        self._failed = None
        given = parameters(exchange.request)
        aws = self._aws or await self._find_client(exchange)
        try:
            await getattr(aws, xform_name(exchange.request.operation))(**given)
        except ClientError:
            if not self.exchange or not self.exchange.status:  # it was not the service that answered so
                raise
        if self.exchange:
            self.exchange.done = now()

    async def _find_client(self, exchange: Exchange) -> Any:
        sdk, renew = self._sdk, self._sdk.settings.renew
        if sdk.shared or renew == "connection":
            if self._session is None:
                self._session = self._own_session()
            return sdk.common_client()
        begun = now()
        async with sdk.one_at_a_time:
            await asyncio.sleep(0)  # those that are due in the same turn queue up behind it
            await self._make_client(sdk, renew)
        exchange.build = now() - begun
        return self._aws

    async def _make_client(self, sdk: Sdk, renew: str) -> None:
        with sdk.making:
            self._aws = await sdk.new_client(sdk.new_aws_session() if renew == "session" else sdk.aws_session)
            new_context = sdk.settings.new_context
            self._session = sdk.new_session(new_context() if new_context else None)

    def _fault(self, error: Exception) -> tuple[Outcome, str]:
        if self._failed:
            return self._failed
        if self.exchange and self.exchange.status:
            self.exchange.body = None  # as of every answer that is not right
            return Outcome.BAD_RESPONSE, f"the SDK cannot read the answer: {type(error).__name__}"
        return Outcome.CLIENT_RESOURCE, refusal(error)

    # what the SDK does for the call

    async def request(self, method: str, url: URL, headers: Mapping[str, str], data: bytes, **_: object) -> Answer:
        """One attempt on the wire."""
        sdk, target = self._sdk, self._sdk.settings.origin
        if (url.scheme, url.host, url.port) != (target.scheme, target.host, target.port):
            reason = f"the SDK calls {url.origin()}, which is not the target {target.url}"
            self._failed = Outcome.CLIENT_RESOURCE, reason
            raise RuntimeError(reason)
        sdk.user_agent = sdk.user_agent or headers.get("User-Agent", "")
        try:
            response, held = await self._send_and_receive(method, url, headers, data, LARGEST)
        except Exception as error:
            self._failed = fault(error)
            raise
        assert isinstance(response, Answer)
        response.held = held
        return response

    def attempt_ended(self) -> None:
        sdk, exchange = self._sdk, self.exchange
        if exchange is None:
            return
        exchange.done = now()
        if self._failed:
            exchange.outcome, exchange.reason = self._failed
        self._resting = True
        if self._protocol is not None:
            sdk.connections.leave(self._protocol, self)
        if sdk.shared:
            self._holds = False
            sdk.pool.free(sdk.lease(None))
        elif sdk.settings.reuse == "per-request" and sdk.settings.renew == "connection":
            self._holds = False
            self._hang_up()
            sdk.pool.gone(self)

    async def attempt_begins(self) -> None:
        """Any but the first of an operation has a connection to wait for, if the last one gave its own back."""
        sdk, exchange = self._sdk, self.exchange
        if exchange is None or not self._resting:
            return
        self._resting, self.exchange, self._failed = False, None, None
        assert sdk.retried
        following = self.exchange = sdk.retried(exchange)
        following.link = self
        self._wired, self._given = False, now()
        sdk.deadlines.add(following)
        if not self._holds:
            self._resumed = sdk.loop.create_future()
            sdk.pool.send(following)
            await self._resumed

    def resume(self) -> None:
        assert self._resumed
        self._holds, self._given = True, now()
        self._resumed.set_result(None)

    def _leave(self, usable: bool) -> None:
        held, self._holds, self._resting = self._holds, True, False
        if held:
            super()._leave(usable)
        else:
            self.close()


def _attempt_ended(**_: object) -> None:
    lease = current_listener.get()
    assert isinstance(lease, _Lease)
    lease.attempt_ended()


async def _attempt_begins(**_: object) -> None:
    lease = current_listener.get()
    assert isinstance(lease, _Lease)
    await lease.attempt_begins()


def _config(service: ServiceSettings, connections: int) -> AioConfig:
    return AioConfig(
        http_session_cls=FencedSession,
        max_pool_connections=connections,
        connect_timeout=NEVER,
        read_timeout=NEVER,
        retries={"mode": service.retry_mode, "total_max_attempts": service.attempts},
        account_id_endpoint_mode="preferred" if service.account_id_endpoint else "disabled",
        endpoint_discovery_enabled=False,
        ignore_configured_endpoint_urls=True,
        use_dualstack_endpoint=False,
        use_fips_endpoint=False,
        defaults_mode="legacy",
        proxies={},
    )
