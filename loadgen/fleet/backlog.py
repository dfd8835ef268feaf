"""What workers recorded and is not in the recording yet. A process of its own counts it (`aggregator`), or this one.

A batch is kept until its counts have come, so that it is not lost with that process. It is counted once: a lot (what
came in a second) is either taken from the process's answer or folded here, and then the answer is thrown away. The
process answers in the order in which it is asked. So the number of answers tells which lot one belongs to.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType

from loadgen.fleet.aggregation import Begin, FromAggregator, HandIn, Named, Recorded, ToAggregator
from loadgen.fleet.folder import Folder
from loadgen.fleet.pipe import Pipe
from loadgen.net.children import spawn
from loadgen.record.recorder import Batch, SeriesKey, Timing
from loadgen.record.recording import Recording

BEHIND = 2  # lots that may be without an answer when the next one is handed in, so seconds

Lot = list[tuple[int, Batch]]  # batches, each with its worker's number


class Backlog:
    """Adds counts to `recording`. `counted` is called when all of a lot is in it.

    Everything is folded here until `start`, after the process has died, and while it is behind.
    """

    def __init__(self, recording: Recording, counted: Callable[[], None]) -> None:
        self._recording, self._counted = recording, counted
        self._here = Folder()
        self._open: Lot = []  # what the process was sent since the last lot
        self._lots: deque[Lot] = deque()  # those that it has not answered
        self._ignored = 0  # answers to come for lots that were folded here
        self._pipe: Pipe[ToAggregator, FromAggregator] | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the process."""
        ours, theirs = socket.socketpair()
        end = str(theirs.fileno())
        self.process = spawn(
            "loadgen.fleet.aggregator", end, str(os.getpid()), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        self._pipe = Pipe(loop, ours, self._answered, self._ended)

    def begin(self, origin: int, ahead: Mapping[int, int] = MappingProxyType({})) -> None:
        """The load begins at the instant `origin`. `ahead` is how far the clocks of workers are ahead of this one's."""
        origins = {worker: origin + ns for worker, ns in ahead.items()}
        self._here.origin, self._here.origins = origin, origins
        if self._pipe:
            self._pipe.send(Begin(origin, origins))

    def name(self, worker: int, number: int, key: SeriesKey, timing: Timing) -> None:
        """Take what a series of the worker's batches stands for."""
        self._here.name(worker, number, key, timing)
        if self._pipe:
            self._pipe.send(Named(worker, number, key, timing))

    def add(self, worker: int, batch: Batch) -> None:
        """Take a batch."""
        if self._pipe and not self._ignored:
            self._open.append((worker, batch))
            self._pipe.send(Recorded(worker, batch))
        else:
            self._here.add(worker, batch)

    def hand_in(self) -> None:
        """End a lot. Call this once a second: its counts come at once, or soon."""
        if not self._pipe or self._ignored:
            self._recording.merge(self._here.take())
            self._counted()
            return
        self._pipe.send(HandIn())
        self._lots.append(self._open)
        self._open = []
        if len(self._lots) > BEHIND:
            self._ignored = len(self._lots)
            self._fold_lots()

    def close(self) -> None:
        """End the process, and add what is left, without a call of `counted`."""
        if self.process and self._pipe:
            self.process.kill()
            self._pipe.close()
            self._pipe = None
        self._fold([*self._lots, self._open])
        self._lots.clear()
        self._open = []

    def _answered(self, message: FromAggregator) -> None:
        if self._ignored:
            self._ignored -= 1
            if not self._ignored:  # it has caught up: what comes from now on is for it
                self._recording.merge(self._here.take())
            return
        self._lots.popleft()
        self._recording.merge(message.recording)
        self._counted()

    def _ended(self) -> None:
        """The process has died."""
        self._pipe, self._ignored = None, 0
        self._fold_lots()
        self._fold([self._open])
        self._open = []

    def _fold_lots(self) -> None:
        lots = [*self._lots]
        self._lots.clear()
        self._fold(lots)
        for _ in lots:
            self._counted()

    def _fold(self, lots: list[Lot]) -> None:
        for lot in lots:
            for worker, batch in lot:
                self._here.add(worker, batch)
        self._recording.merge(self._here.take())
