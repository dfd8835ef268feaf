"""Whom the clients trust, and what they show of themselves: certificates, names, versions, resumption."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from contract import Bench, on_uvloop
from raw_server import Peer, PlainTalker, RawServer, unused_port
from raw_tls import Authority, server_context

from loadgen.exchange import NEW, RESUMED, REUSED, Outcome
from loadgen.net.counters import CLOSED_IDLE, FAILED, OPENED, PREOPENED
from loadgen.net.counters import RESUMED as COUNT_RESUMED
from loadgen.net.tls import client_context
from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SETTINGS = bytes.fromhex("000006 04 00 00000000 0003 00000064")  # of HTTP/2: at most 100 streams
GOAWAY = bytes.fromhex("000008 07 00 00000000 00000000 00000001")  # a protocol error
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True)
class Papers:
    """Certificates by what they are worth."""

    ca: Path
    good: Path
    other_name: Path
    expired: Path
    nameless: Path
    stranger: Path
    client: Path
    foreign_client: Path


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    ours = Authority(tmp_path_factory.mktemp("ours"), "ours")
    foreign = Authority(tmp_path_factory.mktemp("foreign"), "foreign")
    return Papers(
        ca=ours.ca,
        good=ours.sign("localhost", ("localhost",)),
        other_name=ours.sign("other.test", ("other.test", "*.localhost")),
        expired=ours.sign("expired", ("localhost",), days=-1),
        nameless=ours.sign("localhost-by-common-name-only"),
        stranger=foreign.sign("stranger", ("localhost",)),
        client=ours.sign("client"),
        foreign_client=foreign.sign("foreign-client"),
    )


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def answer(peer: Peer) -> None:
    await peer.answer(OK)


def trusting(kind: str, port: int, papers: Papers, host: str = "localhost") -> Bench:
    """A client that trusts our authority."""
    return Bench(kind, f"https://{host}:{port}", context=client_context(papers.ca))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("flaw", ["other_name", "expired", "nameless", "stranger"])
@on_uvloop
async def test_a_certificate_that_is_not_right_is_refused(kind: str, papers: Papers, flaw: str, version: str) -> None:
    context = server_context(getattr(papers, flaw))
    context.maximum_version = VERSIONS[version]
    async with RawServer(answer, context) as server:
        url = server.url("https", "localhost")
        async with Bench(kind, url, context=client_context(papers.ca)) as bench:
            x = await bench.ask()
            assert (x.outcome, x.sent) == (Outcome.TLS, 0)
            assert x.reason.startswith("certificate refused: ")
            assert bench.connections[FAILED] == 1
            assert bench.connections[OPENED] == bench.wired[0] == server.begun == 0
        async with Bench(kind, url, context=client_context(papers.ca, verify=False)) as bench:
            assert (await bench.ask()).outcome is Outcome.OK


@on_uvloop
async def test_an_address_is_no_name(kind: str, papers: Papers) -> None:
    context = server_context(papers.good)
    async with RawServer(answer, context) as server, trusting(kind, server.port, papers, "127.0.0.1") as bench:
        assert (await bench.ask()).outcome is Outcome.TLS


@pytest.mark.parametrize("version", VERSIONS)
@on_uvloop
async def test_both_versions_are_spoken_and_shown(kind: str, papers: Papers, version: str) -> None:
    context = server_context(papers.good)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    async with RawServer(answer, context) as server, trusting(kind, server.port, papers) as bench:
        x = await bench.ask()
        assert (x.outcome, x.connection) == (Outcome.OK, NEW)
        shown = x.link.describe()  # type: ignore[attr-defined]
        assert shown["tls"] == f"TLSv{version}"
        assert shown["address"] == f"127.0.0.1:{server.port}"
        assert ("DNS", "localhost") in shown["certificate"]["subjectAltName"]
        if kind == "wire":
            assert 0 < x.handshake_cpu <= x.tls
            assert x.tcp + x.tls <= x.connected - x.started


@on_uvloop
async def test_an_old_version_is_refused(kind: str, papers: Papers) -> None:
    context = server_context(papers.good)
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with PlainTalker(context, OK) as server:
        async with trusting(kind, server.port, papers) as bench:
            x = await bench.ask()
            assert x.outcome is Outcome.TLS, x.reason


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("shown", ["client", "foreign_client", None])
@on_uvloop
async def test_a_certificate_of_the_client(kind: str, papers: Papers, shown: str | None, version: str) -> None:
    context = server_context(papers.good, client_ca=papers.ca)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    own = client_context(papers.ca, client_cert=getattr(papers, shown) if shown else None)
    with PlainTalker(context, OK) as server:
        async with Bench(kind, f"https://localhost:{server.port}", context=own) as bench:
            x = await bench.ask()
            if shown == "client":
                assert (x.outcome, server.begun) == (Outcome.OK, 1), x.reason
            else:
                # the SDK's request is written in pieces, of which a later one may be told of the reset before the alert
                late = kind == "sdk" and x.outcome is Outcome.RESET
                assert late or (x.outcome is Outcome.TLS and x.reason.startswith("TLS: ")), x.reason
                assert (x.status, server.begun) == (0, 0)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("resumption", [True, False])
@on_uvloop
async def test_resumption_is_labelled(kind: str, papers: Papers, version: str, resumption: bool) -> None:
    """aiohttp has no way to resume a session, and its connections are never labelled so."""
    context = server_context(papers.good)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    async with RawServer(answer, context) as server:
        url, own = server.url("https", "localhost"), client_context(papers.ca)
        async with Bench(kind, url, context=own, reuse="per-request", resumption=resumption) as bench:
            seen = [await bench.ask() for _ in range(4)]
            assert {x.outcome for x in seen} == {Outcome.OK}
            resumed = resumption and CLIENTS[kind].resumes_tls
            assert [x.connection for x in seen] == [NEW] + [RESUMED if resumed else NEW] * 3
            assert bench.connections[COUNT_RESUMED] == (3 if resumed else 0)
            assert bench.connections[OPENED] == server.accepted == 4


@pytest.mark.parametrize(("tickets", "resumed"), [(0, 0), (255, 3)])
@on_uvloop
async def test_a_target_that_gives_no_ticket_or_very_many(
    kind: str, papers: Papers, tickets: int, resumed: int
) -> None:
    """255 of them are 64 kB, ahead of the first answer; half of the connections are used twice."""
    context = server_context(papers.good)
    context.minimum_version, context.num_tickets = ssl.TLSVersion.TLSv1_3, tickets
    async with RawServer(answer, context) as server:
        url, own = server.url("https", "localhost"), client_context(papers.ca)
        async with Bench(kind, url, context=own, reuse="per-iteration") as bench:
            seen = []
            for _ in range(4):
                user = object()
                seen += [await bench.ask(owner=user), await bench.ask(owner=user)]
                bench.client.end_iteration(user)
            assert [(x.outcome, x.reason) for x in seen] == [(Outcome.OK, "")] * 8
            again = RESUMED if resumed and CLIENTS[kind].resumes_tls else NEW
            assert [x.connection for x in seen] == [NEW, REUSED, *[again, REUSED] * 3]
            assert bench.connections[COUNT_RESUMED] == (resumed if again == RESUMED else 0)
            assert (bench.connections[OPENED], bench.connections[CLOSED_IDLE], server.accepted) == (4, 0, 4)


@on_uvloop
async def test_a_target_that_speaks_http_2_alone(kind: str, papers: Papers) -> None:
    """It greets in its own language, and hangs up at a request that is not in it."""

    async def script(peer: Peer) -> None:
        await peer.send(SETTINGS)
        await peer.head()
        peer.farewell(GOAWAY)

    context = server_context(papers.good)
    context.set_alpn_protocols(["h2"])
    async with RawServer(script, context) as server, trusting(kind, server.port, papers) as bench:
        for x in [await bench.ask(), await bench.ask()]:
            assert (x.outcome, x.status) == (Outcome.BAD_RESPONSE, 0)
            assert x.reason.startswith("not HTTP/1.1: ")
        assert (bench.connections[OPENED], bench.connections[FAILED]) == (2, 0)


@on_uvloop
async def test_a_target_that_speaks_no_tls(kind: str, papers: Papers) -> None:
    async with RawServer(answer) as server, trusting(kind, server.port, papers) as bench:
        x = await bench.ask(timeout=300)
        assert x.outcome in (Outcome.TLS, Outcome.TIMEOUT)  # the server waits for the end of a head

    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with RawServer(script) as server, trusting(kind, server.port, papers) as bench:
        x = await bench.ask()
        assert (x.outcome, x.status) == (Outcome.TLS, 0), x.reason


@pytest.mark.parametrize("preopen", [0, 2])
@pytest.mark.parametrize("ending", ["close", "reset"])
@on_uvloop
async def test_a_handshake_that_the_target_breaks_off(kind: str, papers: Papers, preopen: int, ending: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.read(100)
        getattr(peer, ending)()

    async with RawServer(script) as server:
        url, own = server.url("https", "localhost"), client_context(papers.ca)
        async with Bench(kind, url, context=own, preopen=preopen) as bench:
            x = await bench.ask()
            assert (x.outcome, x.sent) == (Outcome.RESET, 0), x.reason
            assert bench.connections[FAILED] == preopen + 1
            assert bench.connections[OPENED] == bench.connections[PREOPENED] == bench.connections[CLOSED_IDLE] == 0


@on_uvloop
async def test_a_broken_off_handshake_is_no_bug_but_others_are(papers: Papers) -> None:
    """uvloop's complaint when data comes for a connection that a timeout has just closed would go to the terminal."""
    heard: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: heard.append(context["message"]))
    async with trusting("aiohttp", unused_port(), papers):
        loop.call_exception_handler({"message": "Fatal error on SSL protocol"})
        loop.call_exception_handler({"message": "another"})
    loop.call_exception_handler({"message": "after"})
    assert heard == ["another", "after"]


@on_uvloop
async def test_a_goodbye_that_comes_with_the_answer(kind: str, papers: Papers) -> None:
    """The connection is not used again, although the answer did not say so."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.farewell(OK)

    async with RawServer(script, server_context(papers.good)) as server:
        url, own = server.url("https", "localhost"), client_context(papers.ca)
        async with Bench(kind, url, context=own, connections=1) as bench:
            sent = [bench.send() for _ in range(5)]
            for x in sent:
                await bench.end(x)
                assert x.connection != REUSED or kind != "wire"
                assert x.outcome is Outcome.OK or (kind != "wire" and x.connection == REUSED), x.reason
