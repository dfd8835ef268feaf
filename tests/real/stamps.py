"""The kernel's receive stamps, held on: it begins to stamp some time after the first socket has asked for it, and stops
with the last. A test that needs the stamp of a client's first packet would find none now and then."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from loadgen.clock import SECOND, now
from loadgen.net.sockets import ANCILLARY, SO_TIMESTAMPNS, STAMPS

LIMIT = 10 * SECOND


@contextmanager
def stamping() -> Iterator[None]:
    """What comes by TCP has a stamp, as long as the block lasts. Raises TimeoutError if it never has."""
    if not STAMPS:
        yield
        return
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as reader:
        writer, _ = listener.accept()
        with writer:
            reader.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            until = now() + LIMIT
            while not _stamped(writer, reader):
                if now() > until:
                    raise TimeoutError("the kernel does not stamp what comes")
            yield


def _stamped(writer: socket.socket, reader: socket.socket) -> bool:
    writer.send(b"x")
    _, ancillary, _, _ = reader.recvmsg(1, ANCILLARY)
    return bool(ancillary)
