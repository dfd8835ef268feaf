"""What a worker can see of its own health, a sample a second. All of it is readable without privileges."""

from __future__ import annotations

import gc
import resource
from contextlib import suppress
from pathlib import Path
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
    """Watches the loop's lateness, CPU, preemption and garbage collection of this process."""

    def __init__(self, clock: Clock) -> None:
        self._alarm = clock.alarm(self._tick)
        self._late: list[int] = []
        self._pauses: list[int] = []
        self._collecting = 0
        self._next = 0
        gc.callbacks.append(self._on_gc)

    def start(self) -> None:
        self._cpu, self._at, self._waited, self._switches = cpu(), now(), _run_queue_wait(), _preemptions()
        self._pauses.clear()
        self._next = now() + TICK
        self._alarm.set(self._next)

    def sample(self) -> dict[str, Any]:
        """The figures since the last sample: ns, and counts."""
        used, at, waited, switches = cpu(), now(), _run_queue_wait(), _preemptions()
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

    def _tick(self) -> None:
        at = now()
        self._late.append(at - self._next)
        self._next = max(self._next + TICK, at)
        self._alarm.set(self._next)

    def _on_gc(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = now()
        elif self._collecting:
            self._pauses.append(now() - self._collecting)
            self._collecting = 0


def _run_queue_wait() -> int:
    """ns this process waited for a CPU while it could have run."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _preemptions() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
