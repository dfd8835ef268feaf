"""Names and addresses of targets, without asking anybody for them."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from loadgen.errors import Exit, ProfileError, TargetError
from loadgen.net.names import MOST_HOSTS, Address, Origin, is_loopback, keeps_credentials, numbered, resolve, routes
from loadgen.profile.load import from_url

CREDENTIALS = {
    "IPv4": ("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.1"),
    "IPv4, as the resolver reads it": ("0xA9FEA9FE", "2852039166", "169.254.43518", "0251.0376.0251.0376"),
    "of AWS": ("[fd00:ec2::254]", "[fd00:ec2::23]", "[FD00:0EC2:0:0::0017]"),
    "of the link": ("[fe80::1]", "[fe80::a9fe:a9fe]", "[febf::1]", "[fe80::5efe:169.254.169.254]"),
    "mapped": ("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:FFFF:A9FE:A9FE]"),
    "compatible": ("[::169.254.169.254]", "[::a9fe:a9fe]"),
    "translated (RFC 2765)": ("[::ffff:0:169.254.169.254]", "[::ffff:0:a9fe:a9fe]"),
    "NAT64": ("[64:ff9b::a9fe:a9fe]", "[64:ff9b::169.254.169.254]", "[0064:FF9B:0::A9FE:A9FE]", "[64:ff9b::a9fe:aa17]"),
    "NAT64 of one's own, a /96 of it": ("[64:ff9b:1::a9fe:a9fe]", "[64:ff9b:1:2:3:4:169.254.169.254]"),
    "NAT64 of one's own, /48, /56, /64 (RFC 6052)": (
        "[64:ff9b:1:a9fe:a9:fe00::]", "[64:ff9b:1:2a9:fe:a9fe::]", "[64:ff9b:1:2:a9:fea9:fe00:0]",
    ),
    "6to4": ("[2002:a9fe:a9fe::1]",),
    "Teredo": ("[2001:0:c000:201:0:0:5601:5601]",),
}  # fmt: skip
SPELLINGS = [pytest.param(host, id=f"{kind}: {host}") for kind, hosts in CREDENTIALS.items() for host in hosts]


@pytest.mark.parametrize("host", SPELLINGS)
def test_where_machines_keep_credentials_is_no_target_however_it_is_written(host: str) -> None:
    with pytest.raises(TargetError, match="where cloud machines serve credentials") as caught:
        resolve(Origin.of(f"http://{host}/"))
    assert caught.value.status == Exit.UNUSABLE


@pytest.mark.parametrize("host", [host for host in SPELLINGS if str(host.values[0]).startswith("[")])
def test_a_profile_that_names_one_is_refused_before_anything_is_resolved(host: str) -> None:
    with pytest.raises(ProfileError, match="where cloud machines serve credentials"):
        from_url(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    ["169.253.255.255", "fd00:ec1::23", "64:ff9b::c000:207", "64:ff9b:1::c000:207", "::ffff:192.0.2.7", "fd00::1"],
)
def test_its_neighbours_are_targets(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    assert not keeps_credentials(Address(family, (host, 80)))


@pytest.mark.parametrize(
    ("url", "addresses", "loopback"),
    [
        ("http://127.0.0.1/", ["127.0.0.1"], True),
        ("https://127.1:8443/x", ["127.0.0.1"], True),
        ("http://[::1]:80", ["::1"], True),
        ("http://192.0.2.7/", ["192.0.2.7"], False),
    ],
)
def test_an_address_is_its_own(url: str, addresses: list[str], loopback: bool) -> None:
    found = resolve(Origin.of(url))
    assert [address.host for address in found] == addresses
    assert is_loopback(found) is loopback


@pytest.mark.parametrize(
    ("url", "authority", "base"),
    [
        ("http://h/", "h", ""),
        ("http://h:80/", "h", ""),
        ("https://h:80/a/b/", "h:80", "/a/b"),
        ("https://[::1]:8443/a", "[::1]:8443", "/a"),
        ("https://[::1]/", "[::1]", ""),
    ],
)
def test_what_the_host_header_says(url: str, authority: str, base: str) -> None:
    origin = Origin.of(url)
    assert (origin.authority, origin.base) == (authority, base)
    assert origin.url == f"{origin.scheme}://{authority}"


def test_each_address_is_reached_from_each_source_of_its_family() -> None:
    to, other = Address(socket.AF_INET, ("127.0.0.1", 80)), Address(socket.AF_INET6, ("::1", 80, 0, 0))
    assert routes((to, other), ()) == (to, other)
    sources = [ip_address(text) for text in ("127.0.0.2", "::1", "127.0.0.3")]
    found = routes((to, other), sources)
    assert [(address.host, address.source) for address in found] == [
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.1", "127.0.0.3"),
        ("::1", "::1"),
    ]


def test_hosts_have_the_same_numbers_in_any_order_and_few_of_them() -> None:
    def of(*hosts: str) -> list[Address]:
        return [Address(socket.AF_INET, (host, 80), source) for host in hosts for source in ("", "10.1.1.1")]

    assert (
        numbered(of("10.0.0.9", "10.0.0.1")) == numbered(of("10.0.0.1", "10.0.0.9")) == {"10.0.0.1": 1, "10.0.0.9": 2}
    )
    assert numbered(of("10.0.0.1")) == {}, "there is nothing to compare it with"
    assert len(numbered(of(*map(str, range(MOST_HOSTS))))) == MOST_HOSTS
    assert numbered(of(*map(str, range(MOST_HOSTS + 1)))) == {}
