"""Where a load goes: the sandbox, started for it, or the profile's URL, its name resolved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from loadgen.net.names import Address, Origin, is_loopback, resolve
from loadgen.profile.model import Profile
from loadgen.profile.sandbox import SandboxSettings


class Sandbox(Protocol):
    """A running simulated target."""

    http: str
    https: str
    ca: Path

    def stats(self) -> dict[str, Any]: ...

    def stop(self) -> None: ...


StartSandbox = Callable[[SandboxSettings], Sandbox]


@dataclass(frozen=True, slots=True)
class Destination:
    """`ca` is the sandbox's certificate authority, None where the system's or the profile's own are to be trusted."""

    origin: Origin
    addresses: tuple[Address, ...]
    loopback: bool
    ca: Path | None = None
    sandbox: Sandbox | None = None


@asynccontextmanager
async def destination(profile: Profile, start_sandbox: StartSandbox | None) -> AsyncIterator[Destination]:
    """The profile's destination, for as long as it is needed. Raises TargetError if its name does not resolve."""
    if not profile.target.sandbox:
        named = Origin.of(profile.target.url)
        origin = Origin(named.scheme, named.host, named.port, profile.target.prefix)
        addresses = resolve(origin)
        yield Destination(origin, addresses, is_loopback(addresses))
        return
    assert start_sandbox
    sandbox = await asyncio.to_thread(start_sandbox, profile.sandbox or SandboxSettings())
    try:
        origin = Origin.of(sandbox.https)  # API Gateway speaks nothing else
        yield Destination(origin, resolve(origin), True, sandbox.ca, sandbox)
    finally:
        await asyncio.to_thread(sandbox.stop)
