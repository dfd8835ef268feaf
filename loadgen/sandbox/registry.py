"""Which ports of this machine belong to a running sandbox, so that a run against one can say so.

There is a file for each port, named after it, in a folder that only this user can write. It holds the process and what
it simulates.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loadgen.files import read_regular

SIZE_LIMIT = 4096  # bytes of an entry that are believed


def _folder() -> Path:
    """Raises OSError if there is no place for temporary files."""
    return Path(tempfile.gettempdir()) / f"loadgen-sandboxes-{os.getuid()}"


def _own(folder: Path) -> bool:
    """Whether the folder is a real one of this user's: anybody can write to the temporary directory."""
    with suppress(OSError):
        status = folder.lstat()
        return status.st_uid == os.getuid() and not folder.is_symlink() and status.st_mode & 0o077 == 0
    return False


@contextmanager
def announced(ports: list[int], description: str) -> Iterator[None]:
    """Announce that these ports are a sandbox, for as long as the block lasts. If that fails, it is not announced."""
    entries: list[Path] = []
    with suppress(OSError):
        folder = _folder()
        folder.mkdir(mode=0o700, exist_ok=True)
        if _own(folder):
            entries = [folder / str(port) for port in ports]
            for entry in entries:
                entry.write_text(json.dumps({"pid": os.getpid(), "description": description}))
    try:
        yield
    finally:
        for entry in entries:
            with suppress(OSError):
                entry.unlink()


def sandbox_at(port: int) -> str | None:
    """What the sandbox on that port of this machine simulates; None if no sandbox is announced there."""
    try:
        if not _own(_folder()):
            return None
        said = json.loads(read_regular(_folder() / str(port), SIZE_LIMIT))
        os.kill(int(said["pid"]), 0)  # is it still there?
        return str(said["description"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
