"""Figures of the whole machine: stolen time, throttling, ports, descriptors, versions."""

from __future__ import annotations

import os
import platform
import resource
import ssl
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen import __version__
from loadgen.clock import now, wall
from loadgen.form import FORM

if TYPE_CHECKING:
    from loadgen.result.run import Host

DEFAULT_PORTS = (32768, 60999) if sys.platform == "linux" else (49152, 65535)
TIME_WAIT_SECONDS = 60
UNLIMITED = 1 << 20 if sys.platform == "linux" else 10_240  # descriptors; macOS says unlimited and gives OPEN_MAX
RESERVE = 64  # descriptors a process needs besides its connections


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Ticks:
    """CPU time of the host since boot, in clock ticks; the periods in which a quota stopped this container; the ns in
    which something in it was ready and had no CPU (None if that is not known)."""

    total: int
    stolen: int
    throttled: int
    pressed: int | None = None

    @classmethod
    def read(cls) -> Ticks:
        first = _read("/proc/stat").partition("\n")[0].split()[1:]
        numbers = [int(value) for value in first[:8]]
        return cls(sum(numbers), numbers[7] if len(numbers) == 8 else 0, _throttled(), _pressed())


def _groups(controller: str = "") -> list[str]:
    """The folders of this process's control group and of those around it: of version 2, or of a controller of
    version 1."""
    root = f"/sys/fs/cgroup/{controller}".rstrip("/")
    for line in _read("/proc/self/cgroup").splitlines():
        number, names, path = (*line.split(":", 2), "", "")[:3]
        if controller in names.split(",") and (controller or number == "0"):
            steps = [step for step in path.split("/") if step not in ("", "..")]
            return ["/".join([root, *steps[:depth]]) for depth in range(len(steps), -1, -1)]
    return [root]


def _throttled() -> int:
    """The throttled periods of this group and those around it, each of which may have a quota."""
    stopped = 0
    for folder in (*_groups(), *_groups("cpu")):
        for line in _read(f"{folder}/cpu.stat").splitlines():
            name, _, value = line.partition(" ")
            if name == "nr_throttled":
                stopped += int(value)
    return stopped


def _pressed() -> int | None:
    for path in (f"{_groups()[0]}/cpu.pressure", "/proc/pressure/cpu"):
        for line in _read(path).splitlines():
            if line.startswith("some ") and " total=" in line:
                return 1000 * int(line.rpartition(" total=")[2])
    return None


def steady_offset() -> int:
    """How far the wall clock is ahead of the monotonic clock, in ns: the quickest of a few readings."""
    readings = []
    for _ in range(5):
        before, at, after = now(), wall(), now()
        readings.append((after - before, at - (before + after) // 2))
    return min(readings)[1]


def cpus() -> int:
    """How many CPUs' worth of time this process may use: its affinity, and a container's quota rounded down to one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, int(quota() or allowed)))


def quota() -> float | None:
    """The least CPU quota of the containers that this process is in, in CPUs, if there is one (cgroup v2, and v1)."""
    quotas = []
    for folder in _groups():
        fields = _read(f"{folder}/cpu.max").split()
        if len(fields) == 2 and fields[0] != "max":
            quotas.append(int(fields[0]) / int(fields[1]))
    for folder in _groups("cpu"):
        spent, period = _read(f"{folder}/cpu.cfs_quota_us").strip(), _read(f"{folder}/cpu.cfs_period_us").strip()
        if spent and period and int(spent) > 0:
            quotas.append(int(spent) / int(period))
    return min(quotas, default=None)


def descriptors() -> int:
    """How many descriptors a process may have, once it has raised its limit to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if hard == resource.RLIM_INFINITY else hard


@dataclass(frozen=True, slots=True)
class Ports:
    """Ephemeral ports: how many there are, how many wait in TIME_WAIT, whether loopback takes those again at once."""

    count: int
    time_wait: int
    reused_on_loopback: bool

    @classmethod
    def read(cls) -> Ports:
        bounds = _read("/proc/sys/net/ipv4/ip_local_port_range").split() or [str(port) for port in DEFAULT_PORTS]
        waiting = 0
        for line in _read("/proc/net/sockstat").splitlines():
            if line.startswith("TCP:") and " tw " in line:
                waiting = int(line.split(" tw ")[1].split()[0])
        reuse = _read("/proc/sys/net/ipv4/tcp_tw_reuse").strip()
        return cls(int(bounds[1]) - int(bounds[0]) + 1, waiting, reuse in ("1", "2"))


@dataclass(frozen=True, slots=True)
class Room:
    """What a machine has for connections: the descriptors of a process, and ports."""

    descriptors: int
    ports: Ports

    @classmethod
    def here(cls) -> Room:
        return cls(descriptors(), Ports.read())


def overflows() -> int | None:
    """How often since boot a listener in this network dropped a connect because its queue was full; None if not
    known."""
    lines = [line.split() for line in _read("/proc/net/netstat").splitlines() if line.startswith("TcpExt:")]
    counters = dict(zip(*lines, strict=False)).get("ListenOverflows") if len(lines) == 2 else None
    return int(counters) if counters else None


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def description() -> Host:
    """The machine and the programs that make a result."""
    from loadgen.result.run import Host  # a worker, which imports all else of this, makes no result

    return Host(
        **{package: _version(package) for package in ("uvloop", "httptools", "aiohttp", "numpy")},
        loadgen=__version__,
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION,
        kernel=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpus=cpus(),
        descriptors=descriptors(),
        fallbacks=() if sys.platform == "linux" else ("no timerfd: pacing is a millisecond coarse", "no kernel stamps"),
        form=FORM,
    )
