"""The samples of all workers' probes, added up as they arrive. Memory grows by a few bytes a second."""

from __future__ import annotations

from array import array
from typing import Any

from loadgen.clock import SECOND
from loadgen.record.environments import Environments
from loadgen.trust.network import Network

Sample = dict[str, Any]
SUMMED = ("elapsed", "cpu", "run_queue_wait", "gc_total", "preemptions")
GREATEST = ("loop_lag_max", "gc_max", "rss")


class Health:
    """`add` takes a sample of `probe.Probe` with its `worker` and `second`; the other members give the sums."""

    def __init__(self) -> None:
        self.total = dict.fromkeys(SUMMED, 0)
        self.greatest = dict.fromkeys(GREATEST, 0)
        self.last: dict[int, Sample] = {}  # by worker
        self.idle = array("q")  # how late the workers came to their ticks before the load, in ns
        self.network: Network | None = None  # where the kernel can be asked
        self.environments = Environments()
        self._use: dict[int, array[float]] = {}
        self._lateness = array("q")
        self._pending: list[Sample] = []

    def add(self, sample: Sample) -> None:
        for name in SUMMED:
            self.total[name] += sample[name]
        for name in GREATEST:
            self.greatest[name] = max(self.greatest[name], sample[name])
        self._lateness.append(sample["loop_lag_p99"])
        if sample["elapsed"] > SECOND // 2:  # a part of a second says little about a core
            self._use.setdefault(sample["worker"], array("d")).append(sample["cpu"] / sample["elapsed"])
        if tcp := sample.get("tcp"):
            self.network = self.network or Network()
            self.network.add(tcp)
        if met := sample.get("environments"):
            self.environments.add(met)
        self.last[sample["worker"]] = sample
        self._pending.append(sample)

    def take(self) -> list[Sample]:
        """The samples that came since the last call, to be stored."""
        taken, self._pending = self._pending, []
        return taken

    @property
    def workers(self) -> int:
        return max(1, len(self.last))

    @property
    def in_flight(self) -> int:
        """Iterations that were open in the workers' last samples."""
        return sum(sample["in_flight"] for sample in self.last.values())

    def share(self, name: str) -> float:
        """The share of the workers' time that went into `name`."""
        return float(self.total[name] / self.total["elapsed"]) if self.total["elapsed"] else 0.0

    def busiest(self) -> tuple[int, float] | None:
        """The busiest worker, and its CPU use over its busiest tenth of the seconds (at least one second); None without
        a sample."""
        uses = {worker: sorted(use)[-(1 + len(use) // 10)] for worker, use in self._use.items()}
        return max(uses.items(), key=lambda each: each[1], default=None)

    def preempted(self) -> float:
        """How often a second a worker was preempted, on average."""
        return self.total["preemptions"] * SECOND / self.total["elapsed"] if self.total["elapsed"] else 0.0

    def lateness(self) -> int:
        """The p99 of the loop's lateness in a median second, in ns. A single bad second shows in `greatest`."""
        return sorted(self._lateness)[len(self._lateness) // 2] if self._lateness else 0
