"""One contract for the clients that use real sockets: answers of every kind, whole and byte by byte, plain and TLS.

What each client must do is the same but for what its notes say. Sessions and connections are in
`test_transport_sessions.py`, certificates in `test_transport_tls.py`, chance in `test_transport_fuzz.py`.
"""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from answers import BAD, CHUNKED, HALF, OK, RIGHT, WRONG, Case, Wrong
from contract import Bench, on_uvloop, until
from leftovers import WIRE, descriptors_open, for_the_collector, resident
from raw_server import Peer, RawServer, Script
from raw_tls import Authority, server_context

from loadgen.exchange import BODY, BODY_LIMIT, HEADERS, NEW, NOTHING, REUSED, Outcome
from loadgen.net.tls import client_context
from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real


MEGABYTES = 10 << 20


class Target:
    """A scheme, and the contexts of a server and of its client."""

    def __init__(self, scheme: str, authority: Authority, pem: Path) -> None:
        self.scheme = scheme
        self.context = client_context(authority.ca) if scheme == "https" else None
        self._served = server_context(pem) if scheme == "https" else None

    def server(self, script: Script) -> RawServer:
        return RawServer(script, self._served)

    def bench(self, kind: str, server: RawServer, **options: Any) -> Bench:
        url = server.url(self.scheme, "localhost" if self.context else "127.0.0.1")
        return Bench(kind, url, context=self.context, **options)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["http", "https"])
def target(request: pytest.FixtureRequest, authority: Authority) -> Target:
    return Target(request.param, authority, authority.sign("localhost", ("localhost",)))


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def no_head(kind: str, method: str) -> None:
    """Skip what the sdk client never does: it posts, whatever the method."""
    if kind == "sdk" and method == "HEAD":
        pytest.skip("the SDK sends no HEAD")


# answers that are right


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
@on_uvloop
async def test_a_right_answer_is_read(kind: str, target: Target, case: Case, bytewise: bool) -> None:
    no_head(kind, case.method)

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(case.data, bytewise)
            if case.ends:
                peer.close()
                return

    async with target.server(script) as server, target.bench(kind, server) as bench:
        for turn, wants in enumerate((BODY, HEADERS, NOTHING)):
            x = await bench.ask(case.method, wants=wants)
            assert (x.outcome, x.reason, x.status) == (Outcome.OK, "", case.status)
            assert x.body == (case.body if wants == BODY else None)
            assert (x.connection == REUSED) == (turn > 0 and not case.ends)
            assert (x.headers is None) == (wants == NOTHING)
        assert server.accepted == bench.connections[0] == (3 if case.ends else 1)
        assert server.begun == bench.wired[0] == 3
        assert bench.connections[2] == 0


@on_uvloop
async def test_headers_are_read_as_they_came(kind: str, target: Target) -> None:
    odd = b"X-Odd: \xe9\r\n" if kind != "sdk" else b""  # the SDK reads no other encoding than UTF-8
    more = b"X-Cold: true\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n" + odd + b"Content"
    data = OK.replace(b"Content", more)
    async with target.server(lambda peer: peer.answer(data)) as server, target.bench(kind, server) as bench:
        x = await bench.ask(wants=HEADERS)
        assert x.headers
        assert x.headers["x-cold"] == "true"
        assert x.headers["set-cookie"] == "a=1, b=2"
        assert x.headers.get("x-odd") == ("\xe9" if odd else None)


@on_uvloop
async def test_a_failing_answer_is_kept_in_part(kind: str, target: Target) -> None:
    data = b'HTTP/1.1 503 Busy\r\nX-Amzn-ErrorType: T\r\nContent-Length: 9999\r\n\r\n{"message":' + b"x" * 9988
    async with target.server(lambda peer: peer.answer(data)) as server, target.bench(kind, server) as bench:
        x = await bench.ask(wants=NOTHING)
        assert (x.outcome, x.status, len(x.excerpt)) == (Outcome.OK, 503, 2048)
        head, _, body = x.excerpt.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 Busy\r\n")
        assert b"X-Amzn-ErrorType: T" in head
        assert body.startswith(b'{"message":xxx')


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@on_uvloop
async def test_a_failing_answer_in_chunks_is_kept_without_them(kind: str, target: Target, bytewise: bool) -> None:
    head = b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = head + b'b;x=y\r\n{"error": "\r\n5\r\nbusy"\r\n1\r\n}\r\n0\r\nX-T: 1\r\n\r\n'

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(data, bytewise)

    async with target.server(script) as server, target.bench(kind, server) as bench:
        for wants in (NOTHING, HEADERS):
            x = await bench.ask(wants=wants)
            assert (x.status, x.excerpt.partition(b"\r\n\r\n")[2]) == (502, b'{"error": "busy"}')


