"""Where a load on a table goes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from engine_harness import profile as read
from tables import profile

from loadgen.errors import ProfileError, TargetError
from loadgen.net.names import Origin
from loadgen.runner.destination import destination


def test_the_account_of_the_credentials_becomes_a_part_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def resolve(origin: Origin) -> tuple[Any, ...]:
        asked.append(origin.host)
        raise TargetError("no further")

    monkeypatch.setattr("loadgen.runner.destination.resolve", resolve)
    of = profile("{table: orders, region: eu-west-1, account_id_endpoint: true}")

    async def go(account: str) -> None:
        async with destination(of, None, None, account):
            pass

    with pytest.raises(TargetError, match="no further"):
        asyncio.run(go("123456789012"))
    assert asked == ["123456789012.ddb.eu-west-1.amazonaws.com"]
    for account in ("", "12/34"):
        with pytest.raises(TargetError, match=r"account_id_endpoint: .*AWS_ACCOUNT_ID"):
            asyncio.run(go(account))


BOUND = """
name: b
target: http://127.0.0.1:9/
session: {{bind: [{}]}}
load: [{{name: a, rate: 1/s, for: 1s}}]
"""


def reached(bind: str) -> list[tuple[str, str]]:
    async def go() -> list[tuple[str, str]]:
        async with destination(read(BOUND.format(bind)), None) as to:
            return [(address.host, address.source) for address in to.addresses]

    return asyncio.run(go())


def test_the_target_is_reached_from_each_address_of_bind() -> None:
    assert reached("127.0.0.2, 127.0.0.3") == [("127.0.0.1", "127.0.0.2"), ("127.0.0.1", "127.0.0.3")]


@pytest.mark.parametrize(
    ("bind", "problem"),
    [
        ("192.0.2.1", r"session\.bind: 192\.0\.2\.1 is no address to connect from: .*`ip address` lists"),
        ("127.0.0.1, '::1'", r"session\.bind: ::1 is of another version of IP than the target's 127\.0\.0\.1"),
    ],
)
def test_an_address_that_is_of_no_use_is_refused(bind: str, problem: str) -> None:
    with pytest.raises(ProfileError, match=problem):
        reached(bind)
