"""What a connection is to send, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from loadgen.clock import MILLISECOND

if TYPE_CHECKING:
    from loadgen.sandbox.heads import Heads
    from loadgen.sandbox.request import Request

PIECE = 65536
FILLER = b"x" * PIECE
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Ending(Enum):
    KEEP = "the connection stays, unless the request said otherwise"
    CLOSE = "it closes in good order"
    CUT = "it ends without TLS saying so"
    RESET = "it is reset"
    LINGER = (
        "our side of it closes; what still comes is thrown away for a while, so that the answer is not lost to a reset"
    )
    HANG = "nothing more happens until the client goes"


class Piece(NamedTuple):
    """`data` leaves `pause` ns after what came before it is in the kernel's hands."""

    pause: int
    data: bytes


class Answer(NamedTuple):
    """`data` at once, then the `pieces`, then the `ending`. `status` 0: there is none."""

    status: int
    data: bytes = b""
    pieces: Iterator[Piece] | None = None
    ending: Ending = Ending.KEEP


def message(request: Request, heads: Heads, status: int, text: str, error: str = "") -> Answer:
    """A refusal as JSON; `error` is the name a REST API gives it."""
    extra = f"x-amzn-errortype: {error}\r\n".encode() if error else b""
    return Answer(status, heads.whole(request, status, b'{"message":"%s"}' % text.encode(), extra=extra))


def endless() -> Iterator[Piece]:
    """Chunks of 64 KiB for ever, one each 10 ms, slower where the client does not read."""
    chunk = b"%x\r\n%s\r\n" % (PIECE, FILLER)
    while True:
        yield Piece(10 * MILLISECOND, chunk)


def filler(size: int) -> Iterator[Piece]:
    """`size` bytes, never more than 64 KiB of them held."""
    while size > 0:
        yield Piece(0, FILLER[:size])
        size -= PIECE


def drip(body: bytes, pieces: int = 100) -> Iterator[Piece]:
    """`body` in so many pieces, or in bytes if it has fewer, one each 20 ms."""
    size = max(1, -(-len(body) // pieces))
    for start in range(0, len(body), size):
        yield Piece(20 * MILLISECOND, body[start : start + size])


def faulty(fault: str, status: int, head: Callable[[int | None, bytes], bytes], body: bytes) -> Answer:
    """An answer with one of the faults that spoil it. `head` makes its head of a length, or of how it is framed."""
    match fault:
        case "reset":
            return Answer(0, ending=Ending.RESET)
        case "endless":
            return Answer(status, head(None, CHUNKED), endless())
        case "truncate":
            return Answer(status, head(len(body), b"") + body[: len(body) // 2], ending=Ending.CUT)
    return Answer(status, head(len(body), b""), drip(body))
