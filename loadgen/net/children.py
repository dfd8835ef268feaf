"""Child processes: how this process starts and stops them, and how a child notices that its parent is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any

from loadgen.net.timerfd import die_with_parent


def spawn(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process that SIGINT and SIGTERM do not reach. `options` are those of Popen.

    A terminal's Ctrl-C, or the end of `timeout`, goes to all processes of the group. But open requests still need the
    workers and the target.
    """
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        return subprocess.Popen(command, **options)  # noqa: S603  our own interpreter
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def end_with_parent(loop: asyncio.AbstractEventLoop, parent: int) -> None:
    """Stop `loop` in good order when the process `parent` has ended. The kernel's kill signal is the fallback. The pipe
    of stdin is not enough, because a forked sibling may hold its other end."""
    try:
        watched = os.pidfd_open(parent)
    except (AttributeError, OSError):
        die_with_parent(parent)
        return
    if os.getppid() != parent:
        sys.exit(0)
    loop.add_reader(watched, loop.stop)
