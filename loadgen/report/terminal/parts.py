"""Where the time went, by whose it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table

from loadgen.report.navigate import Found, cycle, headline, metric, place, steps
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import DIM, add, indented, line, table
from loadgen.report.words import UNKNOWN, bar, brief, known, ms

PARTS = ("lag", "sign", "wait", "connect", "service", "client_delay")
COLUMNS = ("lag", "sign", "build", "wait", "connect", "service", "client_delay")
BAR = 10
LABEL = 40  # characters
SIGN_FROM = 0.1  # ms at p99, or at most where that is not known
WHOSE = ("p99", "p50")
WHOSE_PARTS = {
    "value": "in all",
    "target": "target, network",
    "connect": "connect",
    "wait": "wait",
    "build": "SDK client",
    "held": "held back",
    "own": "this machine",
}
ALWAYS = ("value", "target", "own")
MOST = 12  # steps and cycles that are told
LEGEND = "share: █ service  ▓ connect  ▒ wait for a connection  ░ ours (lag, sign, client delay)"


def parts(cycles: list[Found], notes: Footnotes) -> Table:
    """p50/p99 of each part by itself, and its share of all the time: sums add up, percentiles do not.

    There is no column for lag where nothing is due, for connect and build where nothing was connected and built, for
    signing where it took next to nothing.
    """
    every = [step for phase in cycles for step in phase.get("steps") or []]
    unseen = {
        "lag": headline(cycles[0]) == "service",
        "sign": all(_most(metric(step, "sign")) < SIGN_FROM for step in every),
        **{part: not any(metric(step, part).get("count") for step in every) for part in ("connect", "build")},
    }
    if not unseen["build"]:  # by a client that never knows its delay, and the line is full
        unseen["client_delay"] = not any(metric(step, "client_delay").get("count") for step in every)
    shown = [part for part in COLUMNS if not unseen.get(part)]
    titles = ((part.replace("_", " "), "right", 11) for part in shown)
    made = table(("p50/p99 ms", "left", 14), ("", "left", 3), *titles, ("share", "left", BAR))
    for label, rows in steps(cycles):
        for number, (phase, step) in enumerate(rows):
            notes.remark(f"{place(phase)} {label} connect", metric(step, "connect"))
            pairs = [pair(metric(step, part), notes) for part in shown]
            add(made, "" if number else brief(label, LABEL), cycle(phase), *pairs, _shares(step, headline(phase)))
    return made


def whose(cycles: list[Found]) -> Iterator[RenderableType]:
    """Of the requests about the p99, or the p50 where they are too few for that: how much of it was whose."""
    rows = [(label, phase, step.get("whose_ms")) for label, found in steps(cycles) for phase, step in found]
    name = next((name for name in WHOSE if any(of and name in of for _, _, of in rows)), None)
    if name is None:
        return
    found = [(label, phase, of[name]) for label, phase, of in rows if of and name in of]
    shown = [part for part in WHOSE_PARTS if part in ALWAYS or any(of.get(part) for _, _, of in found)]
    titles = ((WHOSE_PARTS[part], "right", 7) for part in shown)
    made = table((f"of the {name}, ms", "left", 14), ("", "left", 3), *titles)
    above = ""
    for label, phase, of in found[:MOST]:
        cells = [f"{'≥ ' if part == 'own' and of.get('own_at_least') else ''}{ms(of.get(part))}" for part in shown]
        add(made, brief(label, LABEL) if label != above else "", cycle(phase), *cells)
        above = label
    yield indented(made)
    if len(found) > MOST:
        yield line((f"{len(found) - MOST} more: see --json", DIM), indent=2)
    if (trip := cycles[0].get("round_trip_ms")) is not None:
        yield line((f"a round trip of the network, by the kernel's count: {ms(trip)} ms", DIM), indent=2)


def pair(latency: Found, notes: Footnotes) -> str:
    """`28.2/346`, the p50 and the p99; a dash if there was nothing to measure."""
    if not latency.get("count"):
        return UNKNOWN
    return f"{notes.cell(latency, 'p50')}/{notes.cell(latency, 'p99')}"


def _most(latency: Found) -> float:
    figure = latency.get("p99")
    return (figure if figure is not None else latency.get("max")) or 0.0


def _shares(step: Found, whole: str) -> str:
    """The bar. Nothing where the sum is not known, or no request was ok."""
    outcomes = (step.get("requests") or {}).get("outcomes") or {}
    if _spent(metric(step, "service")) is None or not outcomes.get("ok"):
        return ""
    before = ("wait",) if whole == "response" else ()
    spent = {part: _spent(metric(step, part)) for part in (*before, "connect", "service", "client_delay")}
    if whole == "response":  # of all requests, the failed ones, too; the rest is of those that were ok or timed out
        timed = outcomes["ok"] + outcomes.get("timeout", 0)
        spent |= {part: (metric(step, part).get("mean") or 0.0) * timed for part in ("lag", "sign")}
    return divided(spent, BAR)


def divided(times: Mapping[str, float | None], width: int) -> str:
    """A bar of the parts of a time, by whose they are; connect and client delay are inside service."""
    lag, sign, wait, connect, service, delay = (
        value if value is not None and known(value) else 0.0 for value in map(times.get, PARTS)
    )
    delay = min(delay, service)
    connect = min(connect, service - delay)
    return bar((("█", service - connect - delay), ("▓", connect), ("▒", wait), ("░", lag + sign + delay)), width)


def _spent(latency: Found) -> float | None:
    """The ms that all of them took together, timeouts as long as they were waited for."""
    if known(spent := latency.get("spent")):
        return spent
    number, mean = latency.get("count"), latency.get("mean")
    return number * mean if number and mean is not None and known(mean) else None
