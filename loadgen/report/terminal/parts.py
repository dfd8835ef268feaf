"""Where the time went, and whose it was."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Cycles, cycle, place, steps
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import DIM, add, indented, line, table
from loadgen.report.terminal.table import Table
from loadgen.report.words import UNKNOWN, bar, brief, ms
from loadgen.result.latency import Latency
from loadgen.result.run import Attribution, Step

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
    "handshake": "handshake here",
}
ALWAYS = ("value", "target", "own")
NOTABLE = 0.1  # of a time: from here on it is said what the target's own was
MOST = 12  # steps and cycles that are shown


def legend(by: str) -> str:
    """What the bars are made of. `by` is what the report calls the machines that sent the load."""
    return f"share of the time: █ target, network  ▓ connect  ▒ wait, SDK client, held back, handshake  ░ {by}"


def parts(cycles: Cycles, notes: Footnotes) -> Table:
    """p50/p99 of each part by itself, and its share of all the time: sums add up, percentiles do not.

    There is no column for lag if nothing was due, for connect and build if nothing was connected and built, and for
    sign if it took next to nothing.
    """
    shown = _columns(cycles)
    titles = ((part.replace("_", " "), "right", 11) for part in shown)
    made = table(("p50/p99 ms", "left", 14), ("", "left", 3), *titles, ("share", "fixed", BAR))
    for label, rows in steps(cycles):
        for number, (phase, step) in enumerate(rows):
            connect = step.latency("connect")
            notes.resent(f"{place(phase)} {label} connect", connect.resent if connect else None)
            pairs = [pair(step.latency(part), notes) for part in shown]
            share = share_bar(step.attribution("mean"), BAR)
            add(made, "" if number else brief(label, LABEL), cycle(phase), *pairs, share)
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


def attribution(cycles: Cycles, by: str) -> Iterator[RenderableType]:
    """The exchanges around the p99, or around the p50 if they are too few, divided up by whose time it was."""
    every = [(label, phase, step.whose_ms) for label, rows in steps(cycles) for phase, step in rows]
    name = next((name for name in ATTRIBUTED if any(name in whose for _, _, whose in every)), None)
    if name is None:
        return
    rows = [(label, phase, whose[name]) for label, phase, whose in every if name in whose]
    owners = OWNERS | {"own": by}
    shown = [part for part in owners if part in ALWAYS or any(getattr(whose, part) for _, _, whose in rows)]
    titles = ((owners[part], "right", 7) for part in shown)
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


def own_times(cycles: Cycles, by: str) -> Iterator[RenderableType]:
    """Where those who sent it made a good part of a response: what it is without that, and what the target took."""
    said = []
    for label, rows in steps(cycles):
        for phase, step in rows:
            if texts := [text for name in ATTRIBUTED if (text := _own_time(step, name, by))]:
                said.append(" ".join(filter(None, (brief(label, LABEL), cycle(phase)))) + f": {'; '.join(texts)}")
    for text in said[:MOST]:
        yield line(text, indent=2)
    if len(said) > MOST:
        yield line((f"{len(said) - MOST} more: see --json", DIM), indent=2)


def _own_time(step: Step, name: str, by: str) -> str:
    """`p99 1.9 ms, 1.5 of it this machine, target 0.4`."""
    whose, target = step.attribution(name), step.latency("target")
    if not whose or not target or whose.own <= NOTABLE * whose.value:
        return ""
    figure = target.quantile(name)
    if figure.value is None:
        return ""
    at_least = "≥ " if whose.own_at_least else ""
    return f"{name} {ms(whose.value)} ms, {at_least}{ms(whose.own)} of it {by}, target {ms(figure.value)}"


def pair(latency: Latency | None, notes: Footnotes) -> str:
    """`28.2/346`, the p50 and the p99; a dash if nothing was measured."""
    if not latency or not latency.count:
        return UNKNOWN
    return f"{notes.cell(latency, 'p50')}/{notes.cell(latency, 'p99')}"


def _most(latency: Latency | None) -> float:
    if not latency:
        return 0.0
    p99 = latency.quantile("p99").value
    return (p99 if p99 is not None else latency.max) or 0.0


def share_bar(whose: Attribution | None, width: int) -> str:
    """A bar of a time, divided up by whose it was; empty if that is not known."""
    if not whose:
        return ""
    profile = whose.wait + whose.build + whose.held + whose.handshake
    return bar((("█", whose.target), ("▓", whose.connect), ("▒", profile), ("░", whose.own)), width)
