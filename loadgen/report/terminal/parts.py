"""Where the time went, by whose it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table

from loadgen.report.navigate import Cycles, cycle, place, steps
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import DIM, add, indented, line, table
from loadgen.report.words import UNKNOWN, bar, brief, ms
from loadgen.result.latency import Latency
from loadgen.result.run import Step

PARTS = ("lag", "sign", "wait", "connect", "service", "client_delay")
COLUMNS = ("lag", "sign", "build", "wait", "connect", "service", "client_delay")
BAR = 10
LABEL = 40  # characters
SIGN_FROM = 0.1  # ms at p99, or at most where that is not known
ATTRIBUTED = ("p99", "p50")
OWNERS = {
    "value": "in all",
    "target": "target, network",
    "connect": "connect",
    "wait": "wait",
    "build": "SDK client",
    "held": "held back",
    "own": "this machine",
}
ALWAYS = ("value", "target", "own")
MOST = 12  # steps and cycles that are shown
LEGEND = "share: █ service  ▓ connect  ▒ wait for a connection  ░ ours (lag, sign, client delay)"


def parts(cycles: Cycles, notes: Footnotes) -> Table:
    """p50/p99 of each part by itself, and its share of all the time: sums add up, percentiles do not.

    There is no column for lag where nothing is due, for connect and build where nothing was connected and built, for
    signing where it took next to nothing.
    """
    shown = _columns(cycles)
    titles = ((part.replace("_", " "), "right", 11) for part in shown)
    made = table(("p50/p99 ms", "left", 14), ("", "left", 3), *titles, ("share", "left", BAR))
    for label, rows in steps(cycles):
        for number, (phase, step) in enumerate(rows):
            connect = step.latency("connect")
            notes.resent(f"{place(phase)} {label} connect", connect.resent if connect else None)
            pairs = [pair(step.latency(part), notes) for part in shown]
            add(made, "" if number else brief(label, LABEL), cycle(phase), *pairs, _shares(step, phase.headline))
    return made


def _columns(cycles: Cycles) -> list[str]:
    every = [step for phase in cycles for step in phase.steps]

    def any_of(part: str) -> bool:
        return any((latency := step.latency(part)) and latency.count for step in every)

    missing = {
        "lag": cycles[0].headline == "service",
        "sign": all(_most(step.latency("sign")) < SIGN_FROM for step in every),
        "connect": not any_of("connect"),
        "build": not any_of("build"),
        # of a client that makes its own client anew: it never knows its delay, and the line is full
        "client_delay": any_of("build") and not any_of("client_delay"),
    }
    return [part for part in COLUMNS if not missing.get(part)]


def attribution(cycles: Cycles) -> Iterator[RenderableType]:
    """Of the requests about the p99, or the p50 where they are too few for that: how much of it was whose."""
    every = [(label, phase, step.whose_ms) for label, rows in steps(cycles) for phase, step in rows]
    name = next((name for name in ATTRIBUTED if any(name in whose for _, _, whose in every)), None)
    if name is None:
        return
    rows = [(label, phase, whose[name]) for label, phase, whose in every if name in whose]
    shown = [part for part in OWNERS if part in ALWAYS or any(getattr(whose, part) for _, _, whose in rows)]
    titles = ((OWNERS[part], "right", 7) for part in shown)
    made = table((f"of the {name}, ms", "left", 14), ("", "left", 3), *titles)
    above = ""
    for label, phase, whose in rows[:MOST]:
        cells = [f"{'≥ ' if part == 'own' and whose.own_at_least else ''}{ms(getattr(whose, part))}" for part in shown]
        add(made, brief(label, LABEL) if label != above else "", cycle(phase), *cells)
        above = label
    yield indented(made)
    if len(rows) > MOST:
        yield line((f"{len(rows) - MOST} more: see --json", DIM), indent=2)
    if (trip := cycles[0].round_trip_ms) is not None:
        yield line((f"a round trip of the network, by the kernel's count: {ms(trip)} ms", DIM), indent=2)


def pair(latency: Latency | None, notes: Footnotes) -> str:
    """`28.2/346`, the p50 and the p99; a dash if there was nothing to measure."""
    if not latency or not latency.count:
        return UNKNOWN
    return f"{notes.cell(latency, 'p50')}/{notes.cell(latency, 'p99')}"


def _most(latency: Latency | None) -> float:
    if not latency:
        return 0.0
    p99 = latency.quantiles.get("p99")
    return (p99 if p99 is not None else latency.max) or 0.0


def _shares(step: Step, headline: str) -> str:
    """The bar. Nothing where no request was ok."""
    outcomes = step.requests.outcomes
    if not outcomes.get("ok"):
        return ""
    before = ("wait",) if headline == "response" else ()
    spent = {part: _spent(step.latency(part)) for part in (*before, "connect", "service", "client_delay")}
    if headline == "response":  # of all requests, the failed ones, too; the rest is of those that were ok or timed out
        timed = outcomes["ok"] + outcomes.get("timeout", 0)
        spent |= {part: _mean(step.latency(part)) * timed for part in ("lag", "sign")}
    return divided(spent, BAR)


def _spent(latency: Latency | None) -> float:
    return latency.spent if latency else 0.0


def _mean(latency: Latency | None) -> float:
    return (latency.mean if latency else None) or 0.0


def divided(times: Mapping[str, float], width: int) -> str:
    """A bar of the parts of a time, by whose they are; connect and client delay are inside service."""
    lag, sign, wait, connect, service, delay = (times.get(part, 0.0) for part in PARTS)
    delay = min(delay, service)
    connect = min(connect, service - delay)
    return bar((("█", service - connect - delay), ("▓", connect), ("▒", wait), ("░", lag + sign + delay)), width)
