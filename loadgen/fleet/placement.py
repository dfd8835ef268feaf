"""Where workers run: what a group needs of a place, and this machine as one."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from loadgen.clock import MILLISECOND
from loadgen.engine.plan import Plan
from loadgen.fleet.messages import Assignment, FromWorker, ToWorker
from loadgen.fleet.pipe import Pipe
from loadgen.net.children import spawn
from loadgen.record.ledger import Ledger


class Process(Protocol):
    """A worker's process, as `subprocess.Popen` has it. `pid` is 0 for one on another machine."""

    pid: int

    def kill(self) -> None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        ...


class Mouthpiece(Protocol):
    """What carries messages to a worker."""

    def send(self, message: ToWorker) -> None: ...

    def close(self) -> None: ...


def _same_clock() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Placed:
    """A worker that was started. `ledger` is written by it, or follows what it writes. `ahead` tells how far the clock
    of its machine is ahead of this one's, in ns."""

    process: Process
    pipe: Mouthpiece
    ledger: Ledger
    ahead: Callable[[], int] = _same_clock


class Placement(Protocol):
    """Starts workers."""

    @property
    def head_start(self) -> int:
        """How long a word needs at the most to reach every worker, in ns."""
        ...

    def place(
        self, work: Assignment, plan: Plan, received: Callable[[FromWorker], None], ended: Callable[[], None]
    ) -> Placed:
        """Start a worker. `received` is called with each of its messages, `ended` when there will be no more."""
        ...


class Local:
    """Processes of this machine. `cpus` are the CPUs that they may use; none: any."""

    head_start = 50 * MILLISECOND

    def __init__(self, cpus: frozenset[int] = frozenset()) -> None:
        self._cpus = cpus

    def place(
        self, work: Assignment, plan: Plan, received: Callable[[FromWorker], None], ended: Callable[[], None]
    ) -> Placed:
        ledger = Ledger.in_file(work.ledger, len(plan.all_runs), plan.slots)
        ours, theirs = socket.socketpair()
        end = theirs.fileno()
        process = spawn("loadgen.fleet.worker", str(end), str(os.getpid()), pass_fds=[end], stdin=subprocess.DEVNULL)
        theirs.close()
        if self._cpus:
            with suppress(OSError):  # it may have ended
                os.sched_setaffinity(process.pid, self._cpus)
        pipe: Pipe[ToWorker, FromWorker] = Pipe(asyncio.get_running_loop(), ours, received, ended)
        pipe.send(work)
        return Placed(process, pipe, ledger)
