"""The place of a target: its URL in parts, and its name resolved before the load."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from loadgen.errors import TargetError
from loadgen.profile import addresses as reserved

Source = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = {"http": 80, "https": 443}
MOST_HOSTS = 32  # that requests are counted by


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a target, as `socket.connect` takes it, and where to connect from."""

    family: int
    sockaddr: tuple[object, ...]
    source: str = ""
    """This machine's address to connect from; empty: the system chooses."""

    @property
    def host(self) -> str:
        return str(self.sockaddr[0])


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a target, and the path that the steps' paths are added to."""

    scheme: str
    host: str
    port: int
    base: str = ""

    @classmethod
    def of(cls, url: str) -> Origin:
        parts = urlsplit(url)
        return cls(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}"


def resolve(origin: Origin) -> tuple[Address, ...]:
    """All addresses of the target, in the resolver's order. Raises TargetError if there is none, or if one of them must
    not be a target."""
    try:
        answers = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        remedy = "Check the target's URL or region"
        raise TargetError(f"the name {origin.host} does not resolve: {error}. {remedy}") from None
    addresses = tuple(dict.fromkeys(Address(family, sockaddr) for family, _, _, _, sockaddr in answers))
    for address in addresses:
        if keeps_credentials(address):
            raise TargetError(f"{origin.host} is {address.host}, an address {reserved.WHY}")
    return addresses


def routes(addresses: tuple[Address, ...], sources: Sequence[Source]) -> tuple[Address, ...]:
    """Each of the addresses from each of the sources of its family, neighbours from different sources. Without sources
    the addresses as they are."""
    if not sources:
        return addresses
    return tuple(
        replace(address, source=str(source))
        for address in addresses
        for source in sources
        if family_of(source) == address.family
    )


def numbered(addresses: Iterable[Address]) -> dict[str, int]:
    """A number from 1 for each host that the addresses are of, the same whatever their order; none if there is only
    one, or if they are more than `MOST_HOSTS`."""
    hosts = sorted({address.host for address in addresses})
    return {host: number for number, host in enumerate(hosts, 1)} if 1 < len(hosts) <= MOST_HOSTS else {}


def family_of(source: Source) -> int:
    """As `socket.socket` takes it."""
    return socket.AF_INET6 if source.version == 6 else socket.AF_INET


def keeps_credentials(address: Address) -> bool:
    """Whether it is an address where cloud machines get their credentials, however its name was written."""
    return reserved.keeps_credentials(address.host)


def is_loopback(addresses: tuple[Address, ...]) -> bool:
    """Whether every address belongs to this machine."""
    return all(ipaddress.ip_address(address.host.split("%")[0]).is_loopback for address in addresses)
