"""The list of a copy: which files it has, and of which objects each is put together.

It is the last object that is written each time, so that a reader finds all that it names. `complete` says that nothing
will follow.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Self

SCHEMA = "loadgen.copy/1"
NAME = "copy.json"
LIMIT = 16 << 20  # bytes
_PART = re.compile(r"\.\d{12}")


@dataclass(frozen=True, slots=True)
class Listing:
    """`files`: by each file's name in the folder, the objects whose contents one after the other are the file's."""

    files: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = False

    def encode(self) -> bytes:
        return (json.dumps({"schema": SCHEMA, "complete": self.complete, "files": self.files}) + "\n").encode()

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Raises ValueError for what loadgen did not write: anybody may have put it there."""
        known: Any = json.loads(content)
        if not isinstance(known, dict) or known.get("schema") != SCHEMA or not isinstance(known.get("files"), dict):
            raise ValueError(f"not of schema {SCHEMA}")
        files: dict[str, list[str]] = known["files"]
        for name, objects in files.items():
            if not _is_inside(name) or not isinstance(objects, list):
                raise ValueError("it names a file that no run has")
            if not all(isinstance(key, str) and _is_of(name, key) for key in objects):
                raise ValueError("it names an object of another file")
        return cls(files, known.get("complete") is True)


def part(name: str, offset: int) -> str:
    """The key of the object that holds a file's bytes from `offset` on."""
    return f"{name}.{offset:012d}"


def _is_of(name: str, key: str) -> bool:
    return key == name or (key.startswith(name) and _PART.fullmatch(key[len(name) :]) is not None)


def _is_inside(name: str) -> bool:
    """Whether it is the name of a file below a folder, and of nothing else."""
    parts = name.split("/")
    return name.isprintable() and name == PurePosixPath(name).as_posix() and not {"", ".", ".."} & {*parts}
