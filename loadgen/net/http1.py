"""HTTP/1.1 for a client: requests to bytes, and bytes to answers. It does no I/O.

llhttp (through httptools) reads the answers. It is strict, and faster than anything written in Python (0.6 us against
1.4 us for a small answer). This module does the rest: interim answers, answers to HEAD, answers that end with the
connection, limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import httptools

from loadgen.exchange import BODY, BODY_LIMIT, NOTHING, Request

HEAD_LIMIT: Final = 64 * 1024  # bytes of an answer's head before the read that completes it, and bytes of trailers
USUAL_HEAD: Final = 2048  # bytes: most heads are shorter
INTERIM_LIMIT: Final = 16  # interim (1xx) answers before the real one
EXCERPT: Final = 2048  # bytes kept of an answer that is no success
_FOLD = re.compile(rb"\r\n[ \t]+")  # a header that goes on in the next line
_CLOSE = re.compile(rb"\r\nconnection[ \t]*:[^\r\n]*\bclose\b", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_SIZE = re.compile(rb"([0-9a-f]{1,8})[^\r\n]*\r\n", re.IGNORECASE)  # of a chunk
_FRAMED = re.compile(
    rb"\r\n(?:content-length:|transfer-encoding:[ \t]*(?:[^\r\n]*,[ \t]*)?chunked[ \t]*(?:\r|$))", re.IGNORECASE
)


class BadResponse(Exception):
    """The answer is not HTTP/1.1, or it is beyond a limit. The message says which."""


def encode(request: Request, authority: str, added: str = "") -> bytes:
    """The request as bytes, with the header lines `added`, each with its line break. `Host` and `Content-Length` are
    added unless the request has its own."""
    lines, has_length = _lines(request.headers, authority)
    body = request.body
    if (body or request.method in ("POST", "PUT", "PATCH")) and not has_length:
        added = f"\r\nContent-Length: {len(body)}{added}"
    return f"{request.method} {request.path} HTTP/1.1{lines}{added}\r\n\r\n".encode() + body


@lru_cache(256)
def _lines(headers: tuple[tuple[str, str], ...], authority: str) -> tuple[str, bool]:
    """The header lines, each with its line break, and whether one of them is Content-Length. They are the same for most
    requests."""
    names = {name.lower() for name, _ in headers}
    host = () if "host" in names else (("Host", authority),)
    return "".join(f"\r\n{name}: {value}" for name, value in (*host, *headers)), "content-length" in names


class _Lean:
    """The functions that llhttp calls for an answer of which only the status is wanted."""

    __deletable__ = ("parser", "reader")  # mypyc's; `AnswerReader.close` says why

    def __init__(self, reader: AnswerReader) -> None:
        self.reader = reader
        # a message that begins unexpectedly fails here: a failing pop costs nothing, a check would
        self.on_message_begin = reader.expected.pop
        self.parser = httptools.HttpResponseParser(self)

    def on_headers_complete(self) -> None:
        reader, parser = self.reader, self.parser
        reader.status = status = parser.get_status_code()
        reader.in_head = False
        if reader.head_only and status >= 200:
            # it has no body, so llhttp's own answer about keep-alive, which looks for a length, does not hold
            reader.keep_head()
            reader.keep_alive = not _CLOSE.search(reader.head()) and parser.get_http_version() == "1.1"
            reader.complete = True
            return
        reader.keep_alive = parser.should_keep_alive()
        if not 200 <= status < 300 or not reader.keep_alive:
            reader.uncommon(parser.get_http_version())

    def on_message_complete(self) -> None:
        reader = self.reader
        if reader.status < 200:
            reader.interim()
        elif not reader.head_only:
            reader.complete = True


class Headers(Mapping[str, str]):
    """An answer's headers by name in lower case. They are parsed from its head when somebody asks for them: most are
    never asked for, and each would cost a call from llhttp."""

    __slots__ = ("_interims", "_read", "_start")

    def __init__(self, start: bytes, interims: int = 0) -> None:
        """`start` is what llhttp has accepted: so many interim answers, a status line, lines of headers, and the bytes
        that were received with them."""
        self._start, self._interims = start, interims
        self._read: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __bool__(self) -> bool:
        """Always true, so that `headers or {}` does not parse all headers of an answer to count them."""
        return True

    def __len__(self) -> int:
        return len(self._all())

    def get(self, name: str, default: Any = None) -> Any:
        """One header, without parsing the others."""
        if self._read is not None:
            return self._read.get(name, default)
        wanted, line = _sought(name)
        if self._start.lower().find(wanted) < 0:  # this takes a third of the time that a search for its line takes
            return default
        values = line.findall(self._unfolded())
        return b", ".join(values).decode("latin-1") if values else default

    def _all(self) -> dict[str, str]:
        if self._read is None:
            read: dict[str, str] = {}
            for line in self._unfolded().decode("latin-1").split("\r\n")[1:]:
                name, colon, value = line.partition(":")
                if colon:
                    key, value = name.lower(), value.strip(" \t")
                    read[key] = f"{read[key]}, {value}" if key in read else value
            self._read = read
        return self._read

    def _unfolded(self) -> bytes:
        head = _answer(self._start, self._interims).partition(b"\r\n\r\n")[0]
        return _FOLD.sub(b" ", head) if b"\r\n " in head or b"\r\n\t" in head else head


def _answer(received: bytes, interims: int) -> bytes:
    """The received bytes from the answer's status line on. Interim answers and empty lines may come before it."""
    text = received.lstrip(b"\r\n")
    for _ in range(interims):
        text = text.partition(b"\r\n\r\n")[2].lstrip(b"\r\n")
    return text


