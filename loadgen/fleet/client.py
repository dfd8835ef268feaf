"""A profile's client, made: settings from the profile, sockets from the loop. Used by workers and by single
exchanges.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from loadgen.aws.auth import Access
from loadgen.clock import Clock
from loadgen.net.names import Address, Origin
from loadgen.net.tls import client_context
from loadgen.profile.model import Profile
from loadgen.transport import Counters, Done, Settings, Transport


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
) -> Transport:
    """The transport that `profile.client` names, which authorizes requests with `access`.

    Raises ProfileError if a certificate file cannot be used.
    """
    tls, session = profile.tls, profile.session
    context = client_context(ca or tls.ca, tls.verify, tls.client_cert, tls.client_key) if origin.secure else None
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
    )
    if profile.client == "aiohttp":
        from loadgen.transport.aiohttp import Aiohttp

        return Aiohttp(loop, clock, settings, counters, done)
    from loadgen.transport.wire import Wire

    return Wire(loop, clock, settings, counters, done)
