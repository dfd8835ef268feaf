"""Many connections: ten thousand from one worker in the full form. All are opened before the load, all are used in
turn, nothing is lost, and each takes little memory. What each costs in CPU, `bench` measures."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from contract import Bench, on_uvloop
from program import FULL, VALID, Ran, load
from raw_server import Peer, RawServer
from servers import Server

from loadgen import seconds
from loadgen.exchange import Outcome
from loadgen.net.names import Address
from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

MANY, RATE, SECONDS = (10_000, 2000, 60) if FULL else (1000, 500, 3)
FEW = 64
MOST_KIB = {"http": 20, "https": 60}  # of memory for each connection
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

StartNginx = Callable[..., AbstractContextManager[Server]]


def over(server: Server, folder: Path, scheme: str, connections: int, lasts: int) -> tuple[Ran, int]:
    """A run over so many connections, and the most memory that its worker had, in KiB."""
    folder.mkdir()
    text = f"""
name: many
target: {getattr(server, scheme)}/
tls: {{ca: {server.ca}}}
session: {{connections: {connections}, order: fifo}}
load: [{{name: a, rate: {RATE}/s, for: {lasts}s}}]
"""
    ran = load(folder, text, "--workers", "1", limit=300)
    memory = max(int(health["rss"]) for second in seconds(folder / "run") for health in second.health)
    return ran, memory


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_thousands_of_connections_are_open_and_used_in_turn(
    start_nginx: StartNginx, tmp_path: Path, scheme: str
) -> None:
    with start_nginx(access_log=False) as server:
        _, base = over(server, tmp_path / "few", scheme, FEW, 1)
        ran, memory = over(server, tmp_path / "many", scheme, MANY, SECONDS)
    assert ran.status in VALID, ran.err
    assert set(ran.requests["outcomes"]) == {"ok"}
    assert ran.iterations["unsent"] == 0
    connections: dict[str, Any] = ran.result["variants"][0]["connections"]
    assert connections["opened"] == connections["preopened"] == connections["peak"] == MANY
    assert connections["closed_idle"] == connections["failed"] == 0
    assert (memory - base) / (MANY - FEW) < MOST_KIB[scheme]


@on_uvloop
async def test_idle_connections_are_used_in_turn() -> None:
    served: list[int] = []

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            served.append(peer.number)
            await peer.send(OK)

    async with (
        RawServer(script) as server,
        Bench("wire", server.url("http"), connections=5, preopen=5, fifo=True) as bench,
    ):
        for _ in range(10):
            await bench.ask()
    assert served[:5] == served[5:]
    assert Counter(served) == dict.fromkeys(range(5), 2)


@on_uvloop
async def test_connections_come_from_the_addresses_that_they_are_bound_to() -> None:
    async with RawServer(lambda peer: peer.answer(OK)) as server:
        ways = tuple(Address(2, ("127.0.0.1", server.port), source) for source in ("127.0.0.2", "127.0.0.3"))
        async with Bench("wire", server.url("http"), reuse="per-request", addresses=ways) as bench:
            for _ in range(4):
                await bench.ask()
    assert server.sources == ["127.0.0.2", "127.0.0.3"] * 2


@pytest.mark.parametrize("kind", CLIENTS)
@on_uvloop
async def test_a_target_may_have_an_address_of_ipv6(kind: str) -> None:
    async with RawServer(lambda peer: peer.answer(OK), hosts=("::1",)) as server:
        source = "::1" if CLIENTS[kind].sockets else ""
        way = Address(socket.AF_INET6, ("::1", server.port, 0, 0), source)
        async with Bench(kind, server.url("http", "[::1]"), addresses=(way,), reuse="per-request") as bench:
            x = await bench.ask()
    assert (x.outcome, x.status, server.sources) == (Outcome.OK, 200, ["::1"])
