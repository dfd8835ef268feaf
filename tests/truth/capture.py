"""A third clock: what was on the wire and when, as the kernel stamped it, by a packet socket. It shares no code and no
process with the generator or its target."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from types import TracebackType
from typing import NamedTuple, Self

import pytest

ETH_P_ALL = 3
OUTGOING = 4  # of sockaddr_ll.sll_pkttype
SO_ATTACH_FILTER, SO_RCVBUFFORCE, SO_TIMESTAMPNS = 26, 33, 35
SOL_PACKET, PACKET_STATISTICS = 263, 6
ROOM = 64 * 1024 * 1024  # bytes that wait to be read
SNAP = 64  # bytes of a packet: its heads
PUSH = 8  # the flag of a segment that ends a write


class Exchanged(NamedTuple):
    """A request and its answer on one connection: the client's port, and ns of CLOCK_REALTIME."""

    port: int
    asked: int
    answered: int


class Capture:
    """The exchanges with `port` over `device`, one segment each way, as they leave and reach the client. Skips the test
    where it is not allowed."""

    def __init__(self, port: int, device: str = "lo") -> None:
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        except PermissionError:
            pytest.skip("a packet capture takes CAP_NET_RAW")
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._program = _filter(port)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, _attached(self._program))
        self._socket.bind((device, ETH_P_ALL))
        self._socket.settimeout(0.05)
        self._ended = threading.Event()
        self._packets: list[tuple[int, bool, int]] = []  # stamp, whether it leaves, the client's port
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._lost = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        self._socket.close()

    def exchanges(self) -> list[Exchanged]:
        """In the order in which they were asked; those without an answer are left out."""
        assert not self._lost, "the kernel threw packets away"
        open_since: dict[int, int] = {}
        found = []
        for stamp, leaves, port in sorted(self._packets):
            if leaves:
                open_since[port] = stamp
            elif port in open_since:
                found.append(Exchanged(port, open_since.pop(port), stamp))
        return sorted(found, key=lambda exchange: exchange.asked)

    def _read(self) -> None:
        over = False
        while not over:
            over = self._ended.is_set()  # and once more, for what came before that
            try:
                while True:
                    data, ancillary, _, address = self._socket.recvmsg(SNAP, 64)
                    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                    leaves = address[2] == OUTGOING
                    at = 4 * (data[0] & 15) + (0 if leaves else 2)
                    self._packets.append((seconds * 10**9 + nanoseconds, leaves, *struct.unpack_from("!H", data, at)))
            except TimeoutError:
                pass


def _filter(port: int) -> ctypes.Array[ctypes.c_char]:
    """Classic BPF (linux/filter.h): TCP with PSH, to `port` if it leaves, from it if it comes."""
    steps = (  # code, jumps if true and if false, value
        (0x30, 0, 0, 9),  # A = IP's protocol
        (0x15, 0, 10, socket.IPPROTO_TCP),
        (0xB1, 0, 0, 0),  # X = length of IP's head
        (0x50, 0, 0, 13),  # A = TCP's flags
        (0x45, 0, 7, PUSH),
        (0x30, 0, 0, 0xFFFFF004),  # A = the packet's kind: SKF_AD_OFF + SKF_AD_PKTTYPE
        (0x15, 0, 2, OUTGOING),
        (0x48, 0, 0, 2),  # A = destination port
        (0x05, 0, 0, 1),
        (0x48, 0, 0, 0),  # A = source port
        (0x15, 0, 1, port),
        (0x06, 0, 0, SNAP),
        (0x06, 0, 0, 0),
    )
    return ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps), 8 * len(steps))


def _attached(program: ctypes.Array[ctypes.c_char]) -> bytes:
    """A sock_fprog."""
    return struct.pack("HL", len(program) // 8, ctypes.addressof(program))