@on_uvloop
async def test_a_redirect_is_not_followed_and_its_head_is_kept(kind: str, target: Target) -> None:
    data = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 2\r\n\r\n{}"
    async with target.server(lambda peer: peer.answer(data)) as server, target.bench(kind, server) as bench:
        for _ in range(2):
            x = await bench.ask(wants=NOTHING)
            assert (x.status, b"Location: /other\r\n" in x.excerpt) == (302, True)
        assert server.begun == 2


# what is sent


@pytest.mark.parametrize("kind", ["wire", "aiohttp"])
@on_uvloop
async def test_a_request_goes_out_as_it_is(kind: str, target: Target) -> None:
    path = "/a%2Fb/./../c//d?q=%20+&r=a%26b&s=:@!$'()*,;&t="
    headers = (("User-Agent", "loadgen"), ("X-One", "1"), ("X-One", "2"), ("Content-Type", "application/json"))
    async with target.server(lambda peer: peer.answer(OK)) as server, target.bench(kind, server) as bench:
        await bench.ask("GET", path, headers=headers)
        await bench.ask("POST", path, headers=headers, body=b"{}")
        await bench.ask("POST", path)
        await bench.ask("GET", "/", headers=(("Host", "other.test"),))
    get, post, empty, other = server.heard
    host = ("Host", f"{'localhost' if target.context else '127.0.0.1'}:{server.port}")
    assert get.line == f"GET {path} HTTP/1.1"
    assert sorted(get.headers) == sorted([host, *headers])
    assert post.line == f"POST {path} HTTP/1.1"
    assert sorted(post.headers) == sorted([host, *headers, ("Content-Length", "2")])
    assert post.body == b"{}"
    assert sorted(empty.headers) == sorted([host, ("Content-Length", "0")])
    assert other.headers == [("Host", "other.test")]


@on_uvloop
async def test_no_cookie_is_kept(kind: str, target: Target) -> None:
    data = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=1; Path=/\r\n\r\n")
    async with target.server(lambda peer: peer.answer(data)) as server, target.bench(kind, server) as bench:
        for _ in range(2):
            await bench.ask()
    assert all(name.lower() != "cookie" for heard in server.heard for name, _ in heard.headers)


# sizes


@on_uvloop
async def test_a_large_request_to_a_slow_reader(kind: str, target: Target) -> None:
    body = os.urandom(1 << 20) * 10

    async def script(peer: Peer) -> None:
        for _ in range(20):  # while the client's send buffer is full
            await asyncio.sleep(0.005)
        for _ in range(2):
            heard = await peer.request()
            assert heard.body == body or (kind == "sdk" and b64encode(body) in heard.body)
            await peer.send(OK)

    async with target.server(script) as server, target.bench(kind, server) as bench:
        for connection in (NEW, REUSED):
            x = await bench.ask("POST", body=body)
            assert (x.outcome, x.reason, x.connection) == (Outcome.OK, "", connection)
        assert bench.wired[0] == server.begun == 2


@pytest.mark.parametrize("wants", [NOTHING, BODY])
@pytest.mark.parametrize("chunked", [False, True])
@on_uvloop
async def test_a_large_answer_is_drained(kind: str, target: Target, wants: int, chunked: bool) -> None:
    head = CHUNKED if chunked else b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % MEGABYTES
    text = b"%s{}" % (b" " * ((1 << 16) - 2))

    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.send(head)
            for left in reversed(range(MEGABYTES >> 16)):
                part = text if not left else text.replace(b"{}", b"  ")
                await peer.send(b"10000\r\n%s\r\n" % part if chunked else part)
            await peer.send(b"0\r\n\r\n" if chunked else b"")

    async with target.server(script) as server, target.bench(kind, server) as bench:
        for connection in (NEW, REUSED):
            x = await bench.ask(wants=wants)
            assert (x.outcome, x.reason, x.body, x.connection) == (Outcome.OK, "", None, connection)


@pytest.mark.parametrize("size", [BODY_LIMIT, BODY_LIMIT + 1])
@on_uvloop
async def test_a_body_is_held_up_to_a_limit(kind: str, target: Target, size: int) -> None:
    body = b" " * (size - 2) + b"{}"
    data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body
    async with target.server(lambda peer: peer.answer(data)) as server, target.bench(kind, server) as bench:
        x = await bench.ask()
        assert x.outcome is Outcome.OK
        assert x.body == (body if size == BODY_LIMIT else None)


