"""What clients add to a request when it is sent: each time anew, as part of `sign`, and nothing keeps it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count

import pytest
from contract import Bench, on_uvloop
from raw_server import Peer, RawServer

from loadgen.aws.auth import SIGV4, Access, Added, Scope
from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.aws.sigv4 import verify
from loadgen.clock import now, wall
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.transport import Authorize

pytestmark = pytest.mark.real

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SECRET = "canary-of-this-request"
TOOK = 100_000  # ns, at the least


@pytest.fixture(params=["wire", "aiohttp"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def answer(peer: Peer) -> None:
    await peer.answer(OK)


class Numbering:
    """Adds a secret that counts, and remembers how long each took."""

    def __init__(self) -> None:
        self._number = count()
        self.took: list[int] = []

    def __call__(self, request: Request) -> Added:
        begun = now()
        while now() - begun < TOOK:
            pass
        self.took.append(now() - begun)
        return f"\r\nAuthorization: {SECRET} {next(self._number)}\r\nx-api-key: {SECRET}"


def bench(
    kind: str, server: RawServer, authorize: Authorize | None, reuse: str = "shared", connections: int = 100
) -> Bench:
    made = Bench(kind, server.url("http"), reuse=reuse, connections=connections)
    made.settings = replace(made.settings, authorize=authorize)
    return made


def texts(x: Exchange) -> str:
    """All that an exchange holds."""
    request = x.request
    held = [getattr(x, name, None) for name in Exchange.__slots__ if name not in ("request", "owner")]
    return repr([*held, request.method, request.path, request.headers, request.body, request.encoded])


@pytest.mark.parametrize("reuse", ["shared", "per-request"])
@on_uvloop
async def test_each_exchange_has_headers_of_its_own(kind: str, reuse: str) -> None:
    numbering = Numbering()
    request = Request("POST", "/a?b=%7B", (("Content-Type", "text/plain"),), b"body")  # the same each time
    async with RawServer(answer) as server, bench(kind, server, numbering, reuse) as client:
        due = now()
        seen = []
        for _ in range(3):
            x = Exchange(request, 0, object(), due, due, due + 10**10, 0)
            seen.append(client.launch(x))
        await asyncio.gather(*(client.end(x) for x in seen))
        sent = [dict(heard.headers) for heard in server.heard]
    assert {x.outcome for x in seen} == {Outcome.OK}
    assert sorted(headers["Authorization"] for headers in sent) == [f"{SECRET} {n}" for n in range(3)]
    assert {headers["x-api-key"] for headers in sent} == {SECRET}
    assert {headers["Content-Type"] for headers in sent} == {"text/plain"}
    assert {headers["Host"] for headers in sent} == {server.url("http").removeprefix("http://")}
    for x in seen:
        assert x.signed - x.released >= min(numbering.took)
        assert SECRET not in texts(x)


@pytest.mark.parametrize("scene", ["timeout", "reset", "cancelled", "refused"])
@on_uvloop
async def test_an_exchange_that_fails_keeps_nothing_of_them(kind: str, scene: str) -> None:
    heard = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        heard.set()
        if scene == "reset":
            peer.reset()

    async with RawServer(script) as server, bench(kind, server, Numbering(), connections=1) as client:
        if scene == "refused":
            await server.__aexit__()
        timeout = 50 if scene == "timeout" else 20_000
        seen = [client.send(timeout=timeout) for _ in range(2)]  # the second waits for the connection
        if scene == "cancelled":
            await heard.wait()
            client.client.cancel()
        for x in seen:
            await client.end(x)
            assert x.outcome
            assert SECRET not in texts(x)


@on_uvloop
async def test_a_renewal_is_used_from_the_next_request_on(kind: str) -> None:
    other = Credentials("OTHER", "secret-of-other", "session")
    access = Access(Scope("dynamodb", "eu-west-1"), {SIGV4: SANDBOX})
    async with RawServer(answer) as server:
        authorize = access.authorizer(server.url("http").removeprefix("http://"))
        async with bench(kind, server, authorize) as client:
            for keys in (SANDBOX, other):
                access.renew(SIGV4, keys)
                for body in (b"{}", b'{"a":1}'):
                    assert (await client.ask("POST", "/", headers=(("X-Amz-Target", "x.y"),), body=body)).status == 200
                    heard = server.heard[-1]
                    secrets = {keys.access_key: keys.secret_key}
                    refused = verify("POST", "/", heard.headers, heard.body, secrets.get, wall())
                    assert refused is None, refused
