"""The replies that several handlers give: refusals, bodies in pieces, and replies with a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loadgen.clock import MILLISECOND
from loadgen.sandbox.heads import Heads
from loadgen.sandbox.messages import Ending, Piece, Reply, Request

PIECE = 65536
FILLER = b"x" * PIECE
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def message(request: Request, heads: Heads, status: int, text: str, error: str = "") -> Reply:
    """A refusal as JSON. `error` is its name in a REST API."""
    extra = f"x-amzn-errortype: {error}\r\n".encode() if error else b""
    return Reply(status, heads.whole(request, status, b'{"message":"%s"}' % text.encode(), extra=extra))


def endless() -> Iterator[Piece]:
    """Chunks of 64 KiB without end, one every 10 ms; slower if the client does not read."""
    chunk = b"%x\r\n%s\r\n" % (PIECE, FILLER)
    while True:
        yield Piece(10 * MILLISECOND, chunk)


def filler(size: int) -> Iterator[Piece]:
    """`size` bytes, of which at most 64 KiB are in memory."""
    while size > 0:
        yield Piece(0, FILLER[:size])
        size -= PIECE


def drip(body: bytes, pieces: int = 100) -> Iterator[Piece]:
    """`body` in so many pieces, or in single bytes if it has fewer, one every 20 ms."""
    size = max(1, -(-len(body) // pieces))
    for start in range(0, len(body), size):
        yield Piece(20 * MILLISECOND, body[start : start + size])


def faulty(fault: str, status: int, head: Callable[[int | None, bytes], bytes], body: bytes) -> Reply:
    """A reply with a fault. `head` makes its head from a length, or from the way in which the body ends."""
    match fault:
        case "reset":
            return Reply(0, ending=Ending.RESET)
        case "endless":
            return Reply(status, head(None, CHUNKED), endless())
        case "truncate":
            return Reply(status, head(len(body), b"") + body[: len(body) // 2], ending=Ending.CUT)
    return Reply(status, head(len(body), b""), drip(body))
