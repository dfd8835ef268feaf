"""Puts together what the probes saw over the measured part of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from loadgen.exchange import Outcome
from loadgen.record.ledger import ITERATIONS, OUTCOMES, STARTED, UNSENT_LIMIT, Ledger
from loadgen.stats import Histogram, fraction
from loadgen.trust.health import Health
from loadgen.trust.host import Ports, Ticks, descriptors
from loadgen.trust.verdict import Evidence, Verdict, lateness

LEAST_FOR_P999 = 1000
LEAST_FOR_P99 = 100  # a phase with fewer is judged with all the others only
_NO_LATENESS = (Verdict.VALID, -1.0)
_P99, _P999 = fraction("p99"), fraction("p99.9")
PEAK = 5  # of `transport.CONNECTION_COUNTERS`


@dataclass(slots=True)
class Tail:
    """Of the exchanges of one run of a phase: how late all of them left, how late the answers of the ok ones were read,
    and how long those took, from due or, in a closed load, from the first action."""

    lag: Histogram = field(default_factory=Histogram)
    delay: Histogram = field(default_factory=Histogram)
    whole: Histogram = field(default_factory=Histogram)


class Late(NamedTuple):
    """A lateness: its p99 and p99.9, and the p99.9 of the times that it is a part of."""

    p99: int | None = None
    p999: int | None = None
    whole: int | None = None

    @classmethod
    def of(cls, late: Histogram, whole: Histogram) -> Late:
        p999 = late.quantile(_P999) if late.count >= LEAST_FOR_P999 else None
        return cls(late.quantile(_P99), p999, whole.quantile(_P999))


@dataclass(frozen=True, slots=True)
class HostFigures:
    """What the host as a whole did during a run: shares from 0 to 1, counts; None for what it does not tell."""

    steal: float | None = None
    throttled: int | None = None
    resting_ports: int = 0
    ports: int | None = None


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
        resting = 0 if loopback and ports.reused_on_loopback else self._peak_waiting
        if not last.total:
            return HostFigures(None, None, resting, ports.count)
        stolen = (last.stolen - self._first.stolen) / max(1, last.total - self._first.total)
        return HostFigures(stolen, last.throttled - self._first.throttled, resting, ports.count)


def evidence_of(
    ledger: Ledger,
    tails: list[Tail],
    health: Health,
    seen: HostFigures | None = None,
    sandbox: dict[str, Any] | None = None,
) -> Evidence:
    """All that is judged. `tails` are those of the measured runs of phases."""
    seen = seen or HostFigures()
    lag, delay = _worst([(t.lag, t.whole) for t in tails]), _worst([(t.delay, t.whole) for t in tails])
    started, limited = (
        sum(ledger.iterations[run * len(ITERATIONS) + field] for run in range(ledger.runs))
        for field in (STARTED, UNSENT_LIMIT)
    )
    resources = sum(ledger.outcomes[slot * OUTCOMES + Outcome.CLIENT_RESOURCE] for slot in range(ledger.slots))
    return Evidence(
        lag_p99=lag.p99,
        lag_p999=lag.p999,
        response_p999=lag.whole,
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
        ports=(seen.resting_ports + ledger.connections[PEAK]) / seen.ports if seen.ports else None,
        mismatches=ledger.mismatches(),
        sandbox=sandbox,
        delay_p99=delay.p99,
        delay_p999=delay.p999,
        delayed_p999=delay.whole,
    )


def _worst(parts: list[tuple[Histogram, Histogram]]) -> Late:
    """Of all phases together, and of each that is large enough, where the lateness weighs most: a short phase would
    otherwise be lost among long ones."""
    late, whole = Histogram(), Histogram()
    for part, times in parts:
        late.add(part)
        whole.add(times)
    found = [*(Late.of(*part) for part in parts if part[0].count >= LEAST_FOR_P99), Late.of(late, whole)]
    return max(found, key=lambda of: lateness(of.p99, of.p999, of.whole) if of.p99 is not None else _NO_LATENESS)
