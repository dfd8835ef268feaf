"""VALID, DEGRADED or INVALID: judges a run from what the generator saw of itself. Pure functions of figures.

A signal beyond its first limit makes the run DEGRADED, beyond its second INVALID. The limits are those of the peers'
gates and of the queueing study they were derived from; each reason says what was seen, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from loadgen.clock import MILLISECOND

NOT_SEEN = "not known"


class Verdict(IntEnum):
    VALID = 0
    DEGRADED = 1
    INVALID = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One signal: its value in words, its verdict, and if it is not VALID why that matters and what to do."""

    signal: str
    value: str
    verdict: Verdict
    why: str = ""
    remedy: str = ""

    @property
    def reason(self) -> str:
        return f"{self.signal} {self.value}: {self.why}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged. Times in ns, shares from 0 to 1; None where it could not be seen, or does not apply."""

    lag_p99: int | None
    lag_p999: int | None
    response_p999: int | None
    planned: int
    started: int
    core_use: float | None  # of the busiest worker
    loop_lag_p99: int
    loop_lag_max: int
    steal: float | None
    throttled: int | None
    waiting_for_cpu: float
    gc_max: int
    gc_share: float
    client_resources: int
    connections: float  # peak share of what descriptors allow
    ports: float | None  # peak share of the ephemeral ports
    mismatches: list[str]
    sandbox: dict[str, Any] | None = None
    delay_p99: int | None = None
    delay_p999: int | None = None
    delayed_p999: int | None = None  # of what that delay is a part: the response, or the service of a closed load


def judge(e: Evidence) -> list[Finding]:
    """A finding for each signal that was looked at."""
    findings = [_lag(e), _client_delay(e), _rate(e), _core(e), _loop(e), _steal(e), _throttling(e), _cpu_wait(e)]
    findings += [_collector(e), _resources(e)]
    findings += [_share("descriptors", e.connections, "Raise ulimit -n, or cap session.connections")]
    findings += [_share("ports", e.ports, "Use a shared session, or lower the rate of new connections"), _sums(e)]
    if e.sandbox:
        findings.append(_sandbox(e.sandbox))
    return findings


def overall(findings: list[Finding]) -> Verdict:
    """The worst of them."""
    return max((finding.verdict for finding in findings), default=Verdict.VALID)


def _graded(value: float, degraded: float, invalid: float) -> Verdict:
    return Verdict.INVALID if value > invalid else Verdict.DEGRADED if value > degraded else Verdict.VALID


def _ms(ns: float) -> str:
    return f"{ns / MILLISECOND:.2f} ms"


