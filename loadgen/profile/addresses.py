"""Addresses at which a machine gets its own credentials. They are no target, however they are written."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

WHY = "where cloud machines serve credentials: choose another target"
_OF_AWS = IPv6Network("fd00:ec2::/32")  # the services of AWS at the machine itself: ::254 its role, ::23 a pod's
# an IPv4 address is the last 32 bits: mapped, compatible, translated (RFC 2765), NAT64 (RFC 6052, RFC 8215)
_IN_THE_LAST_BITS = tuple(
    map(IPv6Network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"))
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_PREFIXES = (48, 56, 64)  # bits before the IPv4 address, which RFC 6052 writes around a zero byte


def keeps_credentials(host: str) -> bool:
    """Whether `host` is an address, as `ipaddress` reads it, of the link or of AWS's own services there."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_link_local
    return address.is_link_local or address in _OF_AWS or any(inner.is_link_local for inner in _embedded(address))


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that it may stand for."""
    number = int(address)
    if any(address in network for network in _IN_THE_LAST_BITS):
        yield IPv4Address(number & 0xFFFFFFFF)
    if address in _LOCAL_NAT64:
        octets = address.packed[:8] + address.packed[9:]  # without the zero byte
        for bits in _PREFIXES:
            yield IPv4Address(octets[bits // 8 : bits // 8 + 4])
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield address.teredo[1]
