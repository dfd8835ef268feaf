"""The clients against servers that nobody here wrote: every kind of exchange that a profile can ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import BIG, CHUNKED, Server

from loadgen.aws.auth import Access
from loadgen.exchange import NEW, REUSED
from loadgen.net.names import Origin, resolve
from loadgen.profile.load import load
from loadgen.runner.probe import ProbedExchange, probe

pytestmark = pytest.mark.real

CLIENTS = ("wire", "aiohttp")


async def exchanges(server: Server, base: str, client: str, folder: Path, steps: str) -> list[ProbedExchange]:
    (folder / "big").write_bytes(bytes(BIG))
    text = f"""
name: servers
target: {base}/
client: {client}
load: [{{name: one, at-once: 1}}]
scenarios:
  - name: all
    steps:
{steps}
"""
    profile = load(folder / "profile.yaml", text=text).profile
    origin = Origin.of(base)
    return await probe(profile, origin, resolve(origin), server.ca, Access())


@pytest.fixture(params=["http", "https"])
def base(request: pytest.FixtureRequest, server: Server) -> str:
    return str(getattr(server, request.param))


@pytest.mark.parametrize("client", CLIENTS)
async def test_every_kind_of_exchange(server: Server, base: str, client: str, tmp_path: Path) -> None:
    steps = """
      - {name: get, get: /, expect: {status: 200, body: "{}"}}
      - {name: head, head: /big, capture: {length: header.content-length}}
      - {name: one-byte, post: /upload, text: x, expect: {status: 200, body: "1"}}
      - {name: ten-megabytes, post: /upload, file: big, expect: {status: 200}, capture: {size: body}}
      - {name: big, get: /big, expect: {status: 200}}
      - {name: chunked, get: /chunked, expect: {status: 200}, capture: {chunks: body}}
      - {name: said-close, get: /close, expect: {status: 200, body: "{}"}}
      - {name: after, get: /, expect: {status: 200, body: "{}"}}
"""
    seen = await exchanges(server, base, client, tmp_path, steps)
    assert [(s.step, s.exchange.outcome.word, s.exchange.reason) for s in seen] == [
        (name, "ok", "")
        for name in ("get", "head", "one-byte", "ten-megabytes", "big", "chunked", "said-close", "after")
    ]
    assert seen[1].captured == {"length": str(BIG)}
    assert seen[3].captured == {"size": str(BIG)}
    assert seen[5].captured == {"chunks": "c" * CHUNKED}
    labels = [s.exchange.connection for s in seen]
    assert labels[0] == NEW
    # between the first exchange and the one after the announced close, there is one connection
    assert labels[1:7] == [REUSED] * 6
    assert labels[7] != REUSED


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("scheme", ["brief_http", "brief_https"])
async def test_a_connection_closed_while_idle_is_replaced(
    server: Server, scheme: str, client: str, tmp_path: Path
) -> None:
    pause = server.idle_ms + (1500 if server.name == "node" else 400)  # Node looks for idle connections once a second
    steps = f"""
      - {{name: first, get: /, expect: {{status: 200}}}}
      - {{name: much-later, get: /, think: {pause}ms, expect: {{status: 200}}}}
"""
    seen = await exchanges(server, getattr(server, scheme), client, tmp_path, steps)
    assert [s.exchange.outcome.word for s in seen] == ["ok", "ok"]
    assert seen[1].exchange.connection != REUSED
