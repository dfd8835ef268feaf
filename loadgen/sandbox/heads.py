"""Status lines and headers as AWS sends them."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

from loadgen.clock import SECOND, now, wall
from loadgen.sandbox.messages import Request

LINES = {status: b"HTTP/1.1 %d \r\n" % status for status in range(100, 1000)} | {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}
JSON = b"application/json"
BINARY = b"application/octet-stream"


class Heads:
    """Makes the heads of replies. The date is made once a second; the request's id counts up."""

    def __init__(self) -> None:
        self._second = -1
        self._date = b""
        self._answers = 0

    def head(self, request: Request, status: int, length: int | None, kind: bytes = JSON, extra: bytes = b"") -> bytes:
        """All lines up to the empty one. If `length` is None, `extra` says how the body ends; each of its lines ends
        with CR LF. The request's own lines stand in the place of its id."""
        self._answers += 1
        own = request.extra or b"apigw-requestid: SBX%012x=\r\n" % self._answers
        return self.bare_head(request, status, length, kind, own + extra)

    def service_head(
        self, request: Request, status: int, length: int | None, kind: bytes = JSON, extra: bytes = b""
    ) -> bytes:
        """The same, as an AWS service sends it."""
        self._answers += 1
        number = b"x-amzn-RequestId: SANDBOX%045X\r\n" % self._answers
        return self.bare_head(request, status, length, kind, number + extra)

    def bare_head(self, request: Request, status: int, length: int | None, kind: bytes, extra: bytes) -> bytes:
        """The same without a request's id."""
        second = now() // SECOND
        if second != self._second:
            self._second, self._date = second, formatdate(wall() / SECOND, usegmt=True).encode()
        size = b"" if length is None else b"Content-Length: %d\r\n" % length
        connection = b"keep-alive" if request.keep_alive else b"close"
        return b"%sDate: %s\r\nContent-Type: %s\r\n%sConnection: %s\r\n%s\r\n" % (
            LINES[status],
            self._date,
            kind,
            size,
            connection,
            extra,
        )

    def whole(self, request: Request, status: int, body: bytes, kind: bytes = JSON, extra: bytes = b"") -> bytes:
        """A head, and a body of known length. The body is left out if HTTP does not allow one."""
        if status in (204, 304):
            return self.head(request, status, None, kind, extra)
        head = self.head(request, status, len(body), kind, extra)
        return head if request.method == b"HEAD" else head + body
