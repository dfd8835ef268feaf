"""Collects what the probes measured over the measured part of a run."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from loadgen.clock import MILLISECOND, now
from loadgen.exchange import Outcome
from loadgen.net.counters import CLOSED_IDLE, PEAK
from loadgen.record.ledger import ITERATIONS, OUTCOMES, STARTED, UNSENT_LIMIT, Ledger
from loadgen.record.share import Part, Shares
from loadgen.result.resolution import Resolution
from loadgen.stats import Histogram, fraction
from loadgen.trust.evidence import Evidence
from loadgen.trust.figure import JUDGED, Asked, Place, figures_of
from loadgen.trust.health import Health
from loadgen.trust.host import Ports, Ticks, descriptors, overflows, steady_offset
from loadgen.trust.idle import resolution_of

LEAST_FOR_P999 = 1000
LEAST_FOR_P99 = 100  # a phase with fewer is judged with all the others only
_P99, _P999 = fraction("p99"), fraction("p99.9")
WINDOW = 10  # seconds
LEAST_DUE = 100  # iterations in them, for a share that was not started to mean anything
SLEW = 500  # ns in a millisecond: as much as a clock is moved to keep its time


@dataclass(slots=True)
class Tail:
    """The exchanges of one run of a phase: how late all of them left; how late the answers of ok exchanges were read;
    how long these took, from due or, in a closed load, from the first action; how long they waited for a connection,
    looked names up and connected. By step it has the parts of their time and of the timeouts' time."""

    lag: Histogram = field(default_factory=Histogram)
    delay: Histogram = field(default_factory=Histogram)
    whole: Histogram = field(default_factory=Histogram)
    wait: Histogram = field(default_factory=Histogram)
    dns: Histogram = field(default_factory=Histogram)
    connect: Histogram = field(default_factory=Histogram)
    steps: dict[Place, Shares] = field(default_factory=dict)


class Late(NamedTuple):
    """A lateness: its p99 and p99.9, and the p99.9 of the times that contain it."""

    p99: int | None = None
    p999: int | None = None
    whole: int | None = None

    @classmethod
    def of(cls, late: Histogram, whole: Histogram) -> Late:
        p999 = late.quantile(_P999) if late.count >= LEAST_FOR_P999 else None
        return cls(late.quantile(_P99), p999, whole.quantile(_P999))


@dataclass(frozen=True, slots=True)
class Session:
    """How the profile shares connections, its cap on them, the parts that are its own doing, and whether its client is
    one of which the user asks what it costs."""

    shared: bool = True
    cap: int | None = None
    asked: Mapping[Part, str] = field(default_factory=dict)
    client_asked: bool = False


@dataclass(frozen=True, slots=True)
class HostFigures:
    """The host's figures during a run: shares from 0 to 1, counts; None if the host does not report it."""

    steal: float | None = None
    throttled: int | None = None
    resting_ports: int = 0
    ports: int | None = None
    pressure: float | None = None
    clock_step: int | None = None
    missing: float = 0.0
    overflows: int | None = None


class HostWatch:
    """The host's figures since it was made, or since `begin`; and second by second how much of the planned load was
    started."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count from now on: what happened while the processes started is none of the load."""
        self._first = Ticks.read()
        self._peak_waiting = Ports.read().time_wait
        self._begun = self._looked = now()
        self._offset, self._step = steady_offset(), 0
        self._held = deque([(0, 0)], maxlen=WINDOW + 1)
        self._missing = 0.0
        self._overflows = overflows()

    def look(self, totals: Ledger) -> None:
        """Call once a second: counts ports in TIME_WAIT, clock steps and iterations that could not be started."""
        self._peak_waiting = max(self._peak_waiting, Ports.read().time_wait)
        at, offset = now(), steady_offset()
        moved = abs(offset - self._offset) - (at - self._looked) * SLEW // MILLISECOND
        self._step = max(self._step, moved)
        self._looked, self._offset = at, offset
        self._held.append(_due(totals))
        if len(self._held) > WINDOW:
            started, limited = (last - first for first, last in zip(self._held[0], self._held[-1], strict=True))
            if started + limited >= LEAST_DUE:
                self._missing = max(self._missing, limited / (started + limited))

    def figures(self, loopback: bool) -> HostFigures:
        last, ports = Ticks.read(), Ports.read()
        resting = 0 if loopback and ports.reused_on_loopback else self._peak_waiting
        dropped = None if (many := overflows()) is None else many - (self._overflows or 0)
        figures = HostFigures(None, None, resting, ports.count, None, self._step, self._missing, dropped)
        if not last.total:
            return figures
        stolen = (last.stolen - self._first.stolen) / max(1, last.total - self._first.total)
        throttled, pressure = last.throttled - self._first.throttled, None
        if last.pressed is not None and self._first.pressed is not None:
            pressure = (last.pressed - self._first.pressed) / max(1, now() - self._begun)
        return replace(figures, steal=stolen, throttled=throttled, pressure=pressure)


