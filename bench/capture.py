"""What was on the wire, and when, as the kernel stamped it: a packet socket that nobody reads while the load goes on.

The kernel copies the heads of packets to a ring in memory (`tpacket_v2` of linux/if_packet.h), from which they are read
afterwards.
"""

from __future__ import annotations

import ctypes
import mmap
import socket
import struct
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from loadgen.clock import MILLISECOND, SECOND

ETH_P_ALL = 3
OUTGOING = 4  # of sockaddr_ll.sll_pkttype
SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 5, 6, 10
TPACKET_V2 = 1
SO_ATTACH_FILTER = 26
USER = 1  # TP_STATUS_USER: the frame is ours to read
PUSH = 8  # the flag of a segment that ends a write
SNAP = 40  # bytes of a packet: as much of its heads as the frame has room for
FRAME, BLOCK = 128, 1 << 16  # bytes; a block is what the kernel gives memory in
HEADS = np.dtype(
    {
        # of tpacket2_hdr, and of the sockaddr_ll behind it
        "names": ["status", "net", "seconds", "nanoseconds", "kind"],
        "formats": ["<u4", "<u2", "<u4", "<u4", "u1"],
        "offsets": [0, 14, 16, 20, 42],
        "itemsize": FRAME,
    }
)


class Exchanges(NamedTuple):
    """Requests that were answered, in the order in which they were sent: the client's port, and ns of CLOCK_REALTIME at
    which the request left the client and its answer reached it."""

    port: NDArray[np.int64]
    asked: NDArray[np.int64]
    answered: NDArray[np.int64]


def figures(exchanges: Exchanges, rate: int) -> dict[str, float]:
    """How long requests were on their way and in the server, and how much later they were sent than an even schedule of
    `rate` a second says. What keeps a machine from sending adds lateness alone, so that the least late request was on
    time. The schedule is held against three quarters of the load, without its beginning and its end."""
    if not len(exchanges.asked):
        return {}
    times = (exchanges.answered - exchanges.asked) / MILLISECOND
    eighth = len(times) // 8
    offsets = (exchanges.asked - np.arange(len(times)) * SECOND // rate)[eighth : len(times) - eighth] / MILLISECOND
    wire = {f"wire_p{q}_ms": float(np.percentile(times, q, method="inverted_cdf")) for q in (50, 99)}
    return wire | {"late_p99_ms": float(np.percentile(offsets - offsets.min(), 99, method="inverted_cdf"))}


def allowed() -> bool:
    """Whether this process may capture packets."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()
    except PermissionError:
        return False
    return True


class Capture:
    """The exchanges with `port` over `device`, one segment each way, as they leave and reach the client, until the
    context is left. `room` is for how many packets, two an exchange; `lost` is how many found none. Raises
    PermissionError without CAP_NET_RAW."""

    def __init__(self, port: int, room: int, device: str = "lo") -> None:
        blocks = room * FRAME // BLOCK + 1
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        self._program = _filter(port)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, _attached(self._program))
        ring = struct.pack("IIII", BLOCK, blocks, FRAME, blocks * BLOCK // FRAME)
        self._socket.setsockopt(SOL_PACKET, PACKET_RX_RING, ring)
        self._ring = mmap.mmap(self._socket.fileno(), blocks * BLOCK)
        self._socket.bind((device, ETH_P_ALL))
        self._frames = b""
        self.lost = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lost = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        self._frames = bytes(self._ring)
        self._ring.close()
        self._socket.close()

    def exchanges(self) -> Exchanges:
        """Of a capture that has ended."""
        frames = np.frombuffer(self._frames, HEADS)
        raw = frames.view(np.uint8).reshape(-1, FRAME)
        there = (frames["status"] & USER) != 0
        frames, raw = frames[there], raw[there]
        leaves = frames["kind"] == OUTGOING
        stamps = frames["seconds"].astype(np.int64) * 10**9 + frames["nanoseconds"]
        return paired(_ports(raw, frames["net"].astype(np.int64), leaves), stamps, leaves)


def _ports(raw: NDArray[np.uint8], net: NDArray[np.int64], leaves: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The client's: where a packet that leaves comes from, and where one that comes goes to."""
    each = np.arange(len(raw))
    at = net + 4 * (raw[each, net] & 15) + np.where(leaves, 0, 2)
    ports: NDArray[np.int64] = (raw[each, at].astype(np.int64) << 8) + raw[each, at + 1]
    return ports


def paired(port: NDArray[np.int64], stamp: NDArray[np.int64], leaves: NDArray[np.bool_]) -> Exchanges:
    """Each packet that leaves, with the next of its connection if that comes. Of a request in several segments it is
    the last one, of such an answer the first."""
    order = np.lexsort((stamp, port))
    port, stamp, leaves = port[order], stamp[order], leaves[order]
    asked = np.flatnonzero(leaves[:-1] & ~leaves[1:] & (port[:-1] == port[1:]))
    asked = asked[np.argsort(stamp[asked], kind="stable")]
    return Exchanges(port[asked], stamp[asked], stamp[asked + 1])


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
