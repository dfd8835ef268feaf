"""A link of two devices with a delay: each frame that comes in on one leaves on the other, that much later.

python link.py DEVICE DEVICE DELAY_US [LOST]

With LOST, every so manieth frame of the first device is lost.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections import deque

ETH_P_ALL = 3
OUTGOING = 4
FRAME = 65536


def carry(first: str, second: str, delay: int, lost: int = 0) -> None:
    """For ever. `delay` in ns."""
    ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for _ in range(2)]
    for end, device in zip(ends, (first, second), strict=True):
        end.bind((device, ETH_P_ALL))
        end.setblocking(False)
    others = dict(zip(ends, reversed(ends), strict=True))
    waiting: deque[tuple[int, socket.socket, bytes]] = deque()
    number = 0
    print("ready", flush=True)
    while True:
        pause = max(0, waiting[0][0] - time.monotonic_ns()) / 1e9 if waiting else None
        for end in select.select(ends, [], [], pause)[0]:
            frame, address = end.recvfrom(FRAME)
            if address[2] == OUTGOING:
                continue
            number += end is ends[0]
            if not (lost and end is ends[0] and number % lost == 0):
                waiting.append((time.monotonic_ns() + delay, others[end], frame))
        while waiting and waiting[0][0] <= time.monotonic_ns():
            _, to, frame = waiting.popleft()
            to.send(frame)


if __name__ == "__main__":
    carry(sys.argv[1], sys.argv[2], int(sys.argv[3]) * 1000, *map(int, sys.argv[4:]))