def _together(body: bytes) -> bytes:
    """What is in the chunks of a body that may be cut off anywhere."""
    chunks, at = list[bytes](), 0
    while (size := _SIZE.match(body, at)) and int(size[1], 16):
        at = size.end() + int(size[1], 16)
        chunks.append(body[size.end() : at])
        at += len(b"\r\n")
    return b"".join(chunks)


@lru_cache(64)
def _sought(name: str) -> tuple[bytes, re.Pattern[bytes]]:
    """A header's name in lower case, and its line."""
    wanted = name.encode()
    return wanted, re.compile(rb"\r\n" + re.escape(wanted) + rb":[ \t]*([^\r]*?)[ \t]*(?=\r|$)", re.IGNORECASE)


class _Full(_Lean):
    """The same for an answer whose headers, and maybe body, are wanted."""

    def on_body(self, data: bytes) -> None:
        reader = self.reader
        reader.framing = 0
        if reader.wants == BODY and not reader.complete:
            room = BODY_LIMIT - reader.body_size
            if room > 0:
                reader.body.append(data[:room])
            reader.body_size += len(data)


class AnswerReader:
    """Reads one answer after another from the bytes that a connection receives.

    Call `expect` before each answer, then `feed` until it returns True (or raises BadResponse), or `end` at the end of
    the stream. Afterwards `status`, `kept()`, `body_size`, `excerpt` and `keep_alive` describe the answer.
    """

    def __init__(self) -> None:
        self.expected: list[None] = []
        self._lean = self._current = _Lean(self)
        self._full: _Full | None = None
        self._chunk: bytes | memoryview = b""
        self.body: list[bytes] = []
        self.excerpt = b""
        self.surplus = False
        self._used = False  # whether the last answer changed more of the state than most do
        self._prepare(NOTHING, False)

    def close(self) -> None:
        """Break the reference cycles with the functions that llhttp calls, because the garbage collector is off during
        a load."""
        for calls in (self._lean, self._full):
            if calls:
                del calls.parser, calls.reader

    def expect(self, wants: int, head_only: bool) -> None:
        """Prepare for an answer. `wants`: NOTHING, HEADERS or BODY; `head_only`: it is the answer to a HEAD."""
        self.expected.append(None)
        if wants != self.wants or head_only or self._used:
            self._prepare(wants, head_only)
            return
        # most answers change nothing but this
        self.complete = self.begun = False
        self.in_head = True
        if wants:
            self.body_size = self.framing = 0
            self._partial = b""
            self.body = []

    def feed(self, data: bytes | memoryview) -> bool:
        """Take received bytes; True when the answer is complete. Bytes that nobody asked for set `surplus`."""
        self._chunk = data
        self.begun = True
        kept, in_head = self.excerpt, self.in_head
        if self.wants:
            self.framing += len(data)
        try:
            self._current.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.complete:
                raise _plain(error) from None
            self.surplus = True
        if self.wants and in_head and not (self.in_head or self.excerpt):
            self._hold_head()
        if kept and len(kept) < EXCERPT:
            self.excerpt = kept + data[: EXCERPT - len(kept)]
        if self.complete:
            if self.head_only:
                self._after_head()
            return True
        if self.in_head:
            self._still_in_head(data)
        elif self.framing > HEAD_LIMIT:
            raise BadResponse("trailers without end")
        return False

    def _prepare(self, wants: int, head_only: bool) -> None:
        self.wants, self.head_only = wants, head_only
        self.status = self.head_size = self.body_size = self.framing = self._interims = 0
        self.complete = self.begun = False
        self.in_head = self.keep_alive = True
        self.excerpt = b""
        self._partial = b""
        self._chunk = b""
        self._used = head_only
        self._current = self._lean
        if wants != NOTHING:
            if self._full is None:
                self._full = _Full(self)
            self._current = self._full
            self.body = []

    def end(self) -> bool:
        """The stream has ended. True if that completes the answer, which then had neither a length nor chunks."""
        if self.complete or self.in_head or self._current.parser.should_keep_alive():
            return self.complete
        self.keep_alive = False
        return not _FRAMED.search(self.head())

    def kept(self) -> tuple[Headers, bytes | None]:
        """The headers, if they were wanted, and the body, if it was wanted; the body is None if it was longer than
        BODY_LIMIT."""
        body = b"".join(self.body) if self.wants == BODY and self.body_size <= BODY_LIMIT else None
        return Headers(self._partial, self._interims), body

    def uncommon(self, version: str) -> None:
        """A complete head that is no success, or that does not leave the connection open."""
        if self.status < 100 or version not in ("1.0", "1.1"):
            raise BadResponse(f"not HTTP/1.1: version {version}, status {self.status}")
        if self.status >= 200:
            self.keep_head()

    def keep_head(self) -> None:
        self._used = True
        self._partial += bytes(self._chunk)
        self.excerpt = self._answer()[:EXCERPT]

    def _hold_head(self) -> None:
        """Keep the head of an answer whose headers are wanted, and little of what follows it."""
        chunk = self._chunk
        if len(chunk) > USUAL_HEAD and not self._interims:
            kept = self._partial + chunk[:USUAL_HEAD]
            if kept.find(b"\r\n\r\n") >= 0:
                self._partial = kept
                return
        self._partial += chunk

    def plain_excerpt(self) -> bytes:
        """The excerpt without the sizes of chunks, if its body came in chunks."""
        head, end, body = self.excerpt.partition(b"\r\n\r\n")
        return head + end + _together(body) if _CHUNKED.search(head) else self.excerpt

    def head(self) -> bytes:
        """The answer's head, as far as it was kept."""
        return self._answer().partition(b"\r\n\r\n")[0]

    def _answer(self) -> bytes:
        return _answer(self._partial, self._interims)

    def interim(self) -> None:
        self._used = True
        self._interims += 1
        if self._interims > INTERIM_LIMIT:
            raise BadResponse("interim answers without end")
        self.expected.append(None)
        self.status, self.in_head = 0, True

    @property
    def at_rest(self) -> bool:
        """Whether it has read whole answers and nothing else, so that it can read those of another connection."""
        return self.complete and self.keep_alive and not self.surplus

    @property
    def answered(self) -> int:
        """The status of an incomplete answer; 0 while its head is incomplete."""
        return 0 if self.in_head else self.status

    def _still_in_head(self, data: bytes | memoryview) -> None:
        self._used = True
        self.head_size += len(data)
        self.framing = 0
        if self.head_size > HEAD_LIMIT:
            raise BadResponse(f"a head of more than {HEAD_LIMIT} bytes")
        self._partial += bytes(data)

    def _after_head(self) -> None:
        if self._answer().partition(b"\r\n\r\n")[2].strip(b"\r\n"):
            self.surplus = True
        # llhttp waits for a body, which an answer to HEAD does not have: so begin anew
        current = self._current
        current.parser = httptools.HttpResponseParser(current)


def _plain(error: Exception) -> BadResponse:
    if isinstance(error, httptools.HttpParserUpgrade):
        return BadResponse("switches protocols, which was not asked for")
    cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
    return cause if isinstance(cause, BadResponse) else BadResponse(f"not HTTP/1.1: {cause or error}")
