"""Opens files whose folder may be somebody else's. Nothing here waits for the other end of a pipe."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def at_once(path: str | Path, flags: int) -> int:
    """The descriptor of what may be a pipe: one that nobody writes to is empty, one that nobody reads cannot be written
    (OSError). `flags` as of `os.open`."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o666)
    os.set_blocking(descriptor, True)
    return descriptor


def open_regular(path: Path) -> BinaryIO:
    """The file, to be read. Raises OSError for what is no regular file: a pipe, a socket, a device or a folder."""
    _check(path.stat())  # before it is opened: to open a device may do something
    file = os.fdopen(at_once(path, os.O_RDONLY), "rb")
    try:
        _check(os.fstat(file.fileno()))  # another one may have come in its place
    except OSError:
        file.close()
        raise
    return file


def read_regular(path: Path, limit: int) -> bytes:
    """What the file holds. Raises OSError for what is no regular file, and for more than `limit` bytes."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, "too large")
    return content


def why(error: OSError) -> str:
    """What is wrong with a file, in a few words that do not repeat its name."""
    return (error.strerror or "input error").lower()


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
