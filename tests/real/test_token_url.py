"""Token URLs over real sockets: who is trusted, what is followed, how long it may take."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from api_server import Answer, serve
from raw_tls import Authority, server_context

from loadgen.aws import oauth
from loadgen.aws.oauth import TokenUrl
from loadgen.aws.secrets import Variable
from loadgen.errors import TargetError

pytestmark = pytest.mark.real

GOOD = Answer(body={"access_token": "token-1", "expires_in": 60})
CANARY = "canary-client-secret"
HANDSHAKE = b"\x16"  # how a TLS record of a handshake begins


def source(url: str, monkeypatch: pytest.MonkeyPatch, ca: Path | None = None) -> TokenUrl:
    monkeypatch.setenv("CLIENT", "me")
    monkeypatch.setenv("CLIENT_SECRET", CANARY)
    client, secret = Variable("bearer.client_id", "CLIENT"), Variable("bearer.client_secret", "CLIENT_SECRET")
    return TokenUrl("auth.bearer", url, client, secret, None, ca)


def refused(source: TokenUrl, told: str) -> None:
    with pytest.raises(TargetError, match=told) as failed:
        source.current()
    assert CANARY not in str(failed.value)


def test_a_token_over_http_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda asked: GOOD) as api:
        assert source(f"{api.url}/oauth2/token?a=b", monkeypatch).current().value == "token-1"
    (asked,) = api.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/oauth2/token?a=b", b"grant_type=client_credentials")
    assert asked.header("Host") == api.url.removeprefix("http://")


def test_certificates_are_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours, foreign = Authority(tmp_path, "ours"), Authority(tmp_path, "foreign")
    for name, hosts, trusted, told in (
        ("good", ("localhost",), ours.ca, ""),
        ("other", ("wrong.example",), ours.ca, "certificate refused: .*(?i:hostname mismatch)"),
        ("unknown", ("localhost",), foreign.ca, "certificate refused: "),
        ("system", ("localhost",), None, "certificate refused: "),
    ):
        with serve(lambda asked: GOOD, server_context(ours.sign(name, hosts))) as api:
            asking = source(f"https://localhost:{api.url.rpartition(':')[2]}/", monkeypatch, trusted)
            if told:
                refused(asking, told)
                assert api.asked == []
            else:
                assert asking.current().value == "token-1"


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda asked: GOOD) as other:
        away = Answer(307, headers={"Location": other.url})
        with serve(lambda asked: away) as api:
            refused(source(api.url, monkeypatch), "it answered 307")
    assert other.asked == []


def test_without_tls_it_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []

    class Elsewhere(socket.socket):
        def getpeername(self) -> tuple[str, int]:
            return "192.0.2.1", 80

        def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
            sent.append(data)

    monkeypatch.setattr(socket, "create_connection", lambda *_: Elsewhere())
    refused(source("http://localhost/", monkeypatch), "without tls it must be on this machine")
    assert sent == []


@contextmanager
def dripping(first: bytes, then: bytes, context: ssl.SSLContext | None) -> Iterator[int]:
    """A server that answers with `first`, and then with `then` again and again, so that no single read takes long."""
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with suppress(OSError), context.wrap_socket(connection, server_side=True) if context else connection as peer:
            if context or first[:1] != HANDSHAKE:
                peer.recv(65536)
            peer.send(first)
            while not over.wait(0.01):
                peer.send(then)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("secure", [False, True])
def test_an_answer_that_drips_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: bytes, then: bytes, secure: bool
) -> None:
    monkeypatch.setattr(oauth, "LIMIT", 0.3)
    ours = Authority(tmp_path)
    context = server_context(ours.sign("server", ("localhost",))) if secure else None
    with dripping(first, then, context) as port:
        refused(source(f"http{'s' * secure}://localhost:{port}/", monkeypatch, ours.ca), "no answer within 0.3 s")


def test_a_handshake_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "LIMIT", 0.3)
    with dripping(HANDSHAKE + b"\x03\x03\x40\x00", b"\x02", None) as port:
        refused(source(f"https://localhost:{port}/", monkeypatch), "no answer within 0.3 s")


def test_a_port_that_nothing_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        refused(source(f"http://127.0.0.1:{holder.getsockname()[1]}/", monkeypatch), "connection refused")


def test_a_server_that_speaks_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda asked: GOOD) as api:
        refused(source(api.url.replace("http:", "https:"), monkeypatch), "TLS: ")
