"""Puts together what the probes saw over the measured part of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loadgen.exchange import Outcome
from loadgen.record.ledger import ITERATIONS, OUTCOMES, STARTED, UNSENT_LIMIT, Ledger
from loadgen.stats import Histogram, fraction
from loadgen.trust.health import Health
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
    health: Health,
    seen: HostFigures | None = None,
    sandbox: dict[str, Any] | None = None,
) -> Evidence:
    """All that is judged."""
    seen = seen or HostFigures()
    started, limited = (
        sum(ledger.iterations[run * len(ITERATIONS) + field] for run in range(ledger.runs))
        for field in (STARTED, UNSENT_LIMIT)
    )
    resources = sum(ledger.outcomes[slot * OUTCOMES + Outcome.CLIENT_RESOURCE] for slot in range(ledger.slots))
    return Evidence(
        lag_p99=lag.quantile(fraction("p99")),
        lag_p999=lag.quantile(fraction("p99.9")) if lag.count >= LEAST_FOR_P999 else None,
        response_p999=response.quantile(fraction("p99.9")),
        planned=started + limited,
        started=started,
        core_use=health.core_use(),
        loop_lag_p99=health.lateness(),
        loop_lag_max=health.greatest["loop_lag_max"],
        steal=seen.steal,
        throttled=seen.throttled,
        waiting_for_cpu=health.share("run_queue_wait"),
        gc_max=health.greatest["gc_max"],
        gc_share=health.share("gc_total"),
        client_resources=resources,
        connections=ledger.connections[PEAK] / (descriptors() * health.workers),
        ports=(seen.resting_ports + ledger.connections[PEAK]) / seen.ports if seen.ports > 1 else 0.0,
        mismatches=ledger.mismatches(),
        sandbox=sandbox,
    )
