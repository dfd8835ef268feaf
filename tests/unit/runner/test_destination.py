"""Where a load on a table goes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tables import profile

from loadgen.errors import TargetError
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
