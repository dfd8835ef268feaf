"""The table of signals: what each is, its limits, why it matters, what to do. docs/trust.md has the same table; a test
compares them.

The limits come from the gates of comparable tools and from the queueing study behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadgen.clock import MILLISECOND as MS
from loadgen.clock import SECOND
from loadgen.record.metrics import WAITED
from loadgen.trust.evidence import Evidence
from loadgen.trust.finding import NOT_SEEN, Finding, Limit, Verdict, ms
from loadgen.trust.network import retried

SMALL = ", and > 1/50 of the response's p99.9"
QUIETER = "Use more --workers, a lower rate or a quieter machine"
OTHERS = "Stop what else runs on this machine, or lower the rate"
COMMON = 0.001  # of the connects, or of the segments
MANY = 10  # segments sent again: below, a single loss is a large share of a short run


@dataclass(frozen=True, slots=True)
class Observation:
    """A run's value of a signal: in words, and a number for each of its limits (None: not known, or does not
    matter)."""

    value: str
    figures: tuple[float | None, ...] = ()
    why: str = ""  # in place of the signal's own
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """A row of the table. `alone`: it changes figures in a way that the share of the tail does not show, and so can
    make a run INVALID by itself. Any other signal explains the share. `bounds`: it explains the share, but may also
    have limited the load, which no share shows."""

    name: str
    what: str
    limits: tuple[Limit, ...]
    alone: bool
    why: str
    remedy: str
    look: Callable[[Evidence], Observation | None]  # None: there is nothing to look at
    bounds: bool = False

    def judge(self, evidence: Evidence, most: Verdict) -> Finding | None:
        """The finding. `most` is the worst verdict of a signal that does not stand alone. If such a signal is beyond a
        limit but may not say so, it is a note."""
        observed = self.look(evidence)
        if observed is None:
            return None
        measured = zip(self.limits, observed.figures, strict=False)
        verdict = max((limit.grade(of) for limit, of in measured if of is not None), default=Verdict.VALID)
        if self.bounds:
            most = max(most, Verdict.DEGRADED)
        allowed = verdict if self.alone else min(verdict, most)
        why, note = observed.why or self.why, observed.note
        if verdict and not allowed:
            note = f"{self.name} {observed.value}: {why}; but hardly any of the tail is that"
        return Finding(self.name, observed.value, allowed, why, self.remedy, note)


def _lag(e: Evidence) -> Observation:
    if e.lag_p99 is None:
        return Observation("does not apply: no measured request had a due time")
    return _late(e.lag_p99, e.lag_p999, e.response_p999)


def _client_delay(e: Evidence) -> Observation:
    if e.delay_p99 is None:
        return Observation("not known: no answer has a kernel stamp")
    return _late(e.delay_p99, e.delay_p999, e.delayed_p999)


def _late(p99: int, p999: int | None, whole: int | None) -> Observation:
    worst = p99 if p999 is None else p999
    tail = f", p99.9 {ms(p999)}" if p999 is not None else ""
    return Observation(f"p99 {ms(p99)}{tail}", (p99, worst if worst > (whole or 0) // 20 else None))


def _rate(e: Evidence) -> Observation:
    missing = (e.planned - e.started) / e.planned if e.planned else 0.0
    worst = f", {1 - e.missing:.1%} in the worst 10 s" if e.missing > missing else ""
    return Observation(f"{1 - missing:.2%}{worst}", (missing, e.missing))


def _core(e: Evidence) -> Observation:
    if e.core_use is None:
        return Observation("not known: it was over too soon")
    return Observation(f"{e.core_use:.0%}{f' (worker {e.busiest})' if e.busiest else ''}", (e.core_use,))


def _loop(e: Evidence) -> Observation:
    return Observation(f"p99 {ms(e.loop_lag_p99)}, max {ms(e.loop_lag_max)}", (e.loop_lag_p99, e.loop_lag_max))


def _cpu_wait(e: Evidence) -> Observation:
    often = f", preempted {e.preemptions:,.0f} times a second" if e.preemptions >= 1 else ""
    return Observation(f"{e.waiting_for_cpu:.1%}{often}", (e.waiting_for_cpu,))


def _pressure(e: Evidence) -> Observation:
    return Observation(NOT_SEEN) if e.pressure is None else Observation(f"{e.pressure:.1%}", (e.pressure,))


def _steal(e: Evidence) -> Observation:
    return Observation(NOT_SEEN) if e.steal is None else Observation(f"{e.steal:.2%}", (e.steal,))


def _collector(e: Evidence) -> Observation:
    return Observation(f"longest {ms(e.gc_max)}", (e.gc_max, e.gc_share))


def _quota(e: Evidence) -> Observation:
    if e.throttled is None:
        return Observation(NOT_SEEN)
    return Observation(f"throttled in {e.throttled} periods" if e.throttled else "never throttled", (e.throttled,))


def _clock(e: Evidence) -> Observation:
    return (
        Observation(NOT_SEEN)
        if e.clock_step is None
        else Observation(f"largest step {ms(e.clock_step)}", (e.clock_step,))
    )


def _resources(e: Evidence) -> Observation:
    value = f"{e.client_resources} requests failed for want of them" if e.client_resources else "enough"
    return Observation(value, (e.client_resources,))


def _descriptors(e: Evidence) -> Observation:
    return Observation(f"{e.connections:.0%} used", (e.connections,))


def _ports(e: Evidence) -> Observation:
    return Observation(NOT_SEEN) if e.ports is None else Observation(f"{e.ports:.0%} used", (e.ports,))


def _ledgers(e: Evidence) -> Observation:
    if not e.mismatches:
        return Observation("add up", (0,))
    return Observation("do not add up", (len(e.mismatches),), why="; ".join(e.mismatches[:3]))


def _pool(e: Evidence) -> Observation | None:
    if e.capped is None or e.wait_p99 is None or e.wait_p99 < WAITED:
        return None
    ours = max((effect.parts["wait_delay"] for effect in e.effects), default=0)
    late = ours > e.wait_p99 / 10
    whose = (
        "and what was late on this machine made it longer" if late else "and it was neither the target nor this machine"
    )
    return Observation(
        f"wait p99 {ms(e.wait_p99)}", note=f"session.connections: {e.capped} made requests wait, {whose}"
    )


def _reconnects(e: Evidence) -> Observation | None:
    if not e.shared or not e.closed_idle:
        return None
    slow = f"; the slowest name look-up took {ms(e.dns_max)}" if e.dns_max else ""
    note = (
        f"the target closed {e.closed_idle:,} connections while idle, and a request that makes a new one takes longer"
    )
    return Observation(f"{e.closed_idle:,} connections", note=f"{note}{slow}")


def _retransmits(e: Evidence) -> Observation | None:
    network = e.network
    if network is None or not network.segments:
        return Observation(NOT_SEEN)
    if not network.retransmits:
        return Observation(f"none of {network.segments:,} segments")
    share = network.retransmits / network.segments
    note = f"{network.retransmits:,} segments were sent again; each may have made a request 200 ms late or more"
    return Observation(
        f"{network.retransmits:,} of {network.segments:,} segments ({share:.2%})",
        (share, share if network.retransmits >= MANY else None),
        note="" if share > COMMON else note,
    )


def _syn_retries(e: Evidence) -> Observation | None:
    """By the kernel's own count if it is known, else estimated from connect times."""
    clusters, network = retried(e.connects), e.network
    if network and network.connects:
        of, count, by = network.connects, network.syn_retried, ""
    else:
        of, count, by = e.connects.count, clusters.connects, ", by how long they took"
    if not of:
        return Observation("do not apply: nothing was connected")
    if not count:
        return Observation(f"none of {of:,} connects{by}")
    share, most = count / of, f", most of them after {clusters.age // SECOND} s" if clusters.age else ""
    here = f"; {e.overflows:,} were dropped on this machine, by a listener whose queue was full" if e.overflows else ""
    value = f"{count:,} of {of:,} connects ({share:.2%}){most}{by}{here}"
    note = f"{count:,} connects waited 1 s or more for their first packet to be sent again{here}"
    return Observation(value, (share,), note="" if share > COMMON else note)