# the signal that shows each figure of a machine; empty: one that is about all of them
SIGNALS_OF_HOST = {
    "steal": "steal",
    "throttled": "quota",
    "pressure": "CPU pressure",
    "clock_step": "clock",
    "missing": "",
    "overflows": "",
}


def worst_of(figures: Mapping[int, HostFigures]) -> tuple[HostFigures, dict[str, int]]:
    """The worst of each figure of several nodes, and by the name of its signal the node that it is of."""
    worst, of = HostFigures(), dict[str, int]()
    for name, signal in SIGNALS_OF_HOST.items():
        known = {number: value for number, each in figures.items() if (value := getattr(each, name)) is not None}
        if known:
            most = max(known, key=lambda number: known[number])
            of |= {signal: most} if signal else {}
            worst = replace(worst, **{name: known[most]})
    if ports := {number: each for number, each in figures.items() if each.ports}:
        of["ports"] = max(ports, key=lambda number: ports[number].resting_ports / (ports[number].ports or 1))
        fullest = ports[of["ports"]]
        worst = replace(worst, resting_ports=fullest.resting_ports, ports=fullest.ports)
    return worst, of


def _due(totals: Ledger) -> tuple[int, int]:
    """How many iterations were started, and how many could not be."""
    rows = range(0, totals.runs * len(ITERATIONS), len(ITERATIONS))
    return sum(totals.iterations[row + STARTED] for row in rows), sum(
        totals.iterations[row + UNSENT_LIMIT] for row in rows
    )


def evidence_of(
    ledger: Ledger,
    tails: list[Tail],
    health: Health,
    host: HostFigures | None = None,
    sandbox: dict[str, Any] | None = None,
    session: Session | None = None,
    resolution: Resolution | None = None,
    *,
    quantiles: Sequence[str] = JUDGED,
    asked: Sequence[Asked] = (),
) -> Evidence:
    """All that is judged. `tails` are those of the measured runs of phases. `resolution` is that of the self-test, if
    there is one of this machine; else it follows from the workers' ticks before the load. `quantiles` are those that a
    result shows, `asked` the figures that something depends on."""
    host, session = host or HostFigures(), session or Session()
    lag, delay = _worst([(t.lag, t.whole) for t in tails]), _worst([(t.delay, t.whole) for t in tails])
    wait, dns, connects = (Histogram.together(getattr(tail, of) for tail in tails) for of in ("wait", "dns", "connect"))
    started, limited = _due(ledger)
    resources = sum(ledger.outcomes[slot * OUTCOMES + Outcome.CLIENT_RESOURCE] for slot in range(ledger.slots))
    resolution = resolution or resolution_of(health.idle)
    steps = (step for tail in tails for step in tail.steps.items())
    busiest, core_use = health.busiest() or (None, None)
    return Evidence(
        resolution=resolution,
        figures=tuple(figures_of(steps, quantiles, asked, session.asked, resolution)),
        lag_p99=lag.p99,
        lag_p999=lag.p999,
        response_p999=lag.whole,
        planned=started + limited,
        started=started,
        missing=host.missing,
        core_use=core_use,
        busiest=busiest,
        loop_lag_p99=health.lateness(),
        loop_lag_max=health.greatest["loop_lag_max"],
        steal=host.steal,
        throttled=host.throttled,
        waiting_for_cpu=health.share("run_queue_wait"),
        preemptions=health.preempted(),
        pressure=host.pressure,
        clock_step=host.clock_step,
        gc_max=health.greatest["gc_max"],
        gc_share=health.share("gc_total"),
        client_resources=resources,
        connections=ledger.connections[PEAK] / (descriptors() * health.workers),
        ports=(host.resting_ports + ledger.connections[PEAK]) / host.ports if host.ports else None,
        mismatches=ledger.mismatches(),
        sandbox=sandbox,
        delay_p99=delay.p99,
        delay_p999=delay.p999,
        delayed_p999=delay.whole,
        capped=session.cap,
        client_asked=session.client_asked,
        shared=session.shared,
        wait_p99=wait.quantile(_P99),
        closed_idle=ledger.connections[CLOSED_IDLE],
        dns_max=dns.most or None,
        network=health.network,
        overflows=host.overflows,
        connects=connects,
    )


def _worst(parts: list[tuple[Histogram, Histogram]]) -> Late:
    """The worst lateness of all phases together and of each that is large enough, so that a short phase is not lost
    among long ones."""
    late, whole = Histogram.together(part for part, _ in parts), Histogram.together(times for _, times in parts)
    lates = [*(Late.of(*part) for part in parts if part[0].count >= LEAST_FOR_P99), Late.of(late, whole)]
    return max(lates, key=_weight)


def _weight(late: Late) -> float:
    """The lateness relative to its INVALID limit."""
    if late.p99 is None:
        return -1.0
    return (late.p99 if late.p999 is None else late.p999) / max(5 * MILLISECOND, (late.whole or 0) // 20)
