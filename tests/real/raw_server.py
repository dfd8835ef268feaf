"""A server that does exactly what a test says, byte by byte, in the test's own event loop, plain or TLS.

`async with RawServer(script) as server:` runs `script(peer)` for each connection; when that returns, what the client
still sends is read until it closes. What a script raises is raised again when the context is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

LIMIT = 1 << 24
PIECE = 1 << 16
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets the connection


@dataclass(slots=True)
class Heard:
    """A request as it came."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition(b"\r\n")[0].decode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        lines = self.head.decode().split("\r\n")[1:-2]
        return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]


class Peer:
    """One connection, seen from the server. `number` counts connections from 0."""

    def __init__(self, server: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int):
        self._server, self._reader, self._writer, self.number = server, reader, writer, number
        self.over = False

    async def request(self) -> Heard:
        """The next request, its body read whole. Raises EOFError if the client closes before it is."""
        head = await self.head()
        size = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
        heard = Heard(head, await self._reader.readexactly(size))
        self._server.heard.append(heard)
        return heard

    async def head(self) -> bytes:
        """The next request's head. It is counted with its first byte."""
        first = await self._reader.readexactly(1)
        self._server.begun += 1
        return first + await self._reader.readuntil(b"\r\n\r\n")

    async def read(self, size: int) -> bytes:
        return await self._reader.read(size)

    async def send(self, data: bytes, bytewise: bool = False) -> None:
        pieces = [data[i : i + 1] for i in range(len(data))] if bytewise else [data]
        for piece in pieces:
            if self._writer.is_closing() or self._reader.at_eof():
                raise EOFError
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0)  # the client's turn, which draining alone need not give it

    async def answer(self, data: bytes, times: int | None = None) -> None:
        """Answer each request with `data`, until the client closes or `times` is reached."""
        while times is None or times > 0:
            times = times and times - 1
            await self.request()
            await self.send(data)

    async def gone(self) -> None:
        """Wait until the client has closed, throwing away what it sends."""
        while await self._reader.read(PIECE):
            pass

    def farewell(self, data: bytes) -> None:
        """Send `data` and close in good order, in one turn of the loop."""
        self._writer.write(data)
        self.close()

    def close(self) -> None:
        """Close in good order."""
        self.over = True
        self._writer.close()

    def cut(self) -> None:
        """Close without TLS saying so."""
        self.over = True
        self._writer.transport.abort()

    def reset(self) -> None:
        """Close with a TCP reset."""
        sock = self._writer.get_extra_info("socket")
        if sock is None:  # the client has gone already
            raise EOFError
        with socket.socket(fileno=os.dup(sock.fileno())) as twin:
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.cut()


Script = Callable[[Peer], Awaitable[Any]]


@dataclass
class RawServer:
    """Serves on 127.0.0.1 and on `hosts`, if given, at one port."""

    script: Script
    context: ssl.SSLContext | None = None
    hosts: tuple[str, ...] = ("127.0.0.1",)
    heard: list[Heard] = field(default_factory=list)
    hosts_used: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    begun = accepted = open = peak = port = 0

    async def __aenter__(self) -> RawServer:
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[Exception] = []
        self._servers: list[asyncio.Server] = []
        # a client that does not answer its goodbye is not waited for
        goodbye = {"ssl_shutdown_timeout": 1.0} if self.context else {}
        for host in self.hosts:
            serving = asyncio.start_server(self._accept, host, self.port, ssl=self.context, limit=LIMIT, **goodbye)
            self._servers.append(await serving)
            self.port = self._servers[0].sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        if self._errors:
            raise self._errors[0]

    def url(self, scheme: str, host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        peer = Peer(self, reader, writer, self.accepted)
        self.accepted += 1
        self.hosts_used.append(writer.get_extra_info("sockname")[0])
        self.sources.append(writer.get_extra_info("peername")[0])
        self.open += 1
        self.peak = max(self.peak, self.open)
        try:
            await self.script(peer)
            if not peer.over:
                await peer.gone()
        except (EOFError, ConnectionError, ssl.SSLError, asyncio.CancelledError):  # the client, or the test, is over
            pass
        except Exception as error:
            self._errors.append(error)
        finally:
            self.open -= 1
            writer.transport.abort()
            self._tasks.discard(task)


class PlainTalker(threading.Thread):
    """A TLS server on blocking sockets, which unlike asyncio's says why it refuses a handshake. It answers each request
    with `data`, one connection at a time; `begun` counts them."""

    def __init__(self, context: ssl.SSLContext, data: bytes) -> None:
        super().__init__(daemon=True)
        self._context, self._data = context, data
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.begun = 0

    def __enter__(self) -> PlainTalker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self.join()
        self._listening.close()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # the test is over
                return
            with connection, contextlib.suppress(OSError):
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as talk:
            while talk.recv(PIECE):
                self.begun += 1
                talk.sendall(self._data)


def unused_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
