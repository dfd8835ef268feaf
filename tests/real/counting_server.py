"""A server that may be killed at any instant: before it answers a request it writes a line with its id, and when it
came, to a file.

`counting_server.py PORT FILE [HOST [SECONDS]]`, with the seconds to an answer. An id is what is between the last two
`~` of a request's head or body; a call of DescribeTable has none, and is answered as of a table that is there. It says
`ready` when it listens, and `enough` when it has answered `ENOUGH` requests.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from loadgen.clock import wall

ENOUGH = 20
DELAY = 0.01  # some are open whenever it is killed
DESCRIBED = b'{"Table": {"TableStatus": "ACTIVE", "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}}'


class Serving(asyncio.Protocol):
    answered = 0

    def __init__(self, file: int, delay: float) -> None:
        self._file, self._delay, self._received = file, delay, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if not end or len(body) < int(length[1] if length else 0):
            return
        request, self._received = self._received, b""
        if b"DescribeTable" in head:
            self._send(DESCRIBED)
            return
        os.write(self._file, b"%b %d\n" % (re.findall(rb"~([^~]+)~", request)[-1], wall()))
        asyncio.get_running_loop().call_later(self._delay, self._answer)

    def _answer(self) -> None:
        self._send(b"{}")
        Serving.answered += 1
        if Serving.answered == ENOUGH:
            print("enough", flush=True)

    def _send(self, body: bytes) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def came(path: Path) -> list[tuple[str, int]]:
    """The ids in the file, and when each came, in ns."""
    lines = (line.split() for line in path.read_text().splitlines())
    return [(identity, int(at)) for identity, at in lines]


async def serve(port: int, path: str, host: str, delay: float) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    server = await asyncio.get_running_loop().create_server(lambda: Serving(file, delay), host, port)
    print("ready", flush=True)
    await server.serve_forever()


def main(port: str, path: str, host: str = "127.0.0.1", seconds: str = str(DELAY)) -> None:
    asyncio.run(serve(int(port), path, host, float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
