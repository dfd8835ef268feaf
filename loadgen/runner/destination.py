"""The destination of a load: the sandbox, which is started for it, or the profile's URL, whose name is resolved."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from loadgen.errors import ProfileError, TargetError
from loadgen.net.names import Address, Origin, family_of, is_loopback, resolve, routes
from loadgen.net.sockets import bind
from loadgen.net.thread import in_thread
from loadgen.profile.model import Profile
from loadgen.profile.sandbox import SandboxSettings

ACCOUNT = "{account}"  # in the URL of a DynamoDB target, until the credentials are known
PATIENCE = 3  # seconds in which one of several addresses must accept a connection


class Sandbox(Protocol):
    """A running simulated target."""

    http: str
    https: str
    ca: Path

    def stats(self) -> dict[str, Any]: ...

    def look(self) -> str: ...

    def stop(self) -> None: ...


StartSandbox = Callable[[SandboxSettings], Sandbox]
SandboxAt = Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class Destination:
    """A place to send the load to. `ca` is the sandbox's certificate authority; None if the system's or the profile's
    own are trusted. `simulates` are the settings of the sandbox; None if the target is a real one."""

    origin: Origin
    addresses: tuple[Address, ...]
    loopback: bool
    left_out: tuple[Address, ...] = ()
    ca: Path | None = None
    sandbox: Sandbox | None = None
    simulates: str | None = None


@asynccontextmanager
async def destination(
    profile: Profile, start_sandbox: StartSandbox | None, sandbox_at: SandboxAt | None = None, account: str = ""
) -> AsyncIterator[Destination]:
    """The profile's destination, for as long as the block lasts. `sandbox_at` is for a sandbox that is already running
    on a port of this machine: it gives what that simulates. `account` is the AWS account of the credentials, which may
    be a part of the host name. Raises TargetError if the target's name does not resolve."""
    if not profile.target.sandbox:
        named = Origin.of(_url(profile, account))
        origin = Origin(named.scheme, named.host, named.port, profile.target.prefix)
        addresses = await in_thread(partial(resolve, origin))
        answering = await _answering(addresses)
        left_out = tuple(address for address in addresses if address not in answering)
        loopback = is_loopback(answering)
        simulates = sandbox_at(origin.port) if sandbox_at and loopback else None
        yield Destination(origin, ways(profile, answering), loopback, left_out, simulates=simulates)
        return
    assert start_sandbox
    settings = profile.sandbox or SandboxSettings()
    sandbox = await in_thread(partial(start_sandbox, settings), unwanted=lambda late: late.stop())
    try:
        origin = Origin.of(sandbox.https if settings.tls else sandbox.http)
        addresses = ways(profile, resolve(origin))
        yield Destination(origin, addresses, True, (), sandbox.ca, sandbox, settings.describe())
    finally:
        await in_thread(sandbox.stop)


def ways(profile: Profile, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """The ways to the target: its addresses, each from each address of `session.bind`. Raises ProfileError for one that
    is not this machine's, or of no use."""
    families = {address.family for address in addresses}
    for source in profile.session.bind:
        if family_of(source) not in families:
            raise ProfileError(
                f"{source} is of another version of IP than the target's {addresses[0].host}",
                key="session.bind",
                remedy="Leave it out",
            )
        with socket.socket(family_of(source), socket.SOCK_STREAM) as sock:
            try:
                bind(sock, str(source))
            except OSError as error:
                raise ProfileError(
                    f"{source} is no address to connect from: {error.strerror}",
                    key="session.bind",
                    remedy="Use one that `ip address` lists",
                ) from None
    return routes(addresses, profile.session.bind)


def _url(profile: Profile, account: str) -> str:
    url = profile.target.url
    if ACCOUNT in url and not account.isdecimal():
        raise TargetError(
            "target.dynamodb.account_id_endpoint: the credentials do not name their account. "
            "Set AWS_ACCOUNT_ID, or leave account_id_endpoint out"
        )
    return url.replace(ACCOUNT, account)


async def _answering(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Those of several addresses that accept a connection. If none does, it is all of them, so that the load fails with
    the reason.

    A name such as localhost has addresses of both families, but a server often listens on one. The clients connect to
    each address in turn, so half of the connections would be refused.
    """
    if len(addresses) == 1:
        return addresses
    taken = await asyncio.gather(*(_takes(address) for address in addresses))
    return tuple(address for address, takes in zip(addresses, taken, strict=True) if takes) or addresses


async def _takes(address: Address) -> bool:
    with socket.socket(address.family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.get_running_loop().sock_connect(sock, address.sockaddr)
        except OSError:
            return False
        return True
