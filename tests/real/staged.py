"""loadgen that gets SIGTERM at a stage of its own: `python staged.py MODULE:FUNCTION LATER hanging|- ARGUMENT...`.

The signal comes when the function is called for the first time, and SIGINT so many calls of any functions later; 0: at
once. With `hanging`, a look-up of a name never returns, as with a DNS server that never answers.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from types import FrameType

stage, later, look_ups = sys.argv[1], int(sys.argv[2]), sys.argv[3]
del sys.argv[1:4]
calls_left = -1  # none: the stage has not come


def profile(frame: FrameType, event: str, argument: object) -> None:
    global calls_left
    if event != "call":
        return
    if calls_left > 0:
        calls_left -= 1
    elif calls_left < 0 and f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}" == stage:
        calls_left = later
        os.kill(os.getpid(), signal.SIGTERM)
    if calls_left == 0:
        sys.setprofile(None)
        threading.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)


def never(*arguments: object, **options: object) -> None:
    """A mutex that is locked twice: nothing wakes who waits for it, not even a signal."""
    mutex, libc = ctypes.create_string_buffer(64), ctypes.CDLL(None)
    for _ in range(2):
        libc.pthread_mutex_lock(mutex)


if look_ups == "hanging":
    socket.getaddrinfo = never  # type: ignore[assignment]
threading.setprofile(profile)
sys.setprofile(profile)

from loadgen.__main__ import main  # noqa: E402

main()
