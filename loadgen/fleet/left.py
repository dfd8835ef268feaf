"""What a node that has died left on its disk. It is read by a process of its own, for which a run waits: this module
imports nothing that takes time."""

from __future__ import annotations

import os
import select
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from loadgen.fleet.scratch import holder

LIMIT = 5.0  # seconds for processes to end


def left_in(folder: str) -> dict[int, bytes]:
    """The ledgers of a node's workers, by worker, from the folder of a node that does not answer. It is ended if it
    lives: one that is stopped does not end its workers, and would go on when it is continued."""
    blocks = {}
    with suppress(OSError):
        if node := holder(Path(folder)):
            _end(node)
    for path in sorted(Path(folder).glob("worker-*.counters")):
        with suppress(OSError, ValueError):
            blocks[int(path.stem.partition("-")[2])] = path.read_bytes()
    shutil.rmtree(folder, ignore_errors=True)
    return blocks


def _end(pid: int) -> None:
    """Kill the process and its children, and wait until they have ended: they count until then."""
    watched = []
    for one in (pid, *_children(pid)):
        with suppress(OSError):
            watched.append(os.pidfd_open(one))
    for each in watched:
        with suppress(OSError):
            signal.pidfd_send_signal(each, signal.SIGKILL)
    for each in watched:
        select.select([each], [], [], LIMIT)
        os.close(each)


def _children(pid: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_bytes().rpartition(b")")[2].split()[1]) == pid:
                yield int(path.parent.name)
