"""A run's report of its connections against a server that counts them, in each session mode of each client; and the
parts of the time that each mode has."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from certificate import Certificate
from program import VALID, Ran, prepare, run
from raw_server import Peer, RawServer
from raw_tls import server_context

from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "known to nobody"}
ITERATIONS = 6  # of a put and a get
REQUESTS = 2 * ITERATIONS
PUT, GET = "PutItem", "GetItem"
MODES = [(client, *session) for client, abilities in CLIENTS.items() for session in abilities.sessions]
OVER_EACH = {
    "shared": [[PUT, GET] * ITERATIONS],
    "per-iteration": [[PUT, GET]] * ITERATIONS,
    "per-request": [[PUT], [GET]] * ITERATIONS,
}
DESCRIBED = b'{"Table": {"TableStatus": "ACTIVE", "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}}'


class Counting:
    """What came over each connection, by operation. `load`: those of the load, and not the one of the look before."""

    def __init__(self) -> None:
        self._heard: list[list[str]] = []

    async def serve(self, peer: Peer) -> None:
        heard: list[str] = []
        self._heard.append(heard)
        while True:
            headers = {name.lower(): value for name, value in (await peer.request()).headers}
            heard.append(headers["x-amz-target"].rpartition(".")[2])
            body = DESCRIBED if heard[-1] == "DescribeTable" else b"{}"
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    @property
    def load(self) -> list[list[str]]:
        return [heard for heard in self._heard if "DescribeTable" not in heard]


async def carried_out(folder: Path, client: str, session: str, workers: str = "1") -> tuple[Ran, list[list[str]]]:
    files, counting = Certificate.make(folder), Counting()
    async with RawServer(counting.serve, server_context(files.pem)) as server:
        text = f"""
name: t
target: {{dynamodb: {{table: orders, region: eu-west-1, endpoint: "{server.url("https")}"}}}}
tls: {{ca: "{files.ca}"}}
client: {client}
session: {session}
load: [{{name: a, users: 1, iterations: {ITERATIONS}}}]
scenarios:
  - name: s
    steps:
      - {{name: put, PutItem: {{Item: {{pk: "{{{{uuid}}}}"}}}}}}
      - {{name: get, GetItem: {{Key: {{pk: a}}}}}}
"""
        arguments = (*prepare(folder, text), "--json", "--workers", workers)
        ran = await asyncio.to_thread(run, folder, *arguments, env=KEYS)
    assert ran.status in VALID, ran.err
    assert ran.requests["outcomes"] == {"ok": REQUESTS}
    return ran, counting.load


def times(ran: Ran, metric: str) -> Counter[str]:
    """How many requests of each step have it."""
    steps: list[dict[str, Any]] = ran.phases["a"]["steps"]
    return +Counter({step["step"]: (step["latency_ms"].get(metric) or {}).get("count", 0) for step in steps})


@pytest.mark.parametrize(("client", "reuse", "renew"), MODES)
async def test_a_mode_opens_and_makes_what_it_says(tmp_path: Path, client: str, reuse: str, renew: str) -> None:
    cap = ", connections: 1" if reuse == "shared" else ""
    ran, seen = await carried_out(tmp_path, client, f"{{reuse: {reuse}, renew: {renew}{cap}}}")
    assert sorted(seen) == sorted(OVER_EACH[reuse])
    told = ran.result["variants"][0]["connections"]
    early = len(seen) if reuse == "shared" else 0  # opened before the load, so that no request finds a new one
    assert (told["opened"], told["preopened"], told["reused"]) == (len(seen), early, REQUESTS - len(seen) + early)
    first = Counter({"put": ITERATIONS, "get": 0 if reuse == "per-iteration" else ITERATIONS})
    new = +first if reuse != "shared" else Counter[str]()
    by_connection = ran.phases["a"]["connections"]
    assert by_connection["new"] + by_connection["resumed"] == new.total()
    everything = Counter({"put": ITERATIONS, "get": ITERATIONS})
    assert times(ran, "sign") == times(ran, "service") == everything
    assert times(ran, "connect") == new
    assert times(ran, "build") == (new if renew in CLIENTS[client].builds else Counter())


@pytest.mark.parametrize("client", CLIENTS)
async def test_each_worker_has_a_pool(tmp_path: Path, client: str) -> None:
    ran, seen = await carried_out(tmp_path, client, "{reuse: shared, connections: 2}", "2")
    assert len(seen) == ran.result["variants"][0]["connections"]["opened"] == 2
    assert sum(heard.count(PUT) for heard in seen) == ITERATIONS
