"""What a node that has died left on its disk. It is read by a process of its own, for which a run waits: this module
imports nothing that takes time."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path


def left_in(folder: str) -> dict[int, bytes]:
    """The ledgers of a node's workers, by worker, from the folder of a node that has died. They have died with it."""
    blocks = {}
    for path in sorted(Path(folder).glob("worker-*.counters")):
        with suppress(OSError, ValueError):
            blocks[int(path.stem.partition("-")[2])] = path.read_bytes()
    shutil.rmtree(folder, ignore_errors=True)
    return blocks
