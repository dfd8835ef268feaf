"""A tool at work, seen from outside: what nginx counts and what the kernel charges, alike for every tool."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.processes import (
    GONE,
    Cores,
    Cpu,
    command_line,
    cpu_time,
    family,
    pass_on_nice,
    pin,
    resident,
    running,
    waited,
)
from bench.servers import Nginx
from bench.tools import Load, Reported, Tool
from loadgen.clock import SECOND, now

BEGUN = 36  # requests and connections, beyond as many connections as a tool may open before its load
BEGIN_LIMIT, END_LIMIT = 90 * SECOND, 60.0  # Ray takes half a minute to start on a busy machine
LOOK = 0.01  # seconds
SETTLING, MIDDLE = 0.125, 0.625  # of a load's time: what is left out at first, and what is then looked at
TAIL = 2  # seconds in which the last look at memory has time


class Failed(Exception):
    """The tool did not make the load, or its report cannot be read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts at one instant; times are ns. `worker_cpu` is what of `client_cpu` was spent on the client's core,
    `server_waited` how long the server had work but not its core."""

    at: int
    requests: int
    connections: int
    client_cpu: Cpu
    worker_cpu: Cpu
    server_cpu: Cpu
    server_waited: int


def between(a: Sample, b: Sample) -> dict[str, float]:
    """What happened from `a` to `b`: rates a second, CPU us a request, and how busy a core was kept, 1 being wholly;
    `server_waited` is for which part of the time the server could not run, but for what of the tool itself may have run
    on its core meanwhile."""
    requests, ns = b.requests - a.requests, b.at - a.at
    connections = b.connections - a.connections
    each = 1e3 * max(1, requests or connections)
    beside = (b.client_cpu.total - a.client_cpu.total) - (b.worker_cpu.total - a.worker_cpu.total)
    return {
        "requests_s": requests / ns * SECOND,
        "connections_s": connections / ns * SECOND,
        "cpu_us": (b.client_cpu.total - a.client_cpu.total) / each,
        "cpu_user_us": (b.client_cpu.user - a.client_cpu.user) / each,
        "cpu_kernel_us": (b.client_cpu.kernel - a.client_cpu.kernel) / each,
        "worker_us": (b.worker_cpu.total - a.worker_cpu.total) / each,
        "client_busy": (b.worker_cpu.total - a.worker_cpu.total) / ns,
        "server_busy": (b.server_cpu.total - a.server_cpu.total) / ns,
        "server_waited": max(0, b.server_waited - a.server_waited - beside) / ns,
    }


class Run:
    """A tool that was started. `workers` are the processes that make the load, known once the load has begun; empty if
    the tool as a whole does."""

    def __init__(self, tool: Tool, process: subprocess.Popen[bytes], server: Nginx, cores: Cores, folder: Path) -> None:
        self._tool, self._process, self._server, self._cores, self._folder = tool, process, server, cores, folder
        self._before = sum(server.served())
        self.workers: list[int] = []

    def begin(self, load: Load) -> None:
        """Wait until the load has begun. A worker is moved to its core as soon as it is born."""
        limit = now() + BEGIN_LIMIT
        while sum(self._server.served()) - self._before < load.connections + BEGUN:
            if self._tool.worker:
                self._place()
            if now() > limit:
                raise Failed(f"made no load within {BEGIN_LIMIT // SECOND} s")
            self._check()
            time.sleep(LOOK)

    def sample(self) -> Sample:
        self._check()
        requests, connections = self._server.served()
        everyone = family(self._process.pid)
        spent = [cpu_time(pids) for pids in (everyone, self.workers or everyone, [self._server.worker])]
        return Sample(now(), requests, connections, *spent, waited(self._server.worker))

    def end(self) -> Reported:
        """Wait for its end, and read its report."""
        try:
            self._process.wait(END_LIMIT)
            return self._tool.read((self._folder / "out").read_text(errors="replace"))
        except (subprocess.TimeoutExpired, LookupError, TypeError, ValueError, ZeroDivisionError) as error:
            raise Failed(f"{error!r}. {self._complaint()}") from error

    def _place(self) -> None:
        for pid in family(self._process.pid):
            pass_on_nice(pid)  # Ray's processes have sessions of their own
            if pid not in self.workers and self._tool.worker in command_line(pid):
                pin(pid, self._cores.of_worker(len(self.workers)))
                self.workers.append(pid)

    def memory(self) -> int:
        """KiB that the tool has in memory."""
        kib = 0
        for pid in family(self._process.pid):
            with suppress(*GONE):
                kib += resident(pid)
        return kib

    def _check(self) -> None:
        if self._process.poll() is not None:
            raise Failed(f"ended too early, with status {self._process.returncode}. {self._complaint()}")

    def _complaint(self) -> str:
        return (self._folder / "err").read_text(errors="replace").strip()[-500:]


@contextmanager
def started(tool: Tool, load: Load, server: Nginx, cores: Cores, folder: Path) -> Iterator[Run]:
    """The tool with `load`, from its start until the context is left. Raises CannotSay."""
    where = cores.rest if tool.worker else {cores.client}
    with running(tool.command(load, folder), where, folder) as process:
        yield Run(tool, process, server, cores, folder)


def speed(run: Run, load: Load) -> dict[str, float]:
    """The load's middle, as nginx and the kernel saw it."""
    run.begin(load)
    time.sleep(load.seconds * SETTLING)
    a = run.sample()
    time.sleep(load.seconds * MIDDLE)
    figures = between(a, run.sample())
    memory = run.memory()
    return figures | ({"kib": memory} if memory else {})


def growth(run: Run, load: Load) -> dict[str, float]:
    """The worker's memory in KiB after each fifth of the load (but for its `TAIL`), and its slope in KiB a minute."""
    run.begin(load)
    first, fifth = run.sample(), (load.seconds - TAIL) * SECOND // 5
    figures: dict[str, float] = {}
    for n in range(1, 6):
        time.sleep(max(0, first.at + n * fifth - now()) / SECOND)
        figures[f"kib_{n}"] = resident(run.workers[0])
    figures["kib_min"] = (figures["kib_5"] - figures["kib_1"]) / (4 * fifth / 60 / SECOND)
    return figures | between(first, run.sample())
