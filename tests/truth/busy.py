"""A worker that is busy with something else from time to time. The worker itself is as it is."""

from __future__ import annotations

import os
from pathlib import Path

from loadgen.clock import MILLISECOND

HOOK = """
import sys

if "loadgen.fleet.worker" in sys.orig_argv:
    import time

    import uvloop

    made = uvloop.new_event_loop

    def new_event_loop():
        loop = made()

        def busy():
            until = time.monotonic_ns() + {busy_ns}
            while time.monotonic_ns() < until:
                pass
            loop.call_later({every_s}, busy)

        loop.call_later({every_s}, busy)
        return loop

    uvloop.new_event_loop = new_event_loop
"""  # a sitecustomize; what it goes by is in it, since a worker gets no variable that it does not need


def busy(folder: Path, busy_ms: float, every_s: float) -> dict[str, str]:
    """The environment of a program whose workers are busy for so long, so often. `folder` takes what makes them so."""
    (folder / "sitecustomize.py").write_text(HOOK.format(busy_ns=round(busy_ms * MILLISECOND), every_s=every_s))
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}
