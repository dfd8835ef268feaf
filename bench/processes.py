"""Processes, as Linux shows and places them: cores, CPU time, memory, start and end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from loadgen.clock import SECOND

TICK = SECOND // os.sysconf("SC_CLK_TCK")
STOP_LIMIT = 10.0  # seconds
WAKING = 20_000  # ns that a core which sleeps takes at most, as a rule, to take up a process
GONE = (FileNotFoundError, ProcessLookupError)


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where. `rest` is for what should disturb neither; with two cores it is the server's."""

    server: int
    client: int
    rest: frozenset[int]

    def of_worker(self, number: int) -> int:
        """The client's core is the first one's; further ones have the rest, but never the server's core."""
        cores = [self.client, *sorted(self.rest - {self.server}, reverse=True)]
        return cores[number % len(cores)]

    @classmethod
    def of(cls, allowed: Iterable[int]) -> Cores:
        cores = sorted(allowed)
        server, client = cores[0], cores[-1]
        return cls(server, client, frozenset(cores) - {server, client} or frozenset({server}))


@contextmanager
def running(command: list[str], cores: Iterable[int], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` on `cores` in `folder`, its output in /out and /err of it; when the context is left it has ended.

    It is asked to end when this process dies, too, even by SIGKILL. A Python of it imports what is installed, and
    nothing from the current directory; its own children do alike.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PYTHONSAFEPATH"] = "1"
    where = ["taskset", "-c", ",".join(map(str, sorted(cores)))]
    guard = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [*guard, *where, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    pass_on_nice(process.pid)
    try:
        yield process
    finally:
        _end(process)


def pass_on_nice(pid: int) -> None:
    """A session is a group of its own to the scheduler (`sched_autogroup`): within it our nice value holds, but beside
    other sessions only what its group has."""
    if nice := os.nice(0):
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(nice))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_LIMIT)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its own session: what it left behind, and nothing else
    process.wait()


def family(pid: int) -> list[int]:
    """`pid` and its descendants that are alive."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(*GONE):
                found += map(int, children.read_text().split())
    return found


def command_line(pid: int) -> str:
    with suppress(*GONE):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


class Cpu(NamedTuple):
    """CPU time in ns: in the programs themselves, and in the kernel for them."""

    user: int
    kernel: int

    @property
    def total(self) -> int:
        return self.user + self.kernel


def cpu_time(pids: Iterable[int]) -> Cpu:
    """What the processes have spent on CPUs, threads that have ended included; exact to a tick, which is 10 ms."""
    user = kernel = 0
    for pid in pids:
        with suppress(*GONE):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            user, kernel = user + int(fields[11]), kernel + int(fields[12])
    return Cpu(user * TICK, kernel * TICK)


def waited(pid: int) -> int:
    """ns for which the process, which has one thread, could have run but had no CPU, beyond what it takes to wake it; 0
    if the kernel does not say."""
    with suppress(*GONE, ValueError):
        _, delay, times = map(int, Path(f"/proc/{pid}/schedstat").read_text().split())
        return delay - times * WAKING
    return 0


def resident(pid: int) -> int:
    """KiB of memory that the process has. Raises FileNotFoundError if it has ended."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def pin(pid: int, core: int) -> None:
    """Move the process, with all its threads, to `core`."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(*GONE):
            os.sched_setaffinity(int(task.name), {core})
