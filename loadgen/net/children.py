"""Processes that this one starts, and says when to stop."""

from __future__ import annotations

import signal
import subprocess
from typing import Any


def spawn(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process that SIGINT and SIGTERM do not reach. `options` as of Popen.

    A terminal's Ctrl-C, or the end of `timeout`, goes to all processes of the group; but what a load has open still
    needs its workers, and its target.
    """
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        return subprocess.Popen(command, **options)  # noqa: S603  our own interpreter
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
