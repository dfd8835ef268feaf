"""Copies what has changed in a run's folder.

A file that only grows is sent piece by piece, each an object of its own; at the end the file is sent whole, and the
pieces go. Any other file is sent whole when it has changed. S3 shows an object all at once or not at all, and the
listing names only what is there.
"""

from __future__ import annotations

import hashlib
import stat
from contextlib import suppress
from pathlib import Path

from loadgen.bucket.listing import NAME, Listing, part
from loadgen.bucket.objects import Objects
from loadgen.errors import TargetError
from loadgen.files import open_regular
from loadgen.record.seconds import FILE

GROWS = FILE
MAPPED = ".counters"  # the workers' ledgers, which change without a new time of change
PIECE = 64 << 20  # bytes of one object, of a file that grows


class Mirror:
    """The copy of `folder`, which need not exist yet. Nothing is read but regular files."""

    def __init__(self, folder: Path, objects: Objects) -> None:
        self._folder, self._objects = folder, objects
        self._files: dict[str, list[str]] = {}
        self._listed: dict[str, list[str]] = {}
        self._seen: dict[str, object] = {}  # what of a file told that it is still the same
        self._sent: dict[str, int] = {}  # bytes, of files that grow

    def begin(self) -> None:
        """Take the place, by an empty listing. Raises Taken if there is a copy already; TargetError."""
        self._objects.put(NAME, Listing().encode(), new=True)

    def copy(self) -> None:
        """Send what has changed since the last time. Raises TargetError; what was sent until then stays, and the next
        time goes on with the rest."""
        for path in sorted(self._folder.rglob("*")):
            with suppress(FileNotFoundError):  # it has got another name, or was thrown away
                if not path.name.startswith(".") and stat.S_ISREG(path.lstat().st_mode):
                    send = self._send_more if path.name == GROWS else self._send_changed
                    send(path.relative_to(self._folder).as_posix(), path)
        if self._files != self._listed:
            self._list(complete=False)

    def finish(self) -> int:
        """Send the rest, and put together what was sent in pieces. Returns the number of files; if there are none, the
        place is free again. Raises TargetError."""
        self.copy()
        if not self._files:
            self._objects.delete(NAME)
            return 0
        pieces = [key for name, objects in self._files.items() for key in objects if key != name]
        for name, objects in self._files.items():
            if objects != [name]:
                with open_regular(self._folder / name) as file:
                    self._objects.put(name, file)
                self._files[name] = [name]
        self._list(complete=True)
        for key in pieces:
            with suppress(TargetError):  # who may not delete keeps them, and nobody reads them
                self._objects.delete(key)
        return len(self._files)

    def _list(self, complete: bool) -> None:
        self._objects.put(NAME, Listing(self._files, complete).encode())
        self._listed = {name: [*objects] for name, objects in self._files.items()}

    def _send_changed(self, name: str, path: Path) -> None:
        status = path.stat()
        seen: object = (status.st_size, status.st_mtime_ns)
        if self._seen.get(name) == seen:
            return
        with open_regular(path) as file:
            content = file.read()
        if path.name.endswith(MAPPED):
            seen = hashlib.sha256(content).digest()
            if self._seen.get(name) == seen:
                return
        self._objects.put(name, content)
        self._seen[name], self._files[name] = seen, [name]

    def _send_more(self, name: str, path: Path) -> None:
        have = self._sent.get(name, 0)
        with open_regular(path) as file:
            file.seek(have)
            while piece := file.read(PIECE):
                self._objects.put(part(name, have), piece)
                self._files.setdefault(name, []).append(part(name, have))
                have += len(piece)
                self._sent[name] = have
