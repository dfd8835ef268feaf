"""Messages between a fleet and its workers over a socket pair. Writing never waits.

They are pickled: both ends are processes of one program, and one started the other.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

_HEADER = struct.Struct("!I")
READ = 1 << 18

Outgoing = TypeVar("Outgoing")
Incoming = TypeVar("Incoming")


class Pipe(Generic[Outgoing, Incoming]):
    """One end, on an event loop. `received` is called with each message, `ended` when the other end is gone.

    Its types are the unions of `messages`: `Pipe[ToWorker, FromWorker]` in the fleet, the other way round in a worker.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        received: Callable[[Incoming], None],
        ended: Callable[[], None],
    ) -> None:
        self._loop, self._sock, self._received, self._ended = loop, sock, received, ended
        self._incoming = bytearray()
        self._outgoing: deque[memoryview] = deque()
        self.closed = False
        sock.setblocking(False)
        loop.add_reader(sock.fileno(), self._on_readable)

    def send(self, message: Outgoing) -> None:
        """Queue a message. It leaves when the other end reads."""
        if self.closed:
            return
        data = pickle.dumps(message, protocol=5)
        idle = not self._outgoing
        self._outgoing.append(memoryview(_HEADER.pack(len(data)) + data))
        if idle:
            self._on_writable()
            if self._outgoing:
                self._loop.add_writer(self._sock.fileno(), self._on_writable)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()

    def _on_writable(self) -> None:
        try:
            while self._outgoing:
                head = self._outgoing[0]
                taken = self._sock.send(head)
                if taken < len(head):
                    self._outgoing[0] = head[taken:]
                    return
                self._outgoing.popleft()
        except BlockingIOError:
            return
        except OSError:  # it has died; what it said before is still to be read, and then its end
            self._outgoing.clear()
        self._loop.remove_writer(self._sock.fileno())

    def _on_readable(self) -> None:
        try:
            data = self._sock.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._incoming += data
        while not self.closed and len(self._incoming) >= _HEADER.size:
            end = _HEADER.size + _HEADER.unpack_from(self._incoming)[0]
            if len(self._incoming) < end:
                break
            message = pickle.loads(memoryview(self._incoming)[_HEADER.size : end])  # noqa: S301 our own process
            del self._incoming[:end]
            self._received(message)
        if not data:
            self._end()

    def _end(self) -> None:
        if not self.closed:
            self.close()
            self._ended()
