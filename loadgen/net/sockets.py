"""Raw non-blocking TCP sockets, and the kernel's receive stamps.

The kernel stamps packets for a socket that asks for it. But it turns stamping on lazily, for the whole host, so the
first packets may lack a stamp. `StampWarmer` holds a socket with the option on while a load lasts.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
import sys
from typing import Final

from loadgen.net.names import Address

STAMPS = sys.platform == "linux"
SO_TIMESTAMPNS = 35
IP_BIND_ADDRESS_NO_PORT = 24
ANCILLARY: Final = 64  # bytes: room for one stamp
timespec = struct.Struct("qq").unpack


def connect(address: Address, stamps: bool = STAMPS) -> tuple[socket.socket, bool]:
    """A non-blocking socket that connects to `address`, from its source if it has one, and whether it is connected
    already. Raises OSError."""
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if stamps:
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if address.source:
            bind(sock, address.source)
        code = sock.connect_ex(address.sockaddr)
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, "")
    except OSError:
        sock.close()
        raise
    return sock, code == 0


def bind(sock: socket.socket, source: str) -> None:
    """Let a socket connect from that address. The kernel takes a port when it connects, so that each pair of source and
    target has all ports of its own (ip(7), IP_BIND_ADDRESS_NO_PORT). Raises OSError."""
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind((source, 0))


def pending_error(sock: socket.socket) -> int:
    """The error number of a pending connect; 0 if it succeeded."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def connected(sock: socket.socket) -> bool:
    """Whether a pending connect has succeeded."""
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def broken(sock: socket.socket) -> bool:
    """Whether an error waits behind the socket's data. The error stays there."""
    look = select.poll()
    look.register(sock, 0)
    return bool(look.poll(0))


class StampWarmer:
    """Keeps the host's stamping of received packets on."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if STAMPS:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def close(self) -> None:
        self._socket.close()
