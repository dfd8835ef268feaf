"""One accepted socket, read and written directly on the event loop.

It is a raw socket, not a transport. Sent bytes are in the kernel at once; uvloop's transports wait for the end of the
loop's turn, which would make the truth log wrong. And it can be reset.
"""

from __future__ import annotations

import asyncio
import socket
import struct

from loadgen.sandbox.connection import ServerConnection

BUFFER = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


class PlainLink:
    """`buffer` is shared by all links of a loop, because each uses what it reads at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, buffer: memoryview) -> None:
        self._loop, self._sock, self._fd = loop, sock, sock.fileno()
        self._buffer = buffer
        self._out = bytearray()
        self._reading = False
        self._last = False  # nothing is sent after `_out`
        self.closed = False
        self.connection: ServerConnection

    def start(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.resume()

    @property
    def backlog(self) -> bool:
        return bool(self._out)

    def send(self, data: bytes) -> None:
        if self.closed or self._last:
            return
        if self._out:
            self._out += data
            return
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._shut()
            return
        if sent < len(data):
            self._out += memoryview(data)[sent:]
            self._loop.add_writer(self._fd, self._on_writable)

    def pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        if not (self._reading or self.closed):
            self._reading = True
            self._loop.add_reader(self._fd, self._on_readable)

    def close(self) -> None:
        """End in good order, after all bytes are sent."""
        self._last = True
        if not self._out:
            self._shut()

    def cut(self) -> None:
        """The same as `close`, but over TLS without its goodbye."""
        PlainLink.close(self)

    def reset(self) -> None:
        """End at once, with a TCP reset."""
        if not self.closed:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._shut()

    def linger(self) -> None:
        """Say that no more will be sent, but go on reading."""
        if not (self.closed or self._out):
            self._last = True
            try:
                self._sock.shutdown(socket.SHUT_WR)
            except OSError:
                self._shut()

    def received(self, data: memoryview) -> None:
        """Bytes arrived from the network."""
        self.connection.feed(data)

    def _on_readable(self) -> None:
        try:
            size = self._sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            self._shut()
            return
        if size:
            self.received(self._buffer[:size])
        else:
            self.connection.ended()

    def _on_writable(self) -> None:
        try:
            sent = self._sock.send(self._out)
        except BlockingIOError:
            return
        except OSError:
            self._shut()
            return
        del self._out[:sent]
        if self._out:
            return
        self._loop.remove_writer(self._fd)
        if self._last:
            self._shut()
        else:
            self.connection.drained()

    def _shut(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.pause()
        if self._out:
            self._loop.remove_writer(self._fd)
            self._out.clear()
        self._sock.close()
        self.connection.gone()
