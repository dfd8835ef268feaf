"""The result of `loadgen selftest`: a sentence, and the tables behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.resolution import noise
from loadgen.report.sentences import sentence as reason_sentence
from loadgen.report.terminal.page import WARN, WIDEST, Part, add, drawn, heading, labelled, line, table
from loadgen.report.words import UNKNOWN, clean, count, ms, seconds, several
from loadgen.result.codec import map_text
from loadgen.result.resolution import Resolution
from loadgen.result.selftest import (
    Capacity,
    ClockCheck,
    MachineLimits,
    NewConnections,
    Noise,
    Pacing,
    SelftestResult,
)

MICROSECOND = 1000


def show(result: SelftestResult, width: int = WIDEST) -> str:
    """A self-test as text of at most `width` columns."""
    return drawn(_page(map_text(result, clean)), width, False)


def sentence(result: SelftestResult) -> str:
    """How far this machine can be trusted."""
    tried = [capacity for capacity in result.capacity if capacity.trials]
    rates = [f"{_at_most(of.rate, of.at_least)} over {of.scheme}" for of in tried if of.rate]
    none = [f"even {count(of.failed_at)}/s over {of.scheme}" for of in tried if not of.rate]
    said = [f"up to {' and '.join(rates)} on one worker"] if rates else []
    said += [f"nothing that was tried, not {' nor '.join(none)}"] if none else []
    said += [noise(result.resolution)] if result.resolution else []
    return f"This machine can be trusted with {'; '.join(said)}." if tried else "Too little was measured to say."


def _at_most(rate: float, at_least: bool) -> str:
    return f"{count(rate)}/s{' or more' if at_least else ''}"


def _page(result: SelftestResult) -> Iterator[RenderableType]:
    machine = result.machine
    kind = " · quick: rough figures" if result.plan == "quick" else ""
    yield heading("self-test", (f"  {result.at} · {seconds(result.seconds)}{kind}", ""))
    programs = f"{machine.kernel} · Python {machine.python} · loadgen {machine.loadgen}"
    yield line(f"{machine.cpu} · {several(machine.cpus, 'CPU')} · {programs}")
    if result.interrupted:
        yield line(("interrupted: this is what there was by then", WARN))
    for warning in result.warnings:
        yield labelled(("! ", WARN), reason_sentence(warning))
    yield heading(sentence(result))
    if result.capacity:
        yield from _capacity(result.capacity)
    if result.connections:
        yield from _connections(result.connections)
    if result.noise:
        yield from _noise(result.noise, result.resolution)
    if result.pacing:
        yield from _pacing(result.pacing)
    yield heading("this machine")
    for name, value in _facts(result.limits, result.clock, result.stamps):
        yield labelled(f"  {name:<17}", value)
    if result.saved:
        yield heading(("saved: ", ""), (f"{result.saved}: a run beyond it is warned before it starts", ""))


def _capacity(capacities: Sequence[Capacity]) -> Iterator[RenderableType]:
    yield heading("highest rate that stays VALID", ("  on one worker; the target's p50 is 10 ms, its p99 40 ms", ""))
    made = table(("", "left", 7), ("VALID up to", "right", 18), ("not at", "right", 10), ("as", "text", 0))
    for capacity in capacities:
        rate = _at_most(capacity.rate, capacity.at_least) if capacity.rate else "none"
        failed = f"{count(capacity.failed_at)}/s" if capacity.failed_at else UNKNOWN
        why = [reason_sentence(capacity.failed_why)] if capacity.failed_why else []
        why += ["it held once, and was not tried again"] if capacity.rate and not capacity.sure else []
        add(made, capacity.scheme, rate, failed, "; ".join(why))
    yield made


def _connections(rows: Sequence[NewConnections]) -> Iterator[RenderableType]:
    yield heading("new connections", ("  on one worker, as many as can be", ""))
    made = table(("", "left", 7), ("", "right", 18), ("", "text", 0))
    for row in rows:
        handshakes = "each a full TLS handshake" if row.scheme == "https" else ""
        add(made, row.scheme, _at_most(row.per_second, row.at_least), handshakes)
    yield made


def _noise(measured: Noise, resolution: Resolution | None) -> Iterator[RenderableType]:
    how = f"  the same measurement again and again: {count(measured.rate)}/s for {measured.seconds:g} s"
    yield heading("noise", (how, ""))
    made = table(
        ("response", "left", 8), ("noise ms", "right", 10), ("2.77 sd ms", "right", 10), ("each time, ms", "text", 0)
    )
    for name, values in measured.each_ms.items():
        least = resolution.measured_ms.get(name) if resolution else None
        add(made, name, ms(least), ms(measured.repeatability_ms.get(name)), "  ".join(map(ms, values)))
    yield made


def _pacing(rows: Sequence[Pacing]) -> Iterator[RenderableType]:
    yield heading("pacing", ("  how much later than due requests left", ""))
    titles = ("rate", "requests", "p50 ms", "p99 ms", "max ms")
    made = table(*((title, "right", 10) for title in titles))
    for row in rows:
        add(made, f"{count(row.rate)}/s", count(row.requests), ms(row.p50_ms), ms(row.p99_ms), ms(row.max_ms))
    yield made


def _facts(limits: MachineLimits, clock: ClockCheck, stamps: bool | None) -> Iterator[tuple[str, Part]]:
    ports, slack = limits.ports, limits.timer_slack_ns
    yield "CPUs", f"{limits.cpus} of {limits.cpus_of_the_machine}, {_quota(limits.quota)}"
    yield "descriptors", f"{count(limits.descriptors)} a process"
    again = ", which loopback takes again at once" if ports.reused_on_loopback else ""
    yield "ports", f"{count(ports.count)}, {count(ports.resting)} of them in TIME_WAIT{again}"
    resolution = f"resolution {count(clock.resolution_ns)} ns"
    yield "clock", f"{clock.source or 'of unknown source'}, {resolution}; {_steps(clock)}"
    timer = "timerfd" if limits.timer == "timerfd" else "the event loop's, a millisecond coarse"
    slacks = f", slack {_slack(slack.worker)} in a worker, {_slack(slack.default)} by default" if slack else ""
    yield "timer", f"{timer}{slacks}"
    yield "kernel's stamps", {True: "on answers", False: "none: client delay is not known", None: "not known"}[stamps]


def _quota(quota: float | None) -> str:
    return f"a quota of {quota:g}" if quota else "no quota"


def _slack(ns: int) -> str:
    return f"{ns / MICROSECOND:g} µs" if ns >= MICROSECOND else f"{ns} ns"


def _steps(clock: ClockCheck) -> str:
    drift = f"drifted {ms(clock.drift_ms)} ms in {seconds(clock.seconds)}"
    if not clock.steps:
        return f"the wall clock made no step, and {drift}"
    steps = several(clock.steps, "step")
    return f"the wall clock made {steps}, {ms(clock.largest_step_ms)} ms at the most, and {drift}"
