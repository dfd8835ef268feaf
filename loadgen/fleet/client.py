"""A profile's client, made: settings from the profile, sockets from the loop. Used by workers and by single
exchanges.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from loadgen.aws.auth import Access
from loadgen.clock import Clock
from loadgen.exchange import Exchange
from loadgen.net.names import Address, Origin
from loadgen.net.tls import client_context
from loadgen.profile.model import Profile
from loadgen.transport import Counters, Done, SdkSettings, Settings, Transport


def make_client(
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    profile: Profile,
    origin: Origin,
    addresses: tuple[Address, ...],
    ca: Path | None,
    connections: int,
    preopen: int,
    counters: Counters,
    done: Done,
    access: Access,
    retried: Callable[[Exchange], Exchange] | None = None,
) -> Transport:
    """The transport that `profile.client` names, which authorizes requests with `access`. `retried` is for one that
    retries by itself: see `Engine.retried`.

    Raises ProfileError if a certificate file cannot be used.
    """
    tls, session = profile.tls, profile.session
    new_context = partial(client_context, ca or tls.ca, tls.verify, tls.client_cert, tls.client_key, tls.version)
    context = new_context() if origin.secure else None
    settings = Settings(
        origin,
        addresses,
        context,
        session.reuse,
        session.renew,
        connections,
        preopen,
        session.dns == "per-connection",
        session.tls_resumption,
        access.authorizer(origin.authority),
        _sdk(profile, origin, access) if profile.client == "sdk" else None,
    )
    if profile.client == "aiohttp":
        from loadgen.transport.aiohttp.client import Aiohttp

        return Aiohttp(loop, clock, settings, counters, done)
    if profile.client == "sdk":
        from loadgen.transport.sdk.client import Sdk

        own_context = new_context if context else None
        return Sdk(loop, clock, settings, counters, done, retried=retried, new_context=own_context)
    from loadgen.transport.wire.client import Wire

    return Wire(loop, clock, settings, counters, done)


def _sdk(profile: Profile, origin: Origin, access: Access) -> SdkSettings:
    table, retries = profile.target.dynamodb, profile.retries
    assert table
    return SdkSettings(
        table.signing_region,
        origin.url if table.endpoint else None,
        lambda: access.credentials,
        table.profile,
        table.account_id_endpoint,
        retries.mode if retries else "standard",
        retries.attempts if retries else 1,
    )
