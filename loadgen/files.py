"""Opens files whose folder may be somebody else's, without waiting for the other end of a pipe; and keeps files for as
long as a process needs them, also where no disk takes any.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO, Self


def at_once(path: str | Path, flags: int) -> int:
    """The descriptor of what may be a pipe: one that nobody writes to is empty, one that nobody reads cannot be written
    (OSError). `flags` as of `os.open`."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o666)
    os.set_blocking(descriptor, True)
    return descriptor


def write(path: str | Path, content: str | bytes, *, append: bool = False) -> None:
    """Write bytes, or a text in UTF-8, in the place of what the file held or after it. Raises OSError, also for a pipe
    that nobody reads: it would be waited for without end."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    with os.fdopen(at_once(path, flags), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def open_regular(path: Path) -> BinaryIO:
    """The file, to be read. Raises OSError for what is no regular file: a pipe, a socket, a device or a folder.

    Of a file that has no size, nothing is read: those in /proc have none, and some of them let their readers wait.
    """
    _check(path, path.stat())  # before it is opened: to open a device may do something
    file = os.fdopen(at_once(path, os.O_RDONLY), "rb")
    try:
        status = os.fstat(file.fileno())
        _check(path, status)  # another one may have come in its place
    except OSError:
        file.close()
        raise
    if status.st_size:
        return file
    file.close()
    return io.BytesIO()


def read_regular(path: Path, limit: int) -> bytes:
    """What the file holds. Raises OSError for what is no regular file, and for more than `limit` bytes."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, "too large")
    return content


class Scratch:
    """Files that are there until it is closed: in a temporary folder, or in memory where no disk takes them."""

    def __init__(self, prefix: str) -> None:
        """`prefix` is what the name of the folder begins with."""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._in_memory: list[int] = []
        with suppress(OSError):
            self._folder = tempfile.TemporaryDirectory(prefix=prefix)

    def file(self, name: str, content: bytes) -> Path:
        """A new file that holds `content`, which its user alone may read. Raises OSError if neither a disk nor memory
        takes it."""
        if self._folder:
            path = Path(self._folder.name) / name
            try:
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                    file.write(content)
                return path
            except OSError:
                path.unlink(missing_ok=True)
        descriptor = _memory()
        self._in_memory.append(descriptor)
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        return Path(f"/proc/{os.getpid()}/fd/{descriptor}")

    def close(self) -> None:
        for descriptor in self._in_memory:
            os.close(descriptor)
        self._in_memory.clear()
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unnamed() -> IO[bytes]:
    """A file without a name, to be written and read until it is closed."""
    try:
        return os.fdopen(_memory(), "w+b")
    except OSError:
        return tempfile.TemporaryFile()


def why(error: OSError) -> str:
    """What is wrong with a file, in a few words that do not repeat its name."""
    return (error.strerror or "input error").lower()


def taken(error: FileExistsError) -> str:
    """What there is in the place of a new file or folder."""
    path = Path(str(error.filename))
    return "exists already" if path.exists() else "is a link to what does not exist"


def _memory() -> int:
    """The descriptor of a file in memory. Raises OSError if the system has none, as macOS."""
    if not hasattr(os, "memfd_create"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    descriptor = os.memfd_create("loadgen")
    os.fchmod(descriptor, 0o600)
    return descriptor


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
