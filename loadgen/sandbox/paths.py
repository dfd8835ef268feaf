"""Special paths: replies of every kind that a client must stand.

They take the network's round trips and wait out stalls, but know no throttle, pool or drawn fault; only `/delay` does.

    /status/418        that status (200 to 599)
    /delay/25ms        the function, running for that time
    /bytes/65536       a body of that size, with its length
    /chunked/5         that many chunks, one each millisecond
    /close             says `Connection: close` and does so
    /until-close       a body without a length, then closes
    /echo              the request's body
    /drip/100          that many bytes, one each 20 ms
    /truncate          half of the body that was announced
    /reset             resets the connection instead of an answer
    /endless           chunks without end
    /garbage           something that is no HTTP, then closes
    /slow-headers      a head that comes byte by byte, one each 5 ms
    /endless-headers   headers without end
    /early-close       closes without an answer
    /never             no answer, and does not close
    /100-continue      100, then 103, then the answer
    /idle-close        answers, and closes 10 ms later without having said so
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loadgen.clock import MILLISECOND
from loadgen.sandbox.function import Delay, Logged
from loadgen.sandbox.heads import BINARY, Heads
from loadgen.sandbox.messages import BODY_LIMIT, Ending, Fate, Handler, Piece, Reply, Request
from loadgen.sandbox.replies import CHUNKED, FILLER, PIECE, drip, endless, filler, message
from loadgen.sandbox.simulation import Simulation

Replier = Callable[[Request, Heads, bytes], Reply]
"""Makes the reply to a request, given the rest of its path."""

TEXT = b'{"message": "simulated"}'


class Special:
    """A handler whose reply does not depend on the simulated function: that of a special path, or a refusal."""

    def __init__(self, simulation: Simulation, heads: Heads, replier: Replier) -> None:
        self._simulation, self._heads, self._replier = simulation, heads, replier
        self.body_limit = BODY_LIMIT if replier is _echo else 0

    def fate(self, request: Request) -> Fate:
        return self._simulation.bypass(request.received)

    def answer(self, request: Request) -> Reply:
        return self._replier(request, self._heads, request.path[1:].partition(b"/")[2])


def special_paths(
    simulation: Simulation, heads: Heads, size: int, logged: Logged | None = None
) -> dict[bytes, Handler]:
    """The handlers, by the first part of the path. `size` and `logged`: see `Function`."""
    handlers: dict[bytes, Handler] = {b"delay": Delay(simulation, heads, size, logged)}
    return handlers | {name: Special(simulation, heads, replier) for name, replier in REPLIES.items()}


def bad_request(request: Request, heads: Heads, argument: bytes) -> Reply:
    return message(request, heads, 400, "Bad Request", "BadRequestException")._replace(ending=Ending.LINGER)


def headers_too_large(request: Request, heads: Heads, argument: bytes) -> Reply:
    return message(request, heads, 431, "Request Header Fields Too Large")._replace(ending=Ending.LINGER)


def body_too_large(request: Request, heads: Heads, argument: bytes) -> Reply:
    return message(request, heads, 413, "Request Too Long", "RequestTooLargeException")


def _status(request: Request, heads: Heads, argument: bytes) -> Reply:
    status = _number(argument, 599)
    if status is None or status < 200:
        return message(request, heads, 400, "expected a path such as /status/418")
    return Reply(status, heads.whole(request, status, b'{"message": "status %d"}' % status))


def _bytes(request: Request, heads: Heads, argument: bytes) -> Reply:
    size = _number(argument, 10**12)
    if size is None:
        return message(request, heads, 400, "expected a path such as /bytes/65536")
    if size <= PIECE:
        return Reply(200, heads.whole(request, 200, FILLER[:size], BINARY))
    pieces = None if request.method == b"HEAD" else filler(size)
    return Reply(200, heads.head(request, 200, size, BINARY), pieces)


def _chunked(request: Request, heads: Heads, argument: bytes) -> Reply:
    count = _number(argument or b"5", 10**6)
    if count is None:
        return message(request, heads, 400, "expected a path such as /chunked/5")

    def pieces() -> Iterator[Piece]:
        for i in range(count):
            text = b"chunk %d\n" % i
            yield Piece(MILLISECOND, b"%x\r\n%s\r\n" % (len(text), text))
        yield Piece(MILLISECOND, b"0\r\n\r\n")

    return _streamed(request, heads, CHUNKED, pieces())


def _streamed(request: Request, heads: Heads, framing: bytes, pieces: Iterator[Piece]) -> Reply:
    head = heads.head(request, 200, None, extra=framing)
    return Reply(200, head, None if request.method == b"HEAD" else pieces)


def _close(request: Request, heads: Heads, argument: bytes) -> Reply:
    request.keep_alive = False
    return Reply(200, heads.whole(request, 200, TEXT))


def _until_close(request: Request, heads: Heads, argument: bytes) -> Reply:
    request.keep_alive = False
    return _streamed(request, heads, b"", iter([Piece(MILLISECOND, TEXT[:10]), Piece(MILLISECOND, TEXT[10:])]))


def _echo(request: Request, heads: Heads, argument: bytes) -> Reply:
    return Reply(200, heads.whole(request, 200, request.body, BINARY))


def _drip(request: Request, heads: Heads, argument: bytes) -> Reply:
    count = _number(argument or b"100", PIECE)
    if count is None:
        return message(request, heads, 400, "expected a path such as /drip/100")
    pieces = None if request.method == b"HEAD" else drip(FILLER[:count], count)
    return Reply(200, heads.head(request, 200, count, BINARY), pieces)


def _truncate(request: Request, heads: Heads, argument: bytes) -> Reply:
    head = heads.head(request, 200, 2 * len(TEXT))
    return Reply(200, head + TEXT, ending=Ending.CUT)


def _reset(request: Request, heads: Heads, argument: bytes) -> Reply:
    return Reply(0, ending=Ending.RESET)


def _endless(request: Request, heads: Heads, argument: bytes) -> Reply:
    return _streamed(request, heads, CHUNKED, endless())


def _garbage(request: Request, heads: Heads, argument: bytes) -> Reply:
    return Reply(0, b"\x00\xff\x13 this is no HTTP \r\n\r\n\x7f" * 4, ending=Ending.CLOSE)


def _slow_headers(request: Request, heads: Heads, argument: bytes) -> Reply:
    data = heads.whole(request, 200, TEXT)
    return Reply(200, data[:1], (Piece(5 * MILLISECOND, data[i : i + 1]) for i in range(1, len(data))))


def _endless_headers(request: Request, heads: Heads, argument: bytes) -> Reply:
    def pieces() -> Iterator[Piece]:
        while True:
            yield Piece(10 * MILLISECOND, b"x-filler: %s\r\n" % FILLER[:8000])

    return Reply(200, heads.head(request, 200, len(TEXT))[:-2], pieces())


def _early_close(request: Request, heads: Heads, argument: bytes) -> Reply:
    return Reply(0, ending=Ending.CLOSE)


def _never(request: Request, heads: Heads, argument: bytes) -> Reply:
    return Reply(0, ending=Ending.HANG)


def _100_continue(request: Request, heads: Heads, argument: bytes) -> Reply:
    hints = Piece(MILLISECOND, b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    return Reply(
        200,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        iter([hints, Piece(MILLISECOND, heads.whole(request, 200, TEXT))]),
    )


def _idle_close(request: Request, heads: Heads, argument: bytes) -> Reply:
    return Reply(200, heads.whole(request, 200, TEXT), iter([Piece(10 * MILLISECOND, b"")]), Ending.CLOSE)


def _number(text: bytes, most: int) -> int | None:
    return int(text) if text.isdigit() and len(text) < 16 and int(text) <= most else None


REPLIES: dict[bytes, Replier] = {
    b"status": _status,
    b"bytes": _bytes,
    b"chunked": _chunked,
    b"close": _close,
    b"until-close": _until_close,
    b"echo": _echo,
    b"drip": _drip,
    b"truncate": _truncate,
    b"reset": _reset,
    b"endless": _endless,
    b"garbage": _garbage,
    b"slow-headers": _slow_headers,
    b"endless-headers": _endless_headers,
    b"early-close": _early_close,
    b"never": _never,
    b"100-continue": _100_continue,
    b"idle-close": _idle_close,
}