# answers that are not right


@pytest.mark.parametrize(("bytewise", "wants"), [(False, NOTHING), (True, BODY)], ids=["whole", "bytewise"])
@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
@on_uvloop
async def test_a_wrong_answer_is_told(kind: str, target: Target, case: Wrong, wants: int, bytewise: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number:
            await peer.send(OK)
            return
        await peer.send(case.data, bytewise)
        if case.ending != "stay":
            getattr(peer, case.ending)()

    expected = case.aiohttp if case.aiohttp is not None and kind != "wire" else case.outcome
    async with target.server(script) as server, target.bench(kind, server) as bench:
        x = await bench.ask(wants=wants)
        assert (x.outcome, x.body) == (expected, None), x.reason
        if case.outcome is BAD:
            assert x.status in (case.status, 0) if kind != "wire" else x.status == case.status
        again = await bench.ask()
        assert again.outcome is Outcome.OK
        assert again.connection != REUSED
        assert server.begun == bench.wired[0] == server.accepted == bench.connections[0] == 2
        assert bench.connections[2] == 0


@on_uvloop
async def test_headers_without_end(kind: str, target: Target) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await peer.send(b"X-Filler: 0123456789\r\n" * 100)

    async with target.server(script) as server, target.bench(kind, server) as bench:
        x = await bench.ask()
        assert (x.outcome, x.status) == (BAD, 0)


@on_uvloop
async def test_interim_answers_without_end(kind: str, target: Target) -> None:
    """aiohttp has no limit to them: its exchange is ended by its timeout."""

    async def script(peer: Peer) -> None:
        await peer.request()
        while True:
            await peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    async with target.server(script) as server, target.bench(kind, server) as bench:
        x = await bench.ask(timeout=200)
        assert x.outcome is (BAD if kind == "wire" else Outcome.TIMEOUT)


# what comes after an answer, or before the request is out


@pytest.mark.parametrize("more", [OK, b"HTTP/1.1 200", b"garbage\r\n\r\n"], ids=["answer", "half", "garbage"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
@on_uvloop
async def test_what_nobody_asked_for_is_no_answer(
    kind: str, target: Target, more: bytes, method: str, later: bool
) -> None:
    """The connection that it came on is not used again. What comes with an answer, aiohttp may take for its part."""
    no_head(kind, method)
    first = OK[:-2] if method == "HEAD" else OK

    async def script(peer: Peer) -> None:
        if not peer.number:
            await peer.request()
            await peer.send(first if later else first + more)
            await arrived.wait()
            await peer.send(more if later else b"")
        await peer.answer(OK.replace(b"200 OK", b"201 Next"))

    arrived = asyncio.Event()
    async with target.server(script) as server, target.bench(kind, server) as bench:
        x = await bench.ask(method)
        arrived.set()
        for _ in range(20):  # turns of the loop, in which it comes
            await asyncio.sleep(0)
        assert x.outcome is Outcome.OK or (kind != "wire" and x.outcome is BAD), x.reason
        again = await bench.ask()
        assert (again.outcome, again.status) == (Outcome.OK, 201)
        assert again.connection != REUSED or kind != "wire"


@pytest.mark.parametrize("ending", ["stay", "close", "cut"])
@on_uvloop
async def test_an_answer_before_the_request_is_out(kind: str, target: Target, ending: str) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n%s\r\n{}"

    async def script(peer: Peer) -> None:
        await peer.head()
        if peer.number:
            await peer.send(OK)
            return
        await peer.send(refusal % (b"" if ending == "stay" else b"Connection: close\r\n"))
        if ending != "stay":
            getattr(peer, ending)()

    async with target.server(script) as server, target.bench(kind, server) as bench:
        x = await bench.ask("POST", body=bytes(MEGABYTES))
        assert (x.outcome, x.status, x.body) == (Outcome.OK, 413, b"{}"), x.reason
        again = await bench.ask()
        assert again.outcome is Outcome.OK
        assert again.connection != REUSED


# timeouts


@pytest.mark.parametrize("how", ["never", "drip", "endless", "endless chunks", "unread"])
@on_uvloop
async def test_what_takes_too_long_times_out(kind: str, target: Target, how: str) -> None:
    async def script(peer: Peer) -> None:
        if how == "unread":  # a body that nobody takes
            await asyncio.sleep(3600)
        await peer.request()
        if how == "drip":
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                await peer.send(b"x")
                await asyncio.sleep(0.005)
        if how.startswith("endless"):
            chunks = how == "endless chunks"
            await peer.send(CHUNKED if chunks else b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                await peer.send(b"10000\r\n%s\r\n" % bytes(1 << 16) if chunks else bytes(1 << 16))

    async with target.server(script) as server, target.bench(kind, server) as bench:
        before = resident()
        body = bytes(MEGABYTES) if how == "unread" else b""
        limit = 5000 if kind == "sdk" and body else 150  # the SDK takes a while to write such a body
        sent = [bench.send("POST" if body else "GET", body=body, timeout=limit + 50 * turn) for turn in range(3)]
        for x in sent:
            await bench.end(x)
            assert x.outcome is Outcome.TIMEOUT or (kind == "sdk" and x.reason == "its body is larger than 32 MiB")
            assert x.done >= x.deadline or x.reason
            assert x.status == 0 or how not in ("never", "unread")
        assert resident() - before < (256 if kind == "sdk" else 128) << 20  # the SDK takes an answer as a whole
        # a busy machine may reach a limit before it has connected: what counts is that nothing was tried again
        assert server.accepted <= 3
        assert bench.wired[0] == sum(1 for x in sent if x.sent)


@on_uvloop
async def test_a_handshake_that_never_ends_times_out(kind: str, authority: Authority) -> None:
    async def script(peer: Peer) -> None:
        await asyncio.sleep(3600)

    async with RawServer(script) as server:
        context = client_context(authority.ca)
        async with Bench(kind, server.url("https", "localhost"), context=context) as bench:
            x = await bench.ask(timeout=150)
            assert (x.outcome, x.sent, x.connected) == (Outcome.TIMEOUT, 0, 0)
            assert bench.wired[0] == 0
            assert bench.connections[4] == 1


@on_uvloop
async def test_a_timeout_of_nothing(kind: str, target: Target) -> None:
    async with target.server(lambda peer: peer.answer(OK)) as server, target.bench(kind, server) as bench:
        for turn in range(3):
            x = await bench.ask(timeout=0)
            assert x.outcome is Outcome.TIMEOUT
            assert x.done >= x.deadline, turn
        assert (await bench.ask()).outcome is Outcome.OK


@on_uvloop
async def test_a_timeout_at_any_moment(kind: str, target: Target) -> None:
    """While it connects, shakes hands, sends, waits: each ends once, and nothing is said behind its back."""
    mode: dict[str, Any] = {"reuse": "per-request", "connections": 10}
    async with target.server(lambda peer: peer.answer(OK)) as server, target.bench(kind, server, **mode) as bench:
        sent = [bench.send(timeout=turn / 5) for turn in range(300)]
        for x in sent:
            assert (await bench.end(x)).outcome in (Outcome.TIMEOUT, Outcome.OK)
        assert (await bench.ask()).outcome is Outcome.OK


@on_uvloop
async def test_cancelling_ends_all_that_is_open(kind: str, target: Target) -> None:
    async def script(peer: Peer) -> None:
        await asyncio.sleep(3600)

    async with target.server(script) as server, target.bench(kind, server, connections=3) as bench:
        early = [bench.send() for _ in range(5)]
        await until(lambda: server.accepted == 3)
        bench.client.cancel()
        for x in early:
            assert (await bench.end(x)).outcome is Outcome.CANCELLED
        late = [bench.send() for _ in range(5)]
        bench.client.cancel()
        for x in late:
            assert (await bench.end(x)).outcome is Outcome.CANCELLED


# what is left behind


@on_uvloop
async def test_nothing_is_left_behind(kind: str, target: Target) -> None:
    """Neither descriptors nor, for a client that runs without the collector, cycles."""
    endings = ["stay", "close", "cut", "reset"]

    async def script(peer: Peer) -> None:
        await peer.request()
        data = [OK, HALF, b"", b"garbage\r\n\r\n", CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"][peer.number % 5]
        await peer.send(data)
        ending = endings[peer.number // 5 % 4]
        if ending != "stay":
            getattr(peer, ending)()

    async with target.server(script) as server, target.bench(kind, server, reuse="per-request") as bench:
        descriptors = 0
        for turn in range(3):
            with for_the_collector(WIRE) as left:
                for number in range(40):
                    await bench.ask("POST" if number % 2 else "GET", body=b"x" * number, timeout=200)
                await until(lambda: not server.open)
            assert bench.client.makes_cycles or left == []
            if turn == 1:
                descriptors = descriptors_open()
        await until(lambda: descriptors_open() <= descriptors)  # the server closes its own a turn later
