"""A profile's client, made. Which there are, and what each can do, says `profile.clients`."""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from pathlib import Path

from loadgen.aws.auth import Access
from loadgen.clock import Clock
from loadgen.net.names import Address, Origin
from loadgen.net.tls import client_context
from loadgen.profile.clients import CLIENTS, STANDARD
from loadgen.profile.model import Profile
from loadgen.transport import Counters, Done, Maker, Retried, ServiceSettings, Settings, Transport


def maker(name: str) -> Maker:
    """What makes the client of that name. Its modules, and the libraries that it stands on, are imported here."""
    assert name in CLIENTS
    make: Maker = import_module(f"loadgen.transport.{name}.client").make
    return make


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
    retried: Retried | None = None,
) -> Transport:
    """The transport that `profile.client` names, which authorizes requests with `access`. `retried` is for one that
    retries by itself: see `Engine.retried`.

    Raises ProfileError if a certificate file cannot be used.
    """
    tls, session = profile.tls, profile.session
    new_context = partial(client_context, ca or tls.ca, tls.verify, tls.client_cert, tls.client_key, tls.version)
    settings = Settings(
        origin,
        addresses,
        new_context() if origin.secure else None,
        session.reuse,
        session.renew,
        connections,
        preopen,
        session.dns == "per-connection",
        session.tls_resumption and profile.abilities.resumes_tls,
        session.order == "fifo",
        access.authorizer(origin.authority),
        new_context if origin.secure else None,
        _service_settings(profile, origin, access),
    )
    return maker(profile.client)(loop, clock, settings, counters, done, retried)


def _service_settings(profile: Profile, origin: Origin, access: Access) -> ServiceSettings | None:
    service, table, retries = profile.target.service, profile.target.dynamodb, profile.retries
    if not service:
        return None
    return ServiceSettings(
        service.signs_as,
        service.signing_region,
        origin.url if service.endpoint else None,
        lambda: access.credentials,
        service.profile,
        bool(table and table.account_id_endpoint),
        retries.mode if retries else STANDARD,
        retries.attempts if retries else 1,
    )