def lateness(p99: int, p999: int | None, whole: int | None) -> tuple[Verdict, float]:
    """What is to be said of a lateness that is a part of times whose p99.9 is `whole`, and how near to the limit it is.
    `p999` is None where there are too few values."""
    limit = max(5 * MILLISECOND, (whole or 0) // 20)
    worst = p99 if p999 is None else p999
    verdict = Verdict.INVALID if worst > limit else _graded(p99, MILLISECOND, float("inf"))
    return verdict, worst / limit


def _late(signal: str, p99: int, p999: int | None, whole: int | None, why: str) -> Finding:
    tail = f", p99.9 {_ms(p999)}" if p999 is not None else ""
    remedy = "Use more --workers, a lower rate or a quieter machine"
    return Finding(signal, f"p99 {_ms(p99)}{tail}", lateness(p99, p999, whole)[0], why, remedy)


def _lag(e: Evidence) -> Finding:
    if e.lag_p99 is None:
        return Finding("lag", "does not apply: no measured request had a due time", Verdict.VALID)
    why = "requests left later than the schedule says, and that is in their response times"
    return _late("lag", e.lag_p99, e.lag_p999, e.response_p999, why)


def _client_delay(e: Evidence) -> Finding:
    if e.delay_p99 is None:
        return Finding("client delay", "not known: no answer has a kernel stamp", Verdict.VALID)
    why = "answers were read later than the kernel had them, and that is in their service and response times"
    return _late("client delay", e.delay_p99, e.delay_p999, e.delayed_p999, why)


def _rate(e: Evidence) -> Finding:
    missing = (e.planned - e.started) / e.planned if e.planned else 0.0
    verdict = _graded(missing, 0.005, 0.02)
    why = "iterations that were due could not be started, so the load was not the one planned"
    return Finding("rate held", f"{1 - missing:.2%}", verdict, why, "Raise in_flight_limit, or lower the rate")


def _core(e: Evidence) -> Finding:
    if e.core_use is None:
        return Finding("core use", "not known: it was over too soon", Verdict.VALID)
    why = "a busy generator answers late, and its own queueing is in the figures"
    return Finding(
        "core use", f"{e.core_use:.0%}", _graded(e.core_use, 0.7, 0.85), why, "Use more --workers or a lower rate"
    )


def _loop(e: Evidence) -> Finding:
    verdict = max(_graded(e.loop_lag_p99, 2 * MILLISECOND, float("inf")), _graded(e.loop_lag_max, 20e6, 100e6))
    value = f"p99 {_ms(e.loop_lag_p99)}, max {_ms(e.loop_lag_max)}"
    why = "this process did not run when it should have"
    return Finding("loop stalls", value, verdict, why, "Stop what else runs on this machine, or lower the rate")


def _steal(e: Evidence) -> Finding:
    if e.steal is None:
        return Finding("steal", NOT_SEEN, Verdict.VALID)
    why = "the hypervisor gave this machine's CPU to others"
    return Finding("steal", f"{e.steal:.2%}", _graded(e.steal, 0.005, 0.02), why, "Use a machine with cores of its own")


def _throttling(e: Evidence) -> Finding:
    if e.throttled is None:
        return Finding("quota", NOT_SEEN, Verdict.VALID)
    verdict = Verdict.INVALID if e.throttled else Verdict.VALID
    why = "the container's CPU quota stopped the generator"
    value = f"throttled in {e.throttled} periods" if e.throttled else "never throttled"
    return Finding("quota", value, verdict, why, "Raise the quota, or lower the rate")


def _cpu_wait(e: Evidence) -> Finding:
    why = "the generator was ready to run and had to wait for a CPU"
    remedy = "Stop what else runs on this machine"
    return Finding("waiting for a CPU", f"{e.waiting_for_cpu:.1%}", _graded(e.waiting_for_cpu, 0.02, 0.25), why, remedy)


def _collector(e: Evidence) -> Finding:
    verdict = max(_graded(e.gc_max, 2 * MILLISECOND, 20 * MILLISECOND), _graded(e.gc_share, 0.002, 0.005))
    why = "Python's garbage collector paused the generator"
    return Finding("gc", f"longest {_ms(e.gc_max)}", verdict, why, "Use client: wire, which does not need it")


def _resources(e: Evidence) -> Finding:
    verdict = Verdict.INVALID if e.client_resources else Verdict.VALID
    why = "this machine ran out of ports, descriptors or memory; that is not the target's doing"
    remedy = "See the failing exchanges for which; raise ulimit -n, use a shared session or a lower rate"
    value = f"{e.client_resources} requests failed for want of them" if e.client_resources else "enough"
    return Finding("client resources", value, verdict, why, remedy)


def _share(what: str, used: float | None, remedy: str) -> Finding:
    if used is None:
        return Finding(what, NOT_SEEN, Verdict.VALID)
    why = "little is left, and a burst would run out"
    return Finding(what, f"{used:.0%} used", _graded(used, 0.7, 1.0), why, remedy)


def _sums(e: Evidence) -> Finding:
    if not e.mismatches:
        return Finding("ledgers", "add up", Verdict.VALID)
    why = "; ".join(e.mismatches[:3])
    return Finding("ledgers", "do not add up", Verdict.INVALID, why, "This is a bug in loadgen: please report it")


def _sandbox(figures: dict[str, Any]) -> Finding:
    lag, busy = (figures.get("lag_ns") or {}).get("p99") or 0, figures.get("cpu") or 0.0
    verdict = max(_graded(lag, MILLISECOND, 10 * MILLISECOND), _graded(busy, 0.85, 0.97))
    why = "the simulated target itself answered later than it meant to"
    value = f"lag p99 {_ms(lag)}, core use {busy:.0%}"
    return Finding("sandbox", value, verdict, why, "Lower the rate, or give it a core of its own")
