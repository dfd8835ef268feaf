"""What is left behind in this process: cycles, descriptors, memory."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WIRE = ("loadgen.transport.wire", "loadgen.transport.pool", "loadgen.net")


@contextmanager
def for_the_collector(modules: tuple[str, ...] = ("",)) -> Iterator[list[str]]:
    """Afterwards the list has the types, of modules that begin so, of what became garbage meanwhile and only the
    collector could free. What was there before is out of its reach: another test's garbage may make more when it ends.
    """
    left: list[str] = []
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield left
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left += sorted({type(item).__qualname__ for item in gc.garbage if type(item).__module__.startswith(modules)})
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()


def descriptors_open() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
