"""One run that meets every way in which a server answers, or does not: the outcome of each, by each client for HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from answers import OK, RIGHT, WRONG, Case
from program import prepare, run
from raw_server import Peer, RawServer

from loadgen.exchange import Outcome

pytestmark = pytest.mark.real

STATUSES = {
    "201": (201, Outcome.OK), "206": (206, Outcome.OK), "299": (299, Outcome.OK), "300": (300, Outcome.UNEXPECTED),
    "301": (301, Outcome.UNEXPECTED), "307": (307, Outcome.UNEXPECTED), "400": (400, Outcome.HTTP_4XX),
    "401": (401, Outcome.HTTP_4XX), "418": (418, Outcome.HTTP_4XX), "429": (429, Outcome.THROTTLED),
    "500": (500, Outcome.HTTP_5XX), "503": (503, Outcome.HTTP_5XX), "999": (999, Outcome.HTTP_5XX),
}  # fmt: skip
RIGHT_BUT_NOT_OK = {
    "304": Outcome.UNEXPECTED, "redirect": Outcome.UNEXPECTED, "404": Outcome.HTTP_4XX,
}  # fmt: skip
DIFFERENCES = {"only a 100": (Outcome.BAD_RESPONSE, Outcome.RESET)}  # of the wire client and of aiohttp
SILENT = {"silence": b"", "half a head, silence": OK[:20], "half a body, silence": OK[:-1]}
ITERATIONS = 1200  # some twenty of each behaviour


def expected(client: str) -> dict[str, Outcome]:
    """The outcome of each behaviour."""
    of = {name: RIGHT_BUT_NOT_OK.get(name, Outcome.OK) for name in RIGHT}
    of |= {name: outcome for name, (_, outcome) in STATUSES.items()}
    of |= {name: wrong.outcome for name, wrong in WRONG.items()} | dict.fromkeys(SILENT, Outcome.TIMEOUT)
    return of | ({name: other for name, (_, other) in DIFFERENCES.items()} if client == "aiohttp" else {})


NAMES = tuple(expected("wire"))


class Server:
    """Behaves as the number in a request's path says."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()

    async def serve(self, peer: Peer) -> None:
        while not peer.over:
            name = NAMES[int((await peer.request()).line.split()[1].removeprefix("/"))]
            self.heard[name] += 1
            await self._answer(peer, name)

    async def _answer(self, peer: Peer, name: str) -> None:
        if name in STATUSES:
            await peer.send(OK.replace(b"200", b"%d" % STATUSES[name][0]))
        elif name in SILENT:
            await peer.send(SILENT[name])
        elif right := RIGHT.get(name):
            await peer.send(right.data)
            if right.ends:
                peer.close()
        else:
            await peer.send(WRONG[name].data)
            if WRONG[name].ending != "stay":
                getattr(peer, WRONG[name].ending)()


def scenarios() -> str:
    methods = [RIGHT.get(name, Case(OK)).method.lower() for name in NAMES]
    limits = [", timeout: 300ms" if name in SILENT else "" for name in NAMES]
    steps = [f"name: s, {methods[number]}: /{number}{limits[number]}" for number in range(len(NAMES))]
    return "\n".join(f"  - {{name: c{number}, steps: [{{{step}}}]}}" for number, step in enumerate(steps))


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
async def test_each_behaviour_has_its_outcome(tmp_path: Path, client: str) -> None:
    server = Server()
    async with RawServer(server.serve) as raw:
        text = f"""
name: t
target: {raw.url("http")}
client: {client}
stop_if: never
load: [{{name: a, users: 40, iterations: {ITERATIONS}}}]
scenarios:
{scenarios()}
"""
        ran = await asyncio.to_thread(run, tmp_path, *prepare(tmp_path, text), "--json")
    steps = {NAMES[int(step["scenario"][1:])]: step for step in ran.phases["a"]["steps"]}
    found = {name: set(step["requests"]["outcomes"]) for name, step in steps.items()}
    assert found == {name: {outcome.word} for name, outcome in expected(client).items()}
    assert {name: step["requests"]["on_wire"] for name, step in steps.items()} == server.heard
    assert ran.requests["sent"] == ran.requests["on_wire"] == ITERATIONS
    reasons = {name: step["failures"][0]["reasons"] for name, step in steps.items() if step["failures"]}
    assert all(why for name, why in reasons.items() if name not in SILENT), reasons


def test_what_the_clients_differ_in_is_known() -> None:
    assert len(NAMES) >= 40
    assert {name: (wrong.outcome, wrong.aiohttp) for name, wrong in WRONG.items() if wrong.aiohttp} == DIFFERENCES
