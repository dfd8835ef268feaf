"""Answers of a server that writes bytes as they are: right ones, and such as are not."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.exchange import Outcome

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Case:
    data: bytes
    status: int = 200
    body: bytes = b"{}"
    method: str = "GET"
    ends: bool = False  # the server closes after it


RIGHT = {
    "length": Case(OK),
    "empty": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", body=b""),
    "chunked": Case(CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
    "chunk extensions": Case(CHUNKED + b"2;name=value\r\n{}\r\n0;last\r\n\r\n"),
    "trailers": Case(CHUNKED + b"2\r\n{}\r\n0\r\nX-Trailer: t\r\nX-More: m\r\n\r\n"),
    "close": Case(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), ends=True),
    "chunked, close": Case(CHUNKED[:-2] + b"Connection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n", ends=True),
    "until close": Case(b"HTTP/1.1 200 OK\r\n\r\n{}", ends=True),
    "1.0 until close": Case(b"HTTP/1.0 200 OK\r\n\r\n{}", ends=True),
    "1.0 keep-alive": Case(OK.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")),
    "head": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", body=b"", method="HEAD"),
    "head, chunked": Case(CHUNKED, body=b"", method="HEAD"),
    "head, close": Case(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", body=b"", method="HEAD", ends=True),
    "204": Case(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "304": Case(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, b""),
    "100": Case(b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
    "103": Case(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + OK),
    "100, head": Case(b"HTTP/1.1 100 Continue\r\n\r\n" + OK[:-2], body=b"", method="HEAD"),
    "404": Case(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", 404),
    "redirect": Case(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 2\r\n\r\n{}", 302),
    "compressed, it says": Case(OK.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")),
    "no reason": Case(b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}"),
}  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    data: bytes
    outcome: Outcome
    ending: str = "stay"  # or close, cut, reset
    status: int = 0
    aiohttp: Outcome | None = None  # where it judges otherwise, and the SDK with it


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"
BAD, GONE = Outcome.BAD_RESPONSE, Outcome.RESET
WRONG = {
    "nothing": Wrong(b"", GONE, "close"),
    "nothing, reset": Wrong(b"", GONE, "reset"),
    "half a head": Wrong(HALF[:20], BAD, "close"),
    "half a head, reset": Wrong(HALF[:20], GONE, "reset"),
    "half a body": Wrong(HALF, BAD, "close", 200),
    "half a body, cut": Wrong(HALF, BAD, "cut", 200),
    "half a body, reset": Wrong(HALF, GONE, "reset", 200),
    "half a chunk": Wrong(CHUNKED + b"9\r\n{}", BAD, "close", 200),
    "half a chunk, reset": Wrong(CHUNKED + b"9\r\n{}", GONE, "reset", 200),
    "no last chunk": Wrong(CHUNKED + b"2\r\n{}\r\n", BAD, "close", 200),
    "half the trailers": Wrong(CHUNKED + b"2\r\n{}\r\n0\r\nX-T: 1\r\n", BAD, "close", 200),
    "half behind a 100": Wrong(b"HTTP/1.1 100 Go\r\n\r\n" + HALF, BAD, "close", 200),
    "until close, reset": Wrong(b"HTTP/1.1 200 OK\r\n\r\n{}", GONE, "reset", 200),
    "only a 100": Wrong(b"HTTP/1.1 100 Continue\r\n\r\n", BAD, "close", aiohttp=GONE),
    "garbage": Wrong(b"\x00\xff\x13 this is no HTTP \r\n\r\n", BAD),
    "another protocol": Wrong(b"SSH-2.0-OpenSSH_9.6\r\n", BAD),
    "garbage, close": Wrong(b"\x00\xff\x13 this is no HTTP \r\n\r\n", BAD, "close"),
    "no chunk size": Wrong(CHUNKED + b"xyz\r\n{}\r\n", BAD, status=200),
    "a negative chunk size": Wrong(CHUNKED + b"-2\r\n{}\r\n", BAD, status=200),
    "an endless chunk size": Wrong(CHUNKED + b"f" * 40, BAD, status=200),
    "a longer chunk": Wrong(CHUNKED + b"1\r\n{}\r\n0\r\n\r\n", BAD, status=200),
    "two lengths": Wrong(OK.replace(b"Content", b"Content-Length: 3\r\nContent"), BAD),
    "length and chunks": Wrong(CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", BAD),
    "no number": Wrong(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}", BAD),
    "a switch": Wrong(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", BAD),
}  # fmt: skip
