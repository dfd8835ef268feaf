"""Folds what workers recorded, and packs it as the parent writes it. This process runs while nobody else
wants the CPU.

This takes milliseconds at once. In the parent, which has to answer signals and wake up in time, they would be taken
from whoever is on that CPU: a worker, or a target on this machine.

Run it as `python -m loadgen.fleet.aggregator FD PARENT`, where descriptor FD is its end of a socket pair.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress
from typing import Any, assert_never

from loadgen.fleet.aggregation import Begin, Counted, FromAggregator, HandIn, Named, Recorded, ToAggregator
from loadgen.fleet.folder import Folder
from loadgen.fleet.pipe import Pipe
from loadgen.net.memory import keep
from loadgen.net.timerfd import die_with_parent


class Aggregator:
    """Has what it counted since it last handed in, and nothing else: who started it keeps the batches until then."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        self.over = loop.create_future()
        loop.set_exception_handler(self._failed)
        self._pipe: Pipe[FromAggregator, ToAggregator] = Pipe(loop, sock, self._received, self._orphaned)
        self._folder = Folder()

    def _received(self, message: ToAggregator) -> None:
        match message:
            case Recorded(worker, batch):
                self._folder.add(worker, batch)
            case Named(worker, number, key, timing):
                self._folder.name(worker, number, key, timing)
            case HandIn():
                recording = self._folder.take()
                recording.pieces = recording.packed()
                self._pipe.send(Counted(recording))
            case Begin(origin, origins):
                self._folder.origin, self._folder.origins = origin, origins
            case _:
                assert_never(message)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Whoever started it then folds these batches itself, and tells of the mistake."""
        self._orphaned()

    def _orphaned(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


def give_way() -> None:
    """Let this process run only while nobody else wants the CPU; where the system does not allow that, last of all.

    There is no way back from this without privileges, and what it starts would inherit it. It starts nothing.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        with suppress(OSError):
            os.nice(19)


def main() -> None:
    sock = socket.socket(fileno=int(sys.argv[1]))
    die_with_parent(int(sys.argv[2]))
    give_way()
    keep()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(Aggregator(loop, sock).over)
    os._exit(0)  # nothing is left to be saved


if __name__ == "__main__":
    main()
