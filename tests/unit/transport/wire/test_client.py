"""How the wire client opens connections before the load: at a pace that no listener's queue is overrun by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from loadgen.clock import SECOND, VirtualClock
from loadgen.net.counters import CONNECTION_COUNTERS, FAILED, PREOPENED
from loadgen.net.names import Address, Origin
from loadgen.transport import Counters, Settings
from loadgen.transport.wire import client as module
from loadgen.transport.wire.client import BATCH, ON_THEIR_WAY, PATIENCE, PAUSE, Wire
from loadgen.transport.wire.connection import Connection

pytestmark = pytest.mark.pure  # connections are this module's

ORIGIN = Origin("http", "127.0.0.1", 80)
TO, OTHER = Address(2, ("127.0.0.1", 80), "127.0.0.2"), Address(2, ("127.0.0.1", 80), "127.0.0.3")


class Target:
    """Settles connections when told; `paused` has how many were opened since the last pause, and how many are on their
    way."""

    def __init__(self, patch: pytest.MonkeyPatch, settle: Callable[[Target], None]) -> None:
        self.on_their_way: list[Connection] = []
        self.addresses: list[Address] = []
        self.paused: list[tuple[int, int]] = []
        self.now, self._seen, self._settle = 0.0, 0, settle
        patch.setattr(Connection, "open", lambda connection, address: self._opened(connection, address))
        patch.setattr(module.asyncio, "sleep", self._pause)

    def _opened(self, connection: Connection, address: Address) -> None:
        self.on_their_way.append(connection)
        self.addresses.append(address)

    async def _pause(self, seconds: float) -> None:
        assert seconds == PAUSE
        self.now += seconds
        self.paused.append((len(self.addresses) - self._seen, len(self.on_their_way)))
        self._seen = len(self.addresses)
        self._settle(self)

    def settle(self, number: int) -> None:
        for connection in self.on_their_way[:number]:
            connection.opened()
        del self.on_their_way[:number]


def prepared(patch: pytest.MonkeyPatch, preopen: int, settle: Callable[[Target], None]) -> tuple[Target, list[int]]:
    target = Target(patch, settle)
    counts = memoryview(bytearray(8 * len(CONNECTION_COUNTERS))).cast("q")

    async def prepare() -> None:
        loop = asyncio.get_running_loop()
        patch.setattr(module, "now", lambda: round(target.now * SECOND))
        settings = Settings(ORIGIN, (TO, OTHER), None, "shared", "connection", preopen, preopen, False, False)
        wire = Wire(
            loop, VirtualClock(0), settings, Counters(memoryview(bytearray(8)).cast("q"), counts), lambda x: None
        )
        await wire.prepare()
        await wire.close()

    asyncio.run(prepare())
    return target, counts.tolist()


def test_they_are_opened_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    target, counts = prepared(monkeypatch, 1000, lambda target: target.settle(1000))
    assert counts[PREOPENED] == 1000
    assert {opened for opened, _ in target.paused} == {BATCH}
    assert target.now == pytest.approx(1000 / BATCH * PAUSE)
    assert target.addresses == [TO, OTHER] * 500


def test_a_target_that_takes_its_time_has_only_so_many_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    target, counts = prepared(monkeypatch, 500, lambda target: target.settle(2))
    assert counts[PREOPENED] == 500
    assert max(on_their_way for _, on_their_way in target.paused) == ON_THEIR_WAY


def test_it_gives_up_once_the_target_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    target, counts = prepared(monkeypatch, 500, lambda target: target.settle(10 if len(target.addresses) < 200 else 0))
    assert counts[PREOPENED] + counts[FAILED] == len(target.addresses) < 500
    assert counts[FAILED] == ON_THEIR_WAY
    assert PATIENCE <= target.now < PATIENCE + 1
