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

from loadgen.clock import SECOND

TICK = SECOND // os.sysconf("SC_CLK_TCK")
STOP_LIMIT = 10.0  # seconds
GONE = (FileNotFoundError, ProcessLookupError)


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where. `rest` is for what should disturb neither; with two cores it is the server's."""

    server: int
    client: int
    rest: frozenset[int]

    @classmethod
    def of(cls, allowed: Iterable[int]) -> Cores:
        cores = sorted(allowed)
        server, client = cores[0], cores[-1]
        return cls(server, client, frozenset(cores) - {server, client} or frozenset({server}))


@contextmanager
def running(command: list[str], cores: Iterable[int], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` on `cores`, its output in `folder`/out and /err; when the context is left it has ended.

    It is asked to end when this process dies, too, even by SIGKILL.
    """
    where = ["taskset", "-c", ",".join(map(str, sorted(cores)))]
    guard = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [*guard, *where, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
    try:
        yield process
    finally:
        _end(process)


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


def cpu_time(pids: Iterable[int]) -> int:
    """ns that the processes have spent on CPUs, threads that have ended included; exact to a tick, which is 10 ms."""
    ticks = 0
    for pid in pids:
        with suppress(*GONE):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK


def resident(pid: int) -> int:
    """KiB of memory that the process has. Raises FileNotFoundError if it has ended."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def pin(pid: int, core: int) -> None:
    """Move the process, with all its threads, to `core`."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(*GONE):
            os.sched_setaffinity(int(task.name), {core})
