"""Folders that last as long as the process that made them.

The process holds a lock on a file in its folder, and the kernel takes that back when the process ends. One that is
killed leaves its folder behind. Whoever makes the next such folder on the machine removes it, after a while in which it
may be read.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from loadgen.clock import SECOND, wall

KEPT = 300 * SECOND  # for what a dead process left to be read, since it was last written
LOCK = "lock"
_FLOCK = "hhqqi"  # a struct flock of Linux: type, whence, start, length, pid


class Scratch:
    """A folder of this process, whose name begins with `prefix`. `where` is the folder that it is in: that of all
    temporary files if none is given."""

    def __init__(self, prefix: str, where: str | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
        self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        for path in self.path.parent.glob(f"{prefix}*"):
            if path != self.path and _is_left(path):
                shutil.rmtree(path, ignore_errors=True)

    def remove(self) -> None:
        """Remove it with all that is in it. May be called again."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def holder(path: Path) -> int:
    """The process that made the folder, if it is another one and lives; else 0. Raises OSError if that cannot be
    known."""
    if sys.platform != "linux":
        raise OSError("only Linux tells who holds a lock")
    lock = os.open(path / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(lock, fcntl.F_GETLK, asked))
    finally:
        os.close(lock)
    return 0 if kind == fcntl.F_UNLCK else int(pid)


def _is_left(path: Path) -> bool:
    """Whether the folder is ours, and has had nobody for long."""
    with suppress(OSError):
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not holder(path):
            newest = max(status.st_mtime_ns, *(inside.lstat().st_mtime_ns for inside in path.iterdir()))
            return wall() - newest > KEPT
    return False
