"""The servers answer as `servers.py` says, seen by Python's own client: what other tests rest on."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from urllib.parse import urlsplit

import pytest
from servers import BIG, CHUNKED, Server

pytestmark = pytest.mark.real

Connection = http.client.HTTPConnection
SCHEMES = ("http", "https")


def connect(server: Server, base: str) -> Connection:
    host = urlsplit(base).netloc
    if base.startswith("https"):
        return http.client.HTTPSConnection(host, timeout=30, context=ssl.create_default_context(cafile=server.ca))
    return http.client.HTTPConnection(host, timeout=30)


@pytest.fixture(params=SCHEMES)
def connection(request: pytest.FixtureRequest, server: Server) -> Iterator[Connection]:
    with closing(connect(server, getattr(server, request.param))) as connection:
        yield connection


def exchange(connection: Connection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection.request(method, path, body)
    with connection.getresponse() as response:
        return response.status, response.read()


def test_one_connection_carries_many_requests(connection: Connection) -> None:
    assert exchange(connection, "GET", "/") == (200, b"{}")
    first = connection.sock
    assert exchange(connection, "HEAD", "/") == (200, b"")
    assert exchange(connection, "GET", "/") == (200, b"{}")
    assert first is not None
    assert connection.sock is first


@pytest.mark.parametrize("size", [1, BIG])
def test_a_posted_body_is_read_to_its_end(connection: Connection, size: int) -> None:
    assert exchange(connection, "POST", "/upload", bytes(size)) == (200, str(size).encode())


def test_a_big_body_comes_with_its_length(connection: Connection) -> None:
    connection.request("HEAD", "/big")
    with connection.getresponse() as response:
        assert (response.getheader("Content-Length"), response.read()) == (str(BIG), b"")
    assert exchange(connection, "GET", "/big") == (200, bytes(BIG))


def test_a_body_comes_in_chunks(connection: Connection) -> None:
    connection.request("GET", "/chunked")
    with connection.getresponse() as response:
        assert response.getheader("Transfer-Encoding") == "chunked"
        assert response.getheader("Content-Length") is None
        assert response.read() == b"c" * CHUNKED


def test_the_server_closes_when_it_said_so(connection: Connection) -> None:
    connection.request("GET", "/close")
    sock = connection.sock
    assert sock is not None
    with connection.getresponse() as response:
        assert response.getheader("Connection") == "close"
        assert response.read() == b"{}"
    assert connection.sock is None


@pytest.mark.parametrize("base", ["brief_http", "brief_https"])
def test_an_idle_connection_is_closed_by_the_server(server: Server, base: str) -> None:
    with closing(connect(server, getattr(server, base))) as connection:
        assert exchange(connection, "GET", "/") == (200, b"{}")
        assert connection.sock is not None
        connection.sock.settimeout(30)
        assert connection.sock.recv(1) == b""


def test_a_stranger_does_not_trust_the_certificate(nginx: Server) -> None:
    stranger = http.client.HTTPSConnection(urlsplit(nginx.https).netloc, timeout=30)
    with closing(stranger), pytest.raises(ssl.SSLCertVerificationError):
        stranger.request("GET", "/")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_log_of_nginx_has_one_line_for_each_request(
    start_nginx: Callable[..., AbstractContextManager[Server]], workers: int
) -> None:
    with start_nginx(workers=workers) as server:
        for base in (server.http, server.https, server.brief_http, server.brief_https):
            with closing(connect(server, base)) as connection:
                for _ in range(5):
                    exchange(connection, "GET", "/")
                exchange(connection, "POST", "/upload", bytes(BIG))
    assert server.log is not None
    assert len(server.log.read_text().splitlines()) == 4 * 6
