"""One client's connection: HTTP/1.1 requests in; answers out, in the order of the requests, each when it is due."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import httptools

from loadgen.clock import SECOND
from loadgen.sandbox.core import Core
from loadgen.sandbox.messages import BODY_LIMIT, Ending, Fate, Handler, Piece, Reply, Request

HEAD_LIMIT = 64 * 1024
"""Of bytes that are neither body nor the end of a request: a head, or trailers."""
PIPELINE_LIMIT = 256
"""With so many requests unanswered, or more than `BODY_LIMIT` held for them, no more are read."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LINGER = SECOND


class Link(Protocol):
    """The bytes below a connection. It calls the connection's `gone` once: after `close`, `cut` or `reset`, or when the
    client has gone."""

    @property
    def backlog(self) -> bool:
        """Whether some bytes are not in the kernel yet. It calls the connection's `drained` when they are."""

    @property
    def closed(self) -> bool: ...

    def send(self, data: bytes) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close(self) -> None: ...

    def cut(self) -> None: ...

    def reset(self) -> None: ...

    def linger(self) -> None: ...


class ServerConnection:
    """`owed`: the round trips of the handshake, which the first answer makes up for. `on_gone` is called at the end."""

    def __init__(
        self, core: Core, link: Link, number: int, owed: int, on_gone: Callable[[ServerConnection], None]
    ) -> None:
        self.number, self.accepted = number, core.now()
        self._core, self._link = core, link
        self._owed, self._on_gone = owed, on_gone
        self._parser = httptools.HttpRequestParser(self)
        self._requests = 0
        self._head_size = 0
        self._target = b""
        self._path = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._collecting = False  # its headers, which only the API of an AWS service needs
        self._handler: Handler = core.bad_request
        self._body: list[bytes] = []
        self._size = 0
        self._expecting = False
        self._pending: deque[Request] = deque()  # unanswered requests, except the current one
        self._held = 0  # bytes of their bodies, or of the answers that replace them
        self._current: Request | None = None  # the request whose answer is being sent
        self._reply = Reply(0)
        self._piece = Piece(0, b"")
        self._draining = False
        self._deaf = self._ended = self._paused = False
        core.idle.rest(self, self.accepted)

    # -- from the link

    def feed(self, data: memoryview) -> None:
        """Bytes arrived. `data` is not kept."""
        if self._deaf:
            return
        before = self._requests, self._size
        self._parse(data)
        if (self._requests, self._size) == before:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT and not self._deaf:
                self._refuse(self._core.headers_too_large)
        pending = self._pending
        if pending and pending[0].due:
            self.flush()
        if len(pending) >= PIPELINE_LIMIT or self._held > BODY_LIMIT:
            self._paused = True
            self._link.pause()

    def ended(self) -> None:
        """The client sends no more, but it may still read: pending requests are answered."""
        self._ended = True
        hanging = self._current and self._reply.ending is Ending.HANG
        if hanging or not (self._pending or self._current):
            self._link.close()
        else:
            self._link.pause()

    def drained(self) -> None:
        """All sent bytes are in the kernel."""
        if self._draining:
            self._draining = False
            self._next_piece()
        else:
            self.flush()

    def gone(self) -> None:
        """The link is closed."""
        core = self._core
        core.idle.wake(self)
        self._deaf = True
        if self._target:
            request = self._broken(received=0)
            request.fate = Fate(0, fault="partial")
            core.broke_off(request)
        for request in self._pending:
            request.body = b""  # a timer holds the request until it would have been due
            core.lost(request)
        if self._current:
            self._lose_current(self._current)
        self._pending.clear()
        self._held = 0
        self._current = None
        del self._parser  # it holds a reference to this object
        self._on_gone(self)

    def close_idle(self) -> None:
        self._core.counters.closed_idle += 1
        if self._link.backlog:  # the client does not read
            self._link.reset()
        else:
            self._link.close()

    def abandon(self) -> None:
        """The sandbox ends."""
        self._link.reset()

    # -- from the parser

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._collecting = self._core.is_signed(self._parser.get_method(), self._target)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._collecting:
            self._headers.append((name, value))
        if len(name) == 6 and name.lower() == b"expect" and value.lower() == b"100-continue":
            core = self._core
            self._expecting = True
            core.timers.at(core.simulation.leaves(core.now()), self._continue)

    def on_headers_complete(self) -> None:
        self._path = path = self._target.partition(b"?")[0]
        self._handler = self._core.choose(path, self._headers)
        self._head_size = 0

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._handler.body_limit:
            self._body.append(data)
        else:
            self._body.clear()

    def on_message_complete(self) -> None:
        core = self._core
        received = core.now()
        core.idle.wake(self)
        request = self._request(received)
        if self._body:
            request.body = b"".join(self._body)
            self._body.clear()
        if self._headers:
            request.headers, self._headers = self._headers, []
            request.query = self._target.partition(b"?")[2]
        self._take(request, self._handler if self._size <= BODY_LIMIT else core.body_too_large)
        self._target, self._size, self._head_size, self._expecting = b"", 0, 0, False

    # -- within

    def _parse(self, data: memoryview) -> None:
        try:
            while True:
                try:
                    return self._parser.feed_data(data)
                except httptools.HttpParserUpgrade as upgrade:
                    # the request counts, and is answered as if it had not asked to change the protocol
                    self._parser = httptools.HttpRequestParser(self)
                    data = data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError:
            self._link.reset()
            raise
        except httptools.HttpParserError:
            self._refuse(self._core.bad_request)

    def _request(self, received: int) -> Request:
        self._requests += 1
        number, parser = self._requests, self._parser
        limit = self._core.settings.requests_per_connection
        keep_alive = parser.should_keep_alive() and (limit is None or number < limit)
        return Request(
            self.number,
            self.accepted,
            number,
            parser.get_method(),
            self._path,
            self._size,
            keep_alive,
            received,
            self.flush,
        )

    def _broken(self, received: int) -> Request:
        """The received part of an incomplete request."""
        self._path = self._target.partition(b"?")[0]
        request = self._request(received)
        request.keep_alive = False
        if not self._target:
            request.method = b"-"
        self._target = b""
        return request

    def _take(self, request: Request, handler: Handler) -> None:
        core = self._core
        request.handler = handler
        request.fate = fate = handler.fate(request)
        request.intended = intended = core.simulation.leaves(fate.ready, 1 + self._owed)
        self._owed = 0
        core.came(request)
        self._held += len(request.body)
        self._pending.append(request)
        if intended <= request.received:
            request.due = True
        else:
            core.timers.at(intended, request.fall_due)

    def _refuse(self, handler: Handler) -> None:
        """The bytes are not HTTP that the sandbox accepts: answer all requests before them, then say so, and read no
        more."""
        self._core.counters.bad_requests += 1
        self._core.idle.wake(self)
        self._deaf = True
        self._take(self._broken(self._core.now()), handler)

    def _continue(self) -> None:
        if self._expecting and not (self._current or self._pending or self._link.closed):
            self._expecting = False
            self._link.send(CONTINUE)

    def flush(self) -> None:
        """Send the answers that are due, in the order of the requests."""
        pending, link = self._pending, self._link
        while pending and pending[0].due and not self._current and not link.backlog and not link.closed:
            request = pending.popleft()
            self._held -= len(request.body)
            self._begin(request)
        if self._paused and len(pending) < PIPELINE_LIMIT and self._held <= BODY_LIMIT:
            self._paused = False
            if not self._ended:
                link.resume()

    def _begin(self, request: Request) -> None:
        self._current = request
        self._reply = reply = request.handler.answer(request)
        request.status = reply.status
        if reply.ending is Ending.HANG:
            if self._ended:
                self._link.close()
            return
        instant = self._core.now()
        if reply.data:
            self._link.send(reply.data)
        request.sent = instant
        if reply.pieces:
            self._next_piece()
        else:
            self._finish()

    def _next_piece(self) -> None:
        if not self._current:
            return
        if self._link.backlog:
            self._draining = True
            return
        piece = next(self._reply.pieces, None) if self._reply.pieces else None
        if piece is None:
            self._finish()
            return
        self._piece = piece
        self._core.timers.at(self._core.now() + piece.pause, self._send_piece)

    def _send_piece(self) -> None:
        if self._current:
            self._link.send(self._piece.data)
            self._next_piece()

    def _finish(self) -> None:
        request, ending = self._current, self._reply.ending
        if not request:  # the link ended while bytes were sent
            return
        self._current = None
        self._reply = Reply(0)
        core = self._core
        core.went(request)
        if ending is not Ending.KEEP or not request.keep_alive:
            self._end(ending)
        elif not self._pending:
            if self._ended:
                self._link.close()
            else:
                core.idle.rest(self, core.now())

    def _end(self, ending: Ending) -> None:
        self._deaf = True
        link = self._link
        match ending:
            case Ending.RESET:
                link.reset()
            case Ending.CUT:
                link.cut()
            case Ending.LINGER:
                link.linger()
                self._core.timers.at(self._core.now() + LINGER, link.close)
            case _:
                link.close()
        if not link.closed:  # the client does not read, or has not read everything yet
            self._core.idle.rest(self, self._core.now())

    def _lose_current(self, request: Request) -> None:
        """The answer had begun, unless it hangs; it is not known whether the client got any of it."""
        if self._reply.ending is Ending.HANG or not request.sent:
            self._core.lost(request)
        else:
            self._core.went(request)
