"""What somebody may have put in the place of a file: what is no regular file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

KINDS = ("pipe", "socket", "folder", "loop", "/dev/zero", "/dev/tty")


def put(path: Path, kind: str) -> None:
    """Put one there instead of the file."""
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(path))  # an address takes 107 bytes
    else:
        path.symlink_to(path.name if kind == "loop" else kind)
