"""Puts together what the probes saw over the measured part of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loadgen.clock import SECOND
from loadgen.exchange import Outcome
from loadgen.record.ledger import ITERATIONS, OUTCOMES, STARTED, UNSENT_LIMIT, Ledger
from loadgen.stats import Histogram, fraction
from loadgen.trust.host import Ports, Ticks, descriptors
from loadgen.trust.verdict import Evidence

LEAST_FOR_P999 = 1000
PEAK = 5  # of `transport.CONNECTION_COUNTERS`


@dataclass(frozen=True, slots=True)
class HostFigures:
    """What the host as a whole did during a run: shares from 0 to 1, counts."""

    steal: float = 0.0
    throttled: int = 0
    resting_ports: int = 0
    ports: int = 1


class HostWatch:
    """The host's figures from `begin` on."""

    def begin(self) -> None:
        self._first = Ticks.read()
        self._peak_waiting = Ports.read().time_wait

    def look(self) -> None:
        """Once a second: how many ports rest."""
        self._peak_waiting = max(self._peak_waiting, Ports.read().time_wait)

    def figures(self, loopback: bool) -> HostFigures:
        last, ports = Ticks.read(), Ports.read()
        elapsed = max(1, last.total - self._first.total)
        resting = 0 if loopback and ports.reused_on_loopback else self._peak_waiting
        stolen = (last.stolen - self._first.stolen) / elapsed
        return HostFigures(stolen, last.throttled - self._first.throttled, resting, ports.count)


def evidence_of(
    ledger: Ledger,
    lag: Histogram,
    response: Histogram,
    health: list[dict[str, Any]],
    seen: HostFigures | None = None,
    sandbox: dict[str, Any] | None = None,
) -> Evidence:
    """All that is judged. `health`: the samples of all workers."""
    seen = seen or HostFigures()
    started, limited = (
        sum(ledger.iterations[run * len(ITERATIONS) + field] for run in range(ledger.runs))
        for field in (STARTED, UNSENT_LIMIT)
    )
    resources = sum(ledger.outcomes[slot * OUTCOMES + Outcome.CLIENT_RESOURCE] for slot in range(ledger.slots))
    workers = len({sample["worker"] for sample in health}) or 1
    return Evidence(
        lag_p99=lag.quantile(fraction("p99")),
        lag_p999=lag.quantile(fraction("p99.9")) if lag.count >= LEAST_FOR_P999 else None,
        response_p999=response.quantile(fraction("p99.9")),
        planned=started + limited,
        started=started,
        core_use=_busiest(health),
        loop_lag_p99=_typical(health, "loop_lag_p99"),
        loop_lag_max=max((sample["loop_lag_max"] for sample in health), default=0),
        steal=seen.steal,
        throttled=seen.throttled,
        waiting_for_cpu=_share(health, "run_queue_wait"),
        gc_max=max((sample["gc_max"] for sample in health), default=0),
        gc_share=_share(health, "gc_total"),
        client_resources=resources,
        connections=ledger.connections[PEAK] / (descriptors() * workers),
        ports=(seen.resting_ports + ledger.connections[PEAK]) / seen.ports if seen.ports > 1 else 0.0,
        mismatches=ledger.mismatches(),
        sandbox=sandbox,
    )


def _share(samples: list[dict[str, Any]], name: str) -> float:
    """The share of the time that went into `name`, over all samples."""
    elapsed = sum(sample["elapsed"] for sample in samples)
    return sum(sample[name] for sample in samples) / elapsed if elapsed else 0.0


def _busiest(samples: list[dict[str, Any]]) -> float:
    """The core use of the busiest worker, over its busiest tenth of the whole seconds (one at the least)."""
    use: dict[int, list[float]] = {}
    for sample in samples:
        if sample["elapsed"] > SECOND // 2:
            use.setdefault(sample["worker"], []).append(sample["cpu"] / sample["elapsed"])
    return max((sorted(shares)[-(1 + len(shares) // 10)] for shares in use.values()), default=0.0)


def _typical(samples: list[dict[str, Any]], name: str) -> int:
    """The median over the seconds: a single bad one shows in the maximum."""
    values = sorted(sample[name] for sample in samples)
    return values[len(values) // 2] if values else 0
