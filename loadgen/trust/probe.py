"""What a worker measures of its own health, a sample a second. None of it needs privileges."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from loadgen.clock import MILLISECOND, Clock, cpu, now
from loadgen.stats import Histogram, fraction
from loadgen.trust.host import descriptors

_P99 = fraction("p99")
TICK = 10 * MILLISECOND  # how often the loop's own lateness is looked at


def raise_descriptor_limit() -> int:
    """Let this process open as many descriptors as it may; returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if (wanted := descriptors()) > soft:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft


class Probe:
    """Watches the loop's lateness, CPU, preemption and garbage collection of this process.

    `built` returns how long the client has so far been making clients and sessions that the profile asks for. That time
    has a metric of its own. It delays other requests only as `lag` shows, and counts neither as a stall nor as garbage
    collection.
    """

    def __init__(self, clock: Clock, built: Callable[[], int] | None = None) -> None:
        self._built = built or _nothing
        self._counted = 0  # of it, at the last tick
        self._alarm = clock.alarm(self._tick)
        self._late: list[int] = []
        self._pauses: list[int] = []
        self._collecting = self._built_before = 0
        self._next = 0
        self._schedstat = _open("/proc/self/schedstat")  # once: descriptors may run out during the load
        gc.callbacks.append(self._on_gc)

    def start(self) -> None:
        self._cpu, self._at, self._waited, self._switches = cpu(), now(), self._run_queue_wait(), _preemptions()
        self._pauses.clear()
        self._next = now() + TICK
        self._alarm.set(self._next)

    def sample(self) -> dict[str, Any]:
        """The figures since the last sample: ns, and counts."""
        used, at, waited, switches = cpu(), now(), self._run_queue_wait(), _preemptions()
        late = Histogram.of(np.array(self._late, np.int64))
        figures = {
            "elapsed": at - self._at,
            "cpu": used - self._cpu,
            "run_queue_wait": waited - self._waited,
            "preemptions": switches - self._switches,
            "loop_lag_p99": late.quantile(_P99) or 0,
            "loop_lag_max": late.most,
            "gc_pauses": len(self._pauses),
            "gc_total": sum(self._pauses),
            "gc_max": max(self._pauses, default=0),
            "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
        self._cpu, self._at, self._waited, self._switches = used, at, waited, switches
        self._late.clear()
        self._pauses.clear()
        return figures

    def _run_queue_wait(self) -> int:
        """ns that this process waited for a CPU while it could have run; 0 if the system does not report it."""
        return 0 if self._schedstat is None else int(os.pread(self._schedstat, 128, 0).split()[1])

    def _tick(self) -> None:
        at = now()
        built, counted = self._built(), self._counted
        self._counted = built
        self._late.append(max(0, at - self._next - (built - counted)))
        self._next = max(self._next + TICK, at)
        self._alarm.set(self._next)

    def _on_gc(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting, self._built_before = now(), self._built()
        elif self._collecting:
            self._pauses.append(max(0, now() - self._collecting - (self._built() - self._built_before)))
            self._collecting = 0


def _nothing() -> int:
    return 0


def _open(path: str) -> int | None:
    """A descriptor that is this process's as long as it lives; None if there is no such file."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _preemptions() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
