"""Names and addresses of targets, without asking anybody for them."""

from __future__ import annotations

import pytest

from loadgen.errors import Exit, TargetError
from loadgen.net.names import Origin, is_loopback, resolve


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0xA9FEA9FE",
        "2852039166",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ],
)
def test_where_machines_keep_credentials_is_no_target_however_it_is_written(host: str) -> None:
    with pytest.raises(TargetError, match="where cloud machines serve credentials") as caught:
        resolve(Origin.of(f"http://{host}/"))
    assert caught.value.status == Exit.UNUSABLE


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
