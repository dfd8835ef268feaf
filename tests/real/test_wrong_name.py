"""A certificate for another name is refused by each client in each session mode, and nothing is sent to its owner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from contract import Bench, on_uvloop
from raw_server import Peer, RawServer
from raw_tls import Authority, server_context

from loadgen.exchange import Outcome
from loadgen.net.counters import FAILED, OPENED
from loadgen.net.tls import client_context
from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

MODES = [(kind, *session) for kind, abilities in CLIENTS.items() for session in abilities.sessions]


@pytest.mark.parametrize(("kind", "reuse", "renew"), MODES)
@pytest.mark.parametrize("preopen", [0, 2])
@pytest.mark.parametrize("each", [False, True])
@on_uvloop
async def test_another_name_is_refused(
    tmp_path: Path, kind: str, reuse: str, renew: str, preopen: int, each: bool
) -> None:
    ours = Authority(tmp_path)
    before = preopen if reuse == "shared" else 0

    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def trusting() -> Bench:
        made = Bench(
            kind, url, context=client_context(ours.ca), reuse=reuse, renew=renew, preopen=before, resolve_each=each
        )
        made.settings = replace(made.settings, authorize=lambda request: "\r\nAuthorization: canary")
        return made

    async with RawServer(script, server_context(ours.sign("wrong", ("wrong.example",)))) as server:
        url = server.url("https", "localhost")
        async with trusting() as bench:
            iteration = object()
            for _ in range(3):
                x = await bench.ask(owner=iteration)
                assert (x.outcome, x.sent, x.status) == (Outcome.TLS, 0, 0), x.reason
                assert x.reason.startswith("certificate refused: ")
            assert bench.connections[OPENED] == bench.wired[0] == server.begun == 0
            assert bench.connections[FAILED] == 3 + before