def _sandbox(e: Evidence) -> Observation | None:
    if not e.sandbox:
        return None
    lag, busy = (e.sandbox.get("lag_ns") or {}).get("p99") or 0, e.sandbox.get("cpu") or 0.0
    return Observation(
        f"lag p99 {ms(lag)}, core use {busy:.0%}", (lag if lag > (e.delayed_p999 or 0) // 50 else 0, busy)
    )


SIGNALS = (
    Signal(
        "lag",
        "how much later than due the requests of measured phases were released; none in a closed load",
        (Limit("p99", "ms", 1 * MS), Limit("p99.9", "ms", None, 5 * MS, ", and > 1/20 of the response's p99.9")),
        False,
        "requests left later than the schedule says, and that is in their response times",
        QUIETER,
        _lag,
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
        "answers were read later than the kernel had them, and that is in their service and response times",
        QUIETER,
        _client_delay,
    ),
    Signal(
        "loop stalls",
        "how late the worker's loop was for a tick each 10 ms: p99 of a typical second, and the worst",
        (Limit("p99", "ms", 2 * MS), Limit("max", "ms", 20 * MS, 100 * MS)),
        False,
        "this process did not run when it should have",
        OTHERS,
        _loop,
    ),
    Signal(
        "core use",
        "of the busiest worker, in its busiest tenth of the seconds",
        (Limit("use", "%", 0.7, 0.85),),
        False,
        "a busy generator answers late, and its own queueing is in the figures",
        "Use more --workers or a lower rate",
        _core,
        bounds=True,
    ),
    Signal(
        "waiting for a CPU",
        "the time in which a worker could have run and had no CPU",
        (Limit("share", "%", 0.02, 0.25),),
        False,
        "the generator was ready to run and had to wait for a CPU",
        "Stop what else runs on this machine",
        _cpu_wait,
    ),
    Signal(
        "CPU pressure",
        "the time in which something in this container, or on this machine, was ready and had no CPU",
        (Limit("share", "%", 0.5),),
        False,
        "more wanted to run than there are CPUs",
        "Stop what else runs on this machine",
        _pressure,
    ),
    Signal(
        "steal",
        "CPU time that the hypervisor gave to others",
        (Limit("steal", "%", 0.005, 0.02),),
        False,
        "the hypervisor gave this machine's CPU to others",
        "Use a machine with cores of its own",
        _steal,
    ),
    Signal(
        "gc",
        "pauses by Python's garbage collector",
        (Limit("longest", "ms", 2 * MS, 20 * MS), Limit("share", "%", 0.002, 0.005)),
        False,
        "Python's garbage collector paused the generator",
        "Use client: wire, which does not need it",
        _collector,
    ),
    Signal(
        "rate held",
        "iterations that were due and not started, as too many were open: of all, and of the worst ten seconds",
        (Limit("missing", "%", 0.005, 0.02), Limit("worst", "%", None, 0.05)),
        True,
        "iterations that were due could not be started, so the load was not the one planned",
        "Raise in_flight_limit, or lower the rate",
        _rate,
    ),
    Signal(
        "quota",
        "periods in which a container's CPU quota stopped it",
        (Limit("any", "", None, 0),),
        True,
        "the container's CPU quota stopped the generator",
        "Raise the quota, or lower the rate",
        _quota,
    ),
    Signal(
        "clock",
        "how far the wall clock moved against the monotonic one in a second, beyond what keeping time takes",
        (Limit("step", "ms", 1 * MS, 100 * MS),),
        True,
        "the clock was set, or the machine stood still",
        "Let the clock be set between runs; do not suspend or migrate the machine during one",
        _clock,
    ),
    Signal(
        "client resources",
        "requests that failed for want of a port, a descriptor or memory",
        (Limit("any", "", None, 0),),
        True,
        "this machine ran out of ports, descriptors or memory; that is not the target's doing",
        "See the failing exchanges for which; raise ulimit -n, use a shared session or a lower rate",
        _resources,
    ),
    Signal(
        "descriptors",
        "the most connections that were open, of what descriptors allow",
        (Limit("used", "%", 0.7, 1.0),),
        True,
        "little is left, and a burst would run out",
        "Raise ulimit -n, or cap session.connections",
        _descriptors,
    ),
    Signal(
        "ports",
        "the most of this machine's ephemeral ports that were open or in TIME_WAIT",
        (Limit("used", "%", 0.7, 1.0),),
        True,
        "little is left, and a burst would run out",
        "Use a shared session, or lower the rate of new connections",
        _ports,
    ),
    Signal(
        "ledgers",
        "whether what was planned, started, sent and answered adds up",
        (Limit("any", "", None, 0),),
        True,
        "",
        "This is a bug in loadgen: please report it",
        _ledgers,
    ),
    Signal(
        "sandbox",
        "of the simulated target: how late its answers left, and its core",
        (Limit("lag p99", "ms", 1 * MS, 10 * MS, SMALL), Limit("use", "%", 0.85, 0.97)),
        True,
        "the simulated target itself answered later than it meant to",
        "Lower the rate, or give it a core of its own",
        _sandbox,
    ),
    Signal(
        "retransmits",
        "TCP segments that this machine sent again, of those of the connections that were looked at",
        (Limit("share", "%", COMMON), Limit("share", "%", None, 0.01, f", and at least {MANY}")),
        True,
        "what the network loses is sent again 200 ms later or more: the tail is the network's, and tells nothing of "
        "the target",
        "Look at the way to the target, or test from nearer",
        _retransmits,
    ),
    Signal(
        "SYN retries",
        "connects whose first packet was sent again, by the kernel's count or, where it is not known, by connect times "
        "of just over 1, 2, 3, 4, 7 or 15 s",
        (Limit("share", "%", COMMON),),
        True,
        "a connect whose first packet gets no answer tries again after 1 s: the target's queue for new connections is "
        "full, or the network loses packets. That is in the connects, and is not how long the target takes",
        "Raise the target's backlog, open fewer connections at once, or use a shared session",
        _syn_retries,
    ),
    Signal(
        "pool",
        "how long requests waited for a connection below the profile's cap. A note, and no limit: the cap is the "
        "profile's",
        (),
        True,
        "",
        "",
        _pool,
    ),
    Signal(
        "reconnects",
        "connections of a shared session that the target had closed. A note, and no limit: the target's doing",
        (),
        True,
        "",
        "",
        _reconnects,
    ),
)


def table() -> list[str]:
    """The lines of the table, as docs/trust.md has it."""
    lines = ["| signal | what it is | DEGRADED | INVALID | alone |", "|---|---|---|---|---|"]
    for signal in SIGNALS:
        cells = [signal.what, _limits(signal, Verdict.DEGRADED), _limits(signal, Verdict.INVALID)]
        lines.append(f"| `{signal.name}` | {' | '.join([*cells, 'yes' if signal.alone else ''])} |".replace("  ", " "))
    return lines


def _limits(signal: Signal, verdict: Verdict) -> str:
    return ", or ".join(filter(None, (limit.text(verdict) for limit in signal.limits)))
