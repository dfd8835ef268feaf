"""What a client leaves behind in its process: cycles, descriptors, memory."""

from __future__ import annotations

import gc
import os
from pathlib import Path

CLIENT = ("loadgen.transport.wire", "loadgen.transport.pool", "loadgen.net")


def cycles() -> list[str]:
    """The types of the wire client's objects that only the collector could free."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        found = [type(item) for item in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    return sorted({kind.__qualname__ for kind in found if kind.__module__.startswith(CLIENT)})


def descriptors_open() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
