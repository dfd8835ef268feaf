"""What `loadgen selftest` found: a sentence, and the tables behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from loadgen.report.navigate import Found
from loadgen.report.terminal.page import WARN, Part, add, drawn, heading, labelled, line, table
from loadgen.report.words import UNKNOWN, clean, count, known, ms, seconds

WIDTH = 100
QUANTILES = ("p50", "p99")
MICROSECOND = 1000


def show(result: Found) -> str:
    """The value of `selftest.course.selftest` as text of at most 100 columns."""
    return drawn(_page(clean(result)), WIDTH, False)


def sentence(result: Found) -> str:
    """What the machine can be trusted with."""
    found = [row for row in result.get("capacity") or [] if row.get("trials")]
    rates = [f"{_at_most(row, 'rate')} over {row['scheme']}" for row in found if row.get("rate")]
    none = [f"even {count(row['failed_at'])}/s over {row['scheme']}" for row in found if not row.get("rate")]
    said = [f"up to {' and '.join(rates)} on one worker"] if rates else []
    said += [f"nothing that was tried, not {' nor '.join(none)}"] if none else []
    said += _floor(result.get("noise"))
    return f"This machine can be trusted with {'; '.join(said)}." if found else "Too little was measured to say."


def _floor(noise: Found | None) -> list[str]:
    spreads = [f"{ms(spread)} ms at {q}" for q in QUANTILES if known(spread := _spread(noise or {}, q))]
    return [f"differences under {' and '.join(spreads)} are noise"] if spreads else []


def _spread(noise: Found, quantile: str) -> float | None:
    values = [value for value in noise.get(f"{quantile}_ms") or [] if known(value)]
    return max(values) - min(values) if len(values) > 1 else None


def _at_most(row: Found, key: str) -> str:
    return f"{count(row[key])}/s{' or more' if row.get('at_least') else ''}"


def _page(result: Found) -> Iterator[RenderableType]:
    machine = result["machine"]
    kind = " · quick: rough figures" if result["plan"] == "quick" else ""
    yield heading("self-test", (f"  {result['at']} · {seconds(result['seconds'])}{kind}", ""))
    yield line(
        f"{machine['cpu']} · {machine['cpus']} CPUs · {machine['kernel']} · Python {machine['python']} · "
        f"loadgen {machine['loadgen']}"
    )
    if result["interrupted"]:
        yield line(("interrupted: this is what there was by then", WARN))
    for text in result["warnings"]:
        yield labelled(("! ", WARN), str(text))
    yield heading(sentence(result))
    yield from _capacity(result)
    yield from _connections(result)
    yield from _noise(result)
    yield from _pacing(result)
    yield from _limits(result)
    if result.get("saved"):
        yield heading(("saved: ", ""), (f"{result['saved']}: a run beyond it is warned before it starts", ""))


def _capacity(result: Found) -> Iterator[RenderableType]:
    if not result.get("capacity"):
        return
    yield heading("highest rate that stays VALID", ("  on one worker; the target's p50 is 10 ms, its p99 40 ms", ""))
    made = table(("", "left", 7), ("VALID up to", "right", 18), ("not at", "right", 10), ("as", "left", 0))
    for row in result["capacity"]:
        rate = _at_most(row, "rate") if row.get("rate") else "none"
        failed = f"{count(row['failed_at'])}/s" if row.get("failed_at") else UNKNOWN
        why = [str(row["failed_why"])] if row.get("failed_why") else []
        why += ["it held once, and was not tried again"] if row.get("rate") and not row["sure"] else []
        add(made, row["scheme"], rate, failed, "; ".join(why))
    yield made


def _connections(result: Found) -> Iterator[RenderableType]:
    if not result.get("connections"):
        return
    yield heading("new connections", ("  on one worker, as many as can be", ""))
    made = table(("", "left", 7), ("", "right", 18), ("", "left", 0))
    for row in result["connections"]:
        each = "each a full TLS handshake" if row["scheme"] == "https" else ""
        add(made, row["scheme"], _at_most(row, "per_second"), each)
    yield made


def _noise(result: Found) -> Iterator[RenderableType]:
    noise = result.get("noise")
    if not noise:
        return
    told = f"  the same measurement again and again: {count(noise['rate'])}/s for {noise['seconds']:g} s"
    yield heading("noise", (told, ""))
    made = table(("response", "left", 8), ("spread ms", "right", 10), ("each time, ms", "left", 0))
    for quantile in QUANTILES:
        values = noise[f"{quantile}_ms"]
        add(made, quantile, ms(_spread(noise, quantile)), "  ".join(map(ms, values)))
    yield made


def _pacing(result: Found) -> Iterator[RenderableType]:
    if not result.get("pacing"):
        return
    yield heading("pacing", ("  how much later than due requests left", ""))
    titles = ("rate", "requests", "p50 ms", "p99 ms", "max ms")
    made = table(*((title, "right", 10) for title in titles))
    for row in result["pacing"]:
        times = (ms(row[f"{name}_ms"]) for name in ("p50", "p99", "max"))
        add(made, f"{count(row['rate'])}/s", count(row["requests"]), *times)
    yield made


def _limits(result: Found) -> Iterator[RenderableType]:
    yield heading("this machine")
    for name, value in _facts(result["limits"], result["clock"], result.get("stamps")):
        yield labelled(f"  {name:<17}", value)


def _facts(limits: Found, clock: Found, stamps: bool | None) -> Iterator[tuple[str, Part]]:
    ports, slack = limits["ports"], limits["timer_slack_ns"]
    yield "CPUs", f"{limits['cpus']} of {limits['cpus_of_the_machine']}, {_quota(limits['quota'])}"
    yield "descriptors", f"{count(limits['descriptors'])} a process"
    again = ", which loopback takes again at once" if ports["reused_on_loopback"] else ""
    yield "ports", f"{count(ports['count'])}, {count(ports['resting'])} of them in TIME_WAIT{again}"
    resolution = f"resolution {count(clock['resolution_ns'])} ns"
    yield "clock", f"{clock['source'] or 'of unknown source'}, {resolution}; {_steps(clock)}"
    told = f", slack {_slack(slack['worker'])} in a worker, {_slack(slack['default'])} by default" if slack else ""
    yield "timer", f"{limits['timer']}{told}"
    yield "kernel's stamps", {True: "on answers", False: "none: client delay is not known", None: "not known"}[stamps]


def _quota(quota: float | None) -> str:
    return f"a quota of {quota:g}" if quota else "no quota"


def _slack(ns: int) -> str:
    return f"{ns / MICROSECOND:g} µs" if ns >= MICROSECOND else f"{ns} ns"


def _steps(clock: dict[str, Any] | Found) -> str:
    lasted = seconds(clock["seconds"])
    drift = f"drifted {ms(clock['drift_ms'])} ms in {lasted}"
    if not clock["steps"]:
        return f"the wall clock made no step, and {drift}"
    steps = f"{clock['steps']} step{'s' if clock['steps'] > 1 else ''}"
    return f"the wall clock made {steps}, {ms(clock['largest_step_ms'])} ms at the most, and {drift}"
