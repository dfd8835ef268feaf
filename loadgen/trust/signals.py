"""The table of signals: what each is, and its limits. docs/signals.md has the same table; a test compares them. Report
has the sentences: what was observed, why it matters, what to do.

The limits come from the gates of comparable tools and from the queueing study behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadgen.clock import MILLISECOND as MS
from loadgen.clock import SECOND
from loadgen.record.metrics import WAITED
from loadgen.result.reason import Reason
from loadgen.trust.evidence import Evidence
from loadgen.trust.finding import UNKNOWN, Finding, Limit, Verdict, in_ms
from loadgen.trust.network import retried

SMALL = ", and > 1/50 of the response's p99.9"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was observed of a signal, and a number for each of its limits (None: not known, or does not matter)."""

    observed: Reason
    figures: tuple[float | None, ...] = ()
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """A row of the table. Two signals of three explain this machine's share of the figures, and are no worse than it.

    `alone`: it changes figures in a way that the share does not show, and so can make a run INVALID by itself.
    `bounds`: it explains the share, but may also have limited the load, which no share shows. `symptom`: it says how
    late things were, and not why. `longer`: it only makes times longer. `counts`: it changes the counts of requests as
    well. `of_client`: it is what the client costs, and tells nothing against a run with a client of which the user asks
    that.
    """

    name: str
    what: str
    limits: tuple[Limit, ...]
    alone: bool
    look: Callable[[Evidence], Observation | None]  # None: there is nothing to look at
    bounds: bool = False
    symptom: bool = False
    longer: bool = False
    counts: bool = False
    of_client: bool = False

    def judge(self, evidence: Evidence, most: Verdict) -> Finding | None:
        """The finding. `most` is the worst verdict of a signal that does not stand alone. If such a signal is beyond a
        limit but may not say so, it is noted."""
        observation = self.look(evidence)
        if observation is None:
            return None
        if self.of_client and evidence.client_asked:
            most = Verdict.VALID
        measured = zip(self.limits, observation.figures, strict=False)
        limits = max((limit.grade(of) for limit, of in measured if of is not None), default=Verdict.VALID)
        if self.bounds:
            most = max(most, Verdict.DEGRADED)
        allowed = limits if self.alone else min(limits, most)
        noted = observation.noted or bool(limits and not allowed)
        node = evidence.of_node.get(self.name)
        return Finding(self.name, observation.observed, allowed, limits, noted, node=node)


def _lag(e: Evidence) -> Observation:
    if e.lag_p99 is None:
        return Observation(Reason.of("no_due_time"))
    return _late("lag", e.lag_p99, e.lag_p999, e.response_p999)


def _client_delay(e: Evidence) -> Observation:
    if e.delay_p99 is None:
        return Observation(Reason.of("no_stamps"))
    return _late("client_delay", e.delay_p99, e.delay_p999, e.delayed_p999)


