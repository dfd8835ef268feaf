"""What the machine as a whole tells: stolen time, throttling, ports, descriptors, versions."""

from __future__ import annotations

import os
import platform
import resource
import ssl
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

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
    """CPU time of the host since boot, in clock ticks, and the periods in which a quota stopped this container."""

    total: int
    stolen: int
    throttled: int

    @classmethod
    def read(cls) -> Ticks:
        first = _read("/proc/stat").partition("\n")[0].split()[1:]
        numbers = [int(value) for value in first[:8]]
        return cls(sum(numbers), numbers[7] if len(numbers) == 8 else 0, _throttled())


def _throttled() -> int:
    for path in ("/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"):
        for line in _read(path).splitlines():
            name, _, value = line.partition(" ")
            if name == "nr_throttled":
                return int(value)
    return 0


def cpus() -> int:
    """How many CPUs' worth of time this process may use: its affinity, and a container's quota rounded down to one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, int(quota() or allowed)))


def quota() -> float | None:
    """The container's CPU quota in CPUs, if there is one (cgroup v2, then v1)."""
    fields = _read("/sys/fs/cgroup/cpu.max").split()
    if len(fields) == 2 and fields[0] != "max":
        return int(fields[0]) / int(fields[1])
    quota, period = _read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), _read("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
    if quota.strip() and period.strip() and int(quota) > 0:
        return int(quota) / int(period)
    return None


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


def about() -> dict[str, Any]:
    """What a result says of the machine and the programs that made it."""
    packages = {}
    for name in ("uvloop", "httptools", "aiohttp", "numpy"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "?"
    return {
        "python": platform.python_version(),
        **packages,
        "openssl": ssl.OPENSSL_VERSION,
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpus": cpus(),
        "descriptors": descriptors(),
        "fallbacks": []
        if sys.platform == "linux"
        else ["no timerfd: pacing is a millisecond coarse", "no kernel stamps"],
    }
