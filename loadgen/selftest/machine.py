"""The machine: its identity, its clocks, its limits. All of this is read, not measured under load."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import loadgen
from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.net.timerfd import PRECISE, lower_timer_slack
from loadgen.result.selftest import ClockCheck, Machine, MachineLimits, Ports, TimerSlack
from loadgen.trust import host

CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
BOOT = "/proc/sys/kernel/random/boot_id"
SLACK = "/proc/self/timerslack_ns"
READS = 2000
SLEWED = 500e-6  # NTP may slew a clock by so much (seconds per second) without a step
UNSURE = MILLISECOND  # the uncertainty of one reading of both clocks


def fingerprint() -> Machine:
    """The machine and the versions that a self-test holds for."""
    return Machine(
        cpu=_cpu_model(),
        cpus=host.cpus(),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        loadgen=loadgen.__version__,
    )


def boot() -> str | None:
    """The number of this start of the system, the same in all of its containers; None if there is none."""
    return _read(BOOT).strip() or None


def _cpu_model() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return " ".join(value.split())
    return platform.processor() or platform.machine()


def limits() -> MachineLimits:
    """The limits of the machine; None for those that the system does not report."""
    ports = host.Ports.read()
    slack = _slack()
    lower_timer_slack()
    in_a_worker = _slack()
    return MachineLimits(
        cpus=host.cpus(),
        cpus_of_the_machine=os.cpu_count(),
        quota=host.quota(),
        descriptors=host.descriptors(),
        ports=Ports(ports.count, ports.time_wait, ports.reused_on_loopback),
        timer="timerfd" if PRECISE else "event loop",
        timer_slack_ns=TimerSlack(slack, in_a_worker) if slack is not None and in_a_worker is not None else None,
        load_average=os.getloadavg()[0],
    )


def _slack() -> int | None:
    with suppress(ValueError):
        return int(_read(SLACK))
    return None


class Clocks:
    """The monotonic clock, which all times are taken from, and how the wall clock, which the kernel's stamps are taken
    from, moves against it. It begins when it is made."""

    def __init__(self) -> None:
        self._began = self._at = now()
        self._first = self._offset = host.steady_offset()
        self._steps = [0]

    def look(self) -> None:
        """Compare both clocks. This is to be called now and then: a jump of the wall clock between two calls is a
        step."""
        at, offset = now(), host.steady_offset()
        moved = offset - self._offset
        if abs(moved) > UNSURE + SLEWED * (at - self._at):
            self._steps.append(moved)
        self._at, self._offset = at, offset

    def check(self) -> ClockCheck:
        """The result of all comparisons, of which the last is made now."""
        self.look()
        return ClockCheck(
            source=_read(CLOCK_SOURCE).strip() or None,
            resolution_ns=_resolution(),
            steps=len(self._steps) - 1,
            largest_step_ms=max(map(abs, self._steps)) / MILLISECOND,
            drift_ms=(self._offset - self._first - sum(self._steps)) / MILLISECOND,
            seconds=(self._at - self._began) / SECOND,
        )


def _resolution() -> int:
    """The smallest difference between two readings of the clock in ns, which is also the most that a reading costs."""
    readings = [now() for _ in range(READS)]
    return min(b - a for a, b in pairwise(readings) if b > a)


def _read(path: str) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return Path(path).read_text()
    return ""
