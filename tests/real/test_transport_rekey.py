"""A target that goes on with TLS while a connection is in use: it negotiates anew (TLS 1.2) or renews its keys (1.3).

The target is `openssl s_server`, which does so at a letter that it is typed: R and r, K and k.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import servers
from contract import Bench, on_uvloop
from raw_server import Peer, RawServer
from raw_tls import Authority

from loadgen.exchange import NEW, REUSED, Exchange, Outcome
from loadgen.net.tls import client_context
from loadgen.profile.clients import CLIENTS
from loadgen.transport.wire.stream import PIECE

pytestmark = pytest.mark.real

ANSWER = b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"
WAYS = {  # what is typed, what the target sends then, and what of the client's it has seen when that was done twice
    "negotiates-anew": ("1_2", b"r\n", b"HelloRequest", {b"Finished": 3}),
    "and-asks-for-a-certificate": ("1_2", b"R\n", b"HelloRequest", {b"Finished": 3}),
    "renews-its-keys": ("1_3", b"k\n", b"KeyUpdate", {b"KeyUpdate": 0}),
    "and-asks-for-the-clients": ("1_3", b"K\n", b"KeyUpdate", {b"KeyUpdate": 2}),
}


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("rekey"), "rekey")


class Typed:
    """A server that answers with what it is typed, and shows what it receives and each message of TLS."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        assert process.stdin and process.stdout
        self._in, self._out, self.port = process.stdin, process.stdout, port
        self._shown, self._all = b"", b""

    async def shows(self, *texts: bytes) -> None:
        """Wait until it shows these, one after the other."""
        for text in texts:
            while text not in self._shown:
                more = await self._out.read(65536)
                assert more, f"it ended, and never showed {text!r}"
                self._shown += more
                self._all += more
            self._shown = self._shown.partition(text)[2]

    async def asked(self) -> None:
        await self.shows(b"HTTP/1.1\r\n", b"\r\n\r\n")

    def heard(self, message: bytes) -> int:
        """How many of these messages of the client's TLS it has shown."""
        return len(re.findall(b"<<< TLS [^\n]*" + message, self._all))

    def type(self, text: bytes) -> None:
        self._in.write(text)

    async def rekeys(self, way: str) -> None:
        """Type the letter, and wait until the client has been told. Else what is typed next would come with it."""
        _, letter, message, _ = WAYS[way]
        self.type(letter)
        await self.shows(b">>> TLS", message)


@asynccontextmanager
async def typed(authority: Authority, version: str) -> AsyncIterator[Typed]:
    try:
        command = servers.binary("openssl")
    except servers.Absent as absent:
        pytest.skip(str(absent))
    (port,) = servers.free_ports(1)
    pem = str(authority.sign("localhost", ("localhost",)))
    arguments = ["-accept", f"127.0.0.1:{port}", "-cert", pem, "-key", pem, f"-tls{version}", "-crlf", "-msg"]
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    # it shows a body before it reads what it is typed: nobody may have to read that first
    process = await asyncio.create_subprocess_exec(command, "s_server", *arguments, **pipes, limit=1 << 24)
    try:
        server = Typed(process, port)
        await server.shows(b"ACCEPT")
        yield server
    finally:
        process.kill()
        await process.communicate()


def trusting(kind: str, port: int, authority: Authority) -> Bench:
    return Bench(kind, f"https://localhost:{port}", context=client_context(authority.ca), connections=1)


async def answered(bench: Bench, server: Typed) -> Exchange:
    x = bench.send()
    await server.asked()
    server.type(ANSWER)
    return await bench.end(x)


@pytest.mark.parametrize("way", WAYS)
@on_uvloop
async def test_between_two_exchanges_and_within_one(kind: str, authority: Authority, way: str) -> None:
    version, _, _, replies = WAYS[way]
    async with typed(authority, version) as server, trusting(kind, server.port, authority) as bench:
        seen = [await answered(bench, server)]
        await server.rekeys(way)
        seen.append(await answered(bench, server))
        x = bench.send()
        await server.asked()
        await server.rekeys(way)
        server.type(ANSWER)
        seen.append(await bench.end(x))
        seen.append(await answered(bench, server))
    assert [(x.outcome, x.reason) for x in seen] == [(Outcome.OK, "")] * 4
    assert [x.connection for x in seen] == [NEW, REUSED, REUSED, REUSED]
    assert {message: server.heard(message) for message in replies} == replies


@pytest.mark.parametrize("size", [0, 3 * PIECE])
@on_uvloop
async def test_a_request_that_comes_while_the_target_negotiates_anew(
    kind: str, authority: Authority, size: int
) -> None:
    """The client has said hello and has no reply yet: the request leaves once it has one."""
    passes, again = asyncio.Event(), asyncio.Event()
    passes.set()

    async def relay(peer: Peer) -> None:
        """Pass everything on; of what the target says to the second hello nothing before `passes`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

        async def back() -> None:
            while data := await reader.read(65536):
                await passes.wait()
                await peer.send(data)

        returning = asyncio.create_task(back())
        try:
            while data := await peer.read(65536):
                if again.is_set():
                    again.clear()
                    passes.clear()
                writer.write(data)
        finally:
            writer.close()
            returning.cancel()

    async with (
        typed(authority, "1_2") as server,
        RawServer(relay) as between,
        trusting(kind, between.port, authority) as bench,
    ):
        assert (await answered(bench, server)).outcome is Outcome.OK
        again.set()
        await server.rekeys("negotiates-anew")
        await server.shows(b"<<< TLS", b"ClientHello")
        x = bench.send("POST", body=bytes(size))
        for _ in range(20):
            await asyncio.sleep(0)  # the client's turns
        passes.set()
        await server.asked()
        server.type(ANSWER)
        await bench.end(x)
        assert (x.outcome, x.reason, x.connection) == (Outcome.OK, "", REUSED)
        assert bench.wired[0] == 2
