"""Answers by chance: right ones, spoilt ones, any bytes, however split. Whatever comes, an exchange ends once and soon,
with an outcome that says so, and the client goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import uvloop
from answers import OK, RIGHT, WRONG
from contract import Bench
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from leftovers import WIRE, for_the_collector, resident
from raw_server import Peer, RawServer
from raw_tls import Authority, server_context

from loadgen.exchange import BODY, HEADERS, NOTHING, Outcome
from loadgen.net.tls import client_context
from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

SOON = 60  # ms until an exchange times out whose answer never ends
LIMIT = 20  # seconds after which an example is taken to hang


@dataclass(frozen=True)
class Plan:
    """What the server does with one request."""

    pieces: tuple[bytes, ...]
    ending: str
    method: str = "GET"
    wants: int = BODY


class Arena:
    """A server that follows the plan of the moment, and a client of it, for all examples of a test."""

    def __init__(self, kind: str, folder: Path | None) -> None:
        self.kind = kind
        self.plan = Plan((OK,), "stay")
        authority = Authority(folder) if folder else None
        served = server_context(authority.sign("localhost", ("localhost",))) if authority else None
        self._trusts = client_context(authority.ca) if authority else None
        self.server = RawServer(self._follow, served)

    async def open(self) -> None:
        self.troubles: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: self.troubles.append(context))
        await self.server.__aenter__()
        url = self.server.url("https", "localhost") if self._trusts else self.server.url("http")
        self.bench = await Bench(self.kind, url, context=self._trusts, connections=2).__aenter__()

    async def close(self) -> None:
        await self.bench.__aexit__(None)
        await self.server.__aexit__()

    async def follow(self, plan: Plan) -> None:
        self.plan = plan
        async with asyncio.timeout(LIMIT):
            x = await self.bench.ask(plan.method, wants=plan.wants, timeout=SOON)
            assert x.outcome in (Outcome.OK, Outcome.BAD_RESPONSE, Outcome.RESET, Outcome.TIMEOUT), x.reason
            assert x.outcome is Outcome.OK or x.body is None
            assert x.outcome is not Outcome.OK or x.status >= 200
            if plan.ending != "stay" and x.outcome is Outcome.TIMEOUT:
                # what has ended is not waited for; but a machine may be that slow, and an endless head takes its time
                again = await self.bench.ask(plan.method, wants=plan.wants, timeout=100 * SOON)
                assert again.outcome is not Outcome.TIMEOUT
            self.plan = Plan((OK,), "stay")
            for _ in range(2):  # the first may be sent on a connection that is about to be closed
                x = await self.bench.ask(timeout=100 * SOON)
                if x.outcome is Outcome.OK:
                    break
            assert (x.outcome, x.status, x.body) == (Outcome.OK, 200, b"{}"), x.reason
        assert not self.troubles, self.troubles
        self.bench.check()
        self.bench.sent.clear()
        self.bench.ended.clear()
        self.bench.wired[0] = 0

    async def _follow(self, peer: Peer) -> None:
        while True:
            await peer.request()
            plan = self.plan
            for piece in plan.pieces:
                await peer.send(piece)
            if plan.ending != "stay":
                getattr(peer, plan.ending)()
                return


def split(data: bytes, places: list[int]) -> tuple[bytes, ...]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return tuple(data[start:stop] for start, stop in pairwise(edges) if stop > start)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    seeds = [case.data for case in (*RIGHT.values(), *WRONG.values())]
    data = draw(st.one_of(st.sampled_from(seeds), st.binary(max_size=200)))
    for place, gone, text in draw(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 5), SPOILS), max_size=4)):
        place %= len(data) + 1
        data = data[:place] + text + data[place + gone :]
    return Plan(
        split(data, draw(st.lists(st.integers(0, 300), max_size=5))),
        draw(st.sampled_from(["close", "close", "cut", "reset", "stay"])),
        draw(st.sampled_from(["GET", "GET", "HEAD"])),
        draw(st.sampled_from([NOTHING, HEADERS, BODY])),
    )


SPOILS = st.one_of(
    st.binary(max_size=4),
    st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b"0\r\n\r\n", b":", b" ", b"\x00", b"chunked", b"close", b"9" * 30]),
    st.sampled_from(
        [OK, b"HTTP/1.1 100 Continue\r\n\r\n", b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n"]
    ),
)


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=["http", "https"])
def arena(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[tuple[asyncio.Runner, Arena]]:
    arena = Arena(kind, tmp_path if request.param == "https" else None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(arena.open())
        yield runner, arena
        runner.run(arena.close())


def test_chance(arena: tuple[asyncio.Runner, Arena]) -> None:
    runner, field = arena

    @settings(
        max_examples=120,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(plans())
    @example(Plan((OK + OK,), "stay"))
    @example(Plan((b"HTTP/1.1 200 OK\r\n\r\n", b"{}"), "cut"))
    @example(Plan((b"",), "stay"))
    def chance(plan: Plan) -> None:
        runner.run(field.follow(plan))

    before = resident()
    chance()
    assert resident() - before < 64 << 20
    with for_the_collector(WIRE) as left:
        for case in WRONG.values():
            runner.run(field.follow(Plan((case.data,), "close")))
    assert field.kind != "wire" or left == []
