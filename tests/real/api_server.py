"""A server of a test's own that remembers what it was asked, and answers as the test says: an API, or a token URL."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; header names are as they were sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: Any = ""  # bytes, or what becomes JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Api:
    """`answer` may be replaced at any time."""

    answer: Callable[[Asked], Answer]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serve(answer: Callable[[Asked], Answer], context: ssl.SSLContext | None = None) -> Iterator[Api]:
    """Serve on a port of 127.0.0.1, with TLS if there is a `context`."""
    api = Api(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client has gone
                self.close_connection = True

        def do_POST(self) -> None:
            asked = Asked(
                self.command,
                self.path,
                tuple(self.headers.items()),
                self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )
            api.asked.append(asked)
            answer = api.answer(asked)
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response_only(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None: ...  # a handshake that the client gave up

        def get_request(self) -> Any:
            sock, address = super().get_request()
            if context:  # the handshake is left to the connection's own thread
                return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), address
            return sock, address

    with Server(("127.0.0.1", 0), Handler) as server:
        api.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