def _late(code: str, p99: int, p999: int | None, whole: int | None) -> Observation:
    worst = p99 if p999 is None else p999
    figures = (p99, worst if worst > (whole or 0) // 20 else None)
    return Observation(Reason.of(code, p99_ms=in_ms(p99), p999_ms=in_ms(p999)), figures)


def _rate(e: Evidence) -> Observation:
    missing = (e.planned - e.started) / e.planned if e.planned else 0.0
    worst = 1 - e.missing if e.missing > missing else None
    return Observation(Reason.of("rate_held", share=1 - missing, worst_share=worst), (missing, e.missing))


def _core(e: Evidence) -> Observation:
    if e.core_use is None:
        return Observation(Reason.of("too_soon_to_know"))
    return Observation(Reason.of("core_use", share=e.core_use, worker=e.busiest or None), (e.core_use,))


def _loop(e: Evidence) -> Observation:
    observed = Reason.of("loop_stalls", p99_ms=in_ms(e.loop_lag_p99), max_ms=in_ms(e.loop_lag_max))
    return Observation(observed, (e.loop_lag_p99, e.loop_lag_max))


def _cpu_wait(e: Evidence) -> Observation:
    often = e.preemptions if e.preemptions >= 1 else None
    return Observation(
        Reason.of("waiting_for_cpu", share=e.waiting_for_cpu, preemptions_per_s=often), (e.waiting_for_cpu,)
    )


def _pressure(e: Evidence) -> Observation:
    return _figure("cpu_pressure", "share", e.pressure)


def _steal(e: Evidence) -> Observation:
    return _figure("steal", "share", e.steal)


def _collector(e: Evidence) -> Observation:
    return Observation(Reason.of("gc", longest_ms=in_ms(e.gc_max)), (e.gc_max, e.gc_share))


def _quota(e: Evidence) -> Observation:
    return _figure("quota", "periods", e.throttled)


def _clock(e: Evidence) -> Observation:
    return _figure("clock", "step_ms", in_ms(e.clock_step), e.clock_step)


def _figure(code: str, name: str, value: float | None, judged: float | None = None) -> Observation:
    """An observation of one figure, which may not be known. `judged` is the figure in the unit of the limits, if that
    is another one."""
    if value is None:
        return Observation(UNKNOWN)
    return Observation(Reason.of(code, **{name: value}), (value if judged is None else judged,))


def _resources(e: Evidence) -> Observation:
    return _figure("client_resources", "requests", e.client_resources)


def _descriptors(e: Evidence) -> Observation:
    return _figure("descriptors", "share", e.connections)


def _ports(e: Evidence) -> Observation:
    return _figure("ports", "share", e.ports)


def _ledgers(e: Evidence) -> Observation:
    differences = "; ".join(e.mismatches[:3]) or None
    return Observation(Reason.of("ledgers", differences=differences), (len(e.mismatches),))


def _pool(e: Evidence) -> Observation | None:
    if e.capped is None or e.wait_p99 is None or e.wait_p99 < WAITED:
        return None
    ours = max((figure.parts.get("wait_delay", 0) for figure in e.figures), default=0)
    late_ms = in_ms(ours) if ours > e.wait_p99 / 10 else None
    return Observation(Reason.of("pool", p99_ms=in_ms(e.wait_p99), cap=e.capped, late_ms=late_ms), noted=True)


def _reconnects(e: Evidence) -> Observation | None:
    if not e.shared or not e.closed_idle:
        return None
    look_up = in_ms(e.dns_max) if e.dns_max else None
    return Observation(Reason.of("reconnects", connections=e.closed_idle, dns_max_ms=look_up), noted=True)


def _retransmits(e: Evidence) -> Observation:
    network = e.network
    if network is None or not network.segments:
        return Observation(UNKNOWN)
    count = network.retransmits
    return Observation(Reason.of("retransmits", segments=network.segments, sent_again=count), noted=count > 0)


def _syn_retries(e: Evidence) -> Observation:
    """By the kernel's own count if it is known, else estimated from connect times."""
    clusters, network = retried(e.connects), e.network
    counted = bool(network and network.connects)
    if network and network.connects:
        of, count = network.connects, network.syn_retried
    else:
        of, count = e.connects.count, clusters.connects
    if not of:
        return Observation(Reason.of("no_connects"))
    after = clusters.age // SECOND if count and clusters.age else None
    return Observation(
        Reason.of(
            "syn_retries",
            connects=of,
            retried=count,
            by="kernel" if counted else "times",
            after_s=after,
            dropped=(e.overflows or None) if count else None,
        ),
        noted=count > 0,
    )


def _sandbox(e: Evidence) -> Observation | None:
    if not e.sandbox:
        return None
    lag, busy = (e.sandbox.get("lag_ns") or {}).get("p99") or 0, e.sandbox.get("cpu") or 0.0
    matters = lag if lag > (e.delayed_p999 or 0) // 50 else 0
    return Observation(Reason.of("sandbox", lag_p99_ms=in_ms(lag), core_use=busy), (matters, busy))


SIGNALS = (
    Signal(
        "lag",
        "how much later than due the requests of measured phases were released; none in a closed load",
        (Limit("p99", "ms", 1 * MS), Limit("p99.9", "ms", None, 5 * MS, ", and > 1/20 of the response's p99.9")),
        False,
        _lag,
        symptom=True,
    ),
    Signal(
        "client delay",
        "how much later than the kernel had them the answers of measured phases were read, where the client knows",
        (
            Limit("p99", "ms", 1 * MS),
            Limit(
                "p99.9", "ms", None, 5 * MS, ", and > 1/20 of the response's p99.9 (of the service's in a closed load)"
            ),
        ),
        False,
        _client_delay,
        symptom=True,
    ),
    Signal(
        "loop stalls",
        "how late the worker's loop was for a tick each 10 ms: p99 of a typical second, and the worst",
        (Limit("p99", "ms", 2 * MS), Limit("max", "ms", 20 * MS, 100 * MS)),
        False,
        _loop,
    ),
    Signal(
        "core use",
        "of the busiest worker, in its busiest tenth of the seconds",
        (Limit("use", "%", 0.7, 0.85),),
        False,
        _core,
        bounds=True,
        of_client=True,
    ),
    Signal(
        "waiting for a CPU",
        "the time in which a worker could have run and had no CPU",
        (Limit("share", "%", 0.02, 0.25),),
        False,
        _cpu_wait,
    ),
    Signal(
        "CPU pressure",
        "the time in which something in this container, or on this machine, was ready and had no CPU. loadgen's own "
        "adding up is among it: it waits for a free CPU",
        (Limit("share", "%", 0.5),),
        False,
        _pressure,
    ),
    Signal(
        "steal",
        "CPU time that the hypervisor gave to others",
        (Limit("steal", "%", 0.005, 0.02),),
        False,
        _steal,
    ),
    Signal(
        "gc",
        "pauses by Python's garbage collector",
        (Limit("longest", "ms", 2 * MS, 20 * MS), Limit("share", "%", 0.002, 0.005)),
        False,
        _collector,
        of_client=True,
    ),
    Signal(
        "rate held",
        "iterations that were due and not started, as too many were open: of all, and of the worst ten seconds",
        (Limit("missing", "%", 0.005, 0.02), Limit("worst", "%", None, 0.05)),
        True,
        _rate,
    ),
    Signal(
        "quota",
        "periods in which a container's CPU quota stopped it",
        (Limit("any", "", None, 0),),
        False,
        _quota,
    ),
    Signal(
        "clock",
        "how far the wall clock moved against the monotonic one in a second, beyond what keeping time takes",
        (Limit("step", "ms", 1 * MS, 100 * MS),),
        True,
        _clock,
    ),
    Signal(
        "client resources",
        "requests that failed for want of a port, a descriptor or memory",
        (Limit("any", "", None, 0),),
        True,
        _resources,
        counts=True,
    ),
    Signal(
        "descriptors",
        "the most connections that were open, of what descriptors allow",
        (Limit("used", "%", 0.7, 1.0),),
        True,
        _descriptors,
    ),
    Signal(
        "ports",
        "the most of this machine's ephemeral ports that were open or in TIME_WAIT",
        (Limit("used", "%", 0.7, 1.0),),
        True,
        _ports,
    ),
    Signal(
        "ledgers",
        "whether what was planned, started, sent and answered adds up",
        (Limit("any", "", None, 0),),
        True,
        _ledgers,
        counts=True,
    ),
    Signal(
        "sandbox",
        "of the simulated target: how late its answers left, and its core",
        (Limit("lag p99", "ms", 1 * MS, 10 * MS, SMALL), Limit("use", "%", 0.85, 0.97)),
        True,
        _sandbox,
        longer=True,
    ),
    Signal(
        "retransmits",
        "TCP segments that this machine sent again, of those of the connections that were looked at. A note, and no "
        "limit: the way to the target lost them",
        (),
        True,
        _retransmits,
    ),
    Signal(
        "SYN retries",
        "connects whose first packet was sent again, by the kernel's count or, where it is not known, by connect times "
        "of just over 1, 2, 3, 4, 7 or 15 s. A note, and no limit: the target's queue was full, or the way lost them",
        (),
        True,
        _syn_retries,
    ),
    Signal(
        "pool",
        "how long requests waited for a connection below the profile's cap. A note, and no limit: the cap is the "
        "profile's",
        (),
        True,
        _pool,
    ),
    Signal(
        "reconnects",
        "connections of a shared session that the target had closed. A note, and no limit: the target's doing",
        (),
        True,
        _reconnects,
    ),
)


def table() -> list[str]:
    """The lines of the table, as docs/signals.md has it."""
    lines = ["| signal | what it is | DEGRADED | INVALID | alone |", "|---|---|---|---|---|"]
    for signal in SIGNALS:
        cells = [signal.what, _limits(signal, Verdict.DEGRADED), _limits(signal, Verdict.INVALID)]
        lines.append(f"| `{signal.name}` | {' | '.join([*cells, 'yes' if signal.alone else ''])} |".replace("  ", " "))
    return lines


def _limits(signal: Signal, verdict: Verdict) -> str:
    return ", or ".join(filter(None, (limit.text(verdict) for limit in signal.limits)))
