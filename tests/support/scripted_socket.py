"""A socket and a loop that do as a test says: what the wire client's stream stands on, without a kernel."""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from loadgen.clock import SECOND
from loadgen.net.sockets import SO_TIMESTAMPNS


class Socket:
    """`coming` is what is read, in order: bytes, each with its stamp (ns, 0 for none), or an error. `room` is how many
    bytes it takes, an error if it takes none. The end of `coming` is that nothing is there yet."""

    def __init__(self) -> None:
        self.coming: deque[tuple[bytes, int] | OSError] = deque()
        self.sent = bytearray()
        self.room: int | OSError = 1 << 40
        self.error = 0
        self.closed = False

    def send(self, data: bytes | memoryview) -> int:
        if isinstance(self.room, OSError):
            raise self.room
        if not self.room:
            raise BlockingIOError
        taken = min(self.room, len(data))
        self.room -= taken
        self.sent += data[:taken]
        return taken

    def recvmsg_into(self, buffers: list[bytearray], room: int) -> tuple[int, list[tuple[int, int, bytes]], int, None]:
        if not self.coming:
            raise BlockingIOError
        came = self.coming.popleft()
        if isinstance(came, OSError):
            raise came
        data, stamp = came
        buffers[0][: len(data)] = data
        ancillary = [(socket.SOL_SOCKET, SO_TIMESTAMPNS, struct.pack("qq", *divmod(stamp, SECOND)))] if stamp else []
        return len(data), ancillary, 0, None

    def getsockopt(self, level: int, option: int, room: int = 0) -> int:
        if room:
            raise OSError  # the kernel says nothing of the connection
        return self.error

    def getpeername(self) -> None: ...

    def fileno(self) -> int:
        return 9

    def close(self) -> None:
        self.closed = True


class Loop:
    """Calls what it is told to call when `turn`, `readable` or `writable` is called."""

    def __init__(self) -> None:
        self.soon: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self.reader: Callable[[], object] | None = None
        self.writer: Callable[[], object] | None = None

    def call_soon(self, call: Callable[..., object], *arguments: Any) -> None:
        self.soon.append((call, arguments))

    def add_reader(self, descriptor: int, call: Callable[[], object]) -> None:
        self.reader = call

    def add_writer(self, descriptor: int, call: Callable[[], object]) -> None:
        self.writer = call

    def remove_reader(self, descriptor: int) -> None:
        self.reader = None

    def remove_writer(self, descriptor: int) -> None:
        self.writer = None

    def turn(self) -> None:
        calls, self.soon = self.soon, []
        for call, arguments in calls:
            call(*arguments)

    def readable(self) -> None:
        assert self.reader
        self.reader()

    def writable(self) -> None:
        assert self.writer
        self.writer()
