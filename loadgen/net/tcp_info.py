"""What the kernel knows about TCP connections: round trips and retransmits.

`struct tcp_info` is that of Linux's `include/uapi/linux/tcp.h`. Its fields keep their places, and later kernels add
fields to its end. All fields that are read here exist since 4.6. The kernel of this machine does not know what the
target sent again.

`rtt` is the kernel's smoothed figure. If the answer itself acknowledges a request, it includes the target's own time
(up to the 40 ms after which the target acknowledges separately). `least_rtt` has seen the handshake, which no program
delays.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from statistics import median_low
from typing import Any, NamedTuple, TypeVar

from loadgen.clock import MILLISECOND

T = TypeVar("T")
KNOWN = sys.platform == "linux"
SAMPLED = 32  # open connections that are looked at each time
FINALLY = 4096  # the same for the last time, when nothing is measured any more
CLOSED = 1000  # closing connections that are all looked at, between two samples; of the others, one in `ONE_IN`
ONE_IN = 16
MICROSECOND = 1000
_TCP_INFO = 11
_UNKNOWN = 0xFFFFFFFF
# lost at 32, last_ack_recv at 56 (in ms), rtt at 68, total_retrans at 100, segs_out at 136, min_rtt at 148; times in us
_fields = struct.Struct("=32xI20xI8xI28xI32xI8xI")


class Info(NamedTuple):
    """One connection since it was opened. Times are in ns; `least_rtt` is None before there is any."""

    rtt: int  # 0 before there is any
    least_rtt: int | None
    lost: int  # segments that the kernel believes lost now
    retransmits: int  # segments that were sent again, the first packet of the handshake included
    sent: int  # all segments that were sent, retransmits included
    heard: int  # how long ago the peer acknowledged something, to a millisecond or the kernel's tick


def read(sock: socket.socket) -> Info | None:
    """The kernel's figures of a socket; None if it has none."""
    if not KNOWN:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _fields.size)
    except OSError:
        return None
    if len(info) < _fields.size:
        return None
    lost, heard, rtt, retransmits, sent, least = _fields.unpack(info)
    least_rtt = None if least == _UNKNOWN else least * MICROSECOND
    return Info(rtt * MICROSECOND, least_rtt, lost, retransmits, sent, heard * MILLISECOND)


class TcpWatch:
    """Looks at a client's connections: when they open, when they close, and at a few of the open ones whenever `sample`
    is called."""

    def __init__(self) -> None:
        self._counted: dict[socket.socket, tuple[int, int]] = {}  # retransmits and segments, of those seen before
        self._begin()

    def _begin(self) -> None:
        self._connects = self._retried = self._closed = 0
        self._looked = self._retransmits = self._sent = self._lost = 0
        self._rtts: list[int] = []
        self._least: list[int] = []

    def opened(self, sock: socket.socket, took: int) -> int:
        """A connect has succeeded, `took` ns after it was asked for. Returns how much later than the kernel the client
        noticed it; -1 if that is not known. It is the time without the handshake's round trip, which is the kernel's
        first figure. If the first packet was sent again, there is no round trip: then it is what the kernel counted
        since the answer."""
        self._connects += 1
        if (info := read(sock)) is None:
            return -1
        if info.retransmits:
            self._retried += 1
            self._counted[sock] = info.retransmits, info.sent
            return info.heard
        return max(0, took - info.rtt) if info.rtt else -1

    def failed(self, sock: socket.socket) -> None:
        """A connect failed, and the socket is about to be closed."""
        self._connects += 1
        if (info := read(sock)) and info.retransmits:
            self._retried += 1

    def closing(self, sock: socket.socket) -> None:
        """An open connection is about to be closed."""
        self._closed += 1
        if self._closed <= CLOSED or not self._closed % ONE_IN:
            self._look(sock)
        if self._counted:
            self._counted.pop(sock, None)

    def _look(self, sock: socket.socket) -> None:
        if info := read(sock):
            retransmits, sent = self._counted.get(sock, (0, 0))
            self._looked += 1
            self._retransmits += info.retransmits - retransmits
            self._sent += info.sent - sent
            self._lost += info.lost
            if info.rtt:
                self._rtts.append(info.rtt)
            if info.least_rtt is not None:
                self._least.append(info.least_rtt)
            self._counted[sock] = info.retransmits, info.sent

    def sample(
        self, connections: Sequence[T], last: bool, sock_of: Callable[[T], socket.socket | None]
    ) -> dict[str, Any] | None:
        """The figures since the last call: counts, and the medians of round trips in ns. `connections` are all that are
        open; only a few are asked for their socket, so that ten thousand hold nobody up. None if the kernel reports
        nothing."""
        if not KNOWN:
            return None
        most = FINALLY if last else SAMPLED
        for connection in connections if len(connections) <= most else random.sample(connections, most):
            if sock := sock_of(connection):
                self._look(sock)
        sample = {
            "connects": self._connects,
            "syn_retried": self._retried,
            "looked_at": self._looked,
            "segments": self._sent,
            "retransmits": self._retransmits,
            "lost": self._lost,
            "rtt": median_low(self._rtts) if self._rtts else None,
            "least_rtt": median_low(self._least) if self._least else None,
        }
        self._begin()
        if len(self._counted) > len(connections):  # a client that does not report the end of its connections
            still = {sock for connection in connections if (sock := sock_of(connection)) in self._counted}
            self._counted = {sock: counted for sock, counted in self._counted.items() if sock in still}
        return sample
