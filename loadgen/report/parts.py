"""Where the time went, by whose it was."""

from __future__ import annotations

from rich.table import Table

from loadgen.report.found import Found, cycle, headline, metric, steps
from loadgen.report.latency import Footnotes
from loadgen.report.page import add, table
from loadgen.report.words import UNKNOWN, bar, brief, known

PARTS = ("lag", "sign", "wait", "connect", "service", "client_delay")
BAR = 12
SIGN_FROM = 0.1  # ms at p99: below it, signing has no column of its own
LEGEND = "█ service  ▓ connect  ▒ wait  ░ ours (lag, sign, client delay)"


def parts(cycles: list[Found], notes: Footnotes) -> Table:
    """p50/p99 of each part by itself, and what share of all the time each took: the means, unlike percentiles, add up."""
    signed = any(
        known(p := metric(s, "sign").get("p99")) and p >= SIGN_FROM for c in cycles for s in c.get("steps") or []
    )
    shown = [part for part in PARTS if part != "sign" or signed]
    titles = ((part.replace("_", " "), "right", 11) for part in shown)
    made = table(("where it went, p50/p99 ms", "left", 16), ("", "left", 3), *titles, ("of all time", "left", BAR))
    for label, rows in steps(cycles):
        for number, (phase, step) in enumerate(rows):
            pairs = [pair(metric(step, part), notes) for part in shown]
            add(made, "" if number else brief(label, 40), cycle(phase), *pairs, _shares(step, headline(phase)))
    return made


def pair(latency: Found, notes: Footnotes) -> str:
    if not latency.get("count"):
        return UNKNOWN
    return f"{notes.cell(latency, 'p50')}/{notes.cell(latency, 'p99')}"


def _shares(step: Found, whole: str) -> str:
    spent = {part: _spent(metric(step, part)) for part in PARTS}
    if not spent["service"]:
        return ""
    delay = min(spent["client_delay"], spent["service"])
    connect = min(spent["connect"], spent["service"] - delay)
    ours = delay if whole == "service" else delay + spent["lag"] + spent["sign"]
    wait = 0.0 if whole == "service" else spent["wait"]
    return bar((("█", spent["service"] - connect - delay), ("▓", connect), ("▒", wait), ("░", ours)), BAR)


def _spent(latency: Found) -> float:
    number, mean = latency.get("count"), latency.get("mean")
    return number * mean if number and mean is not None and known(mean) else 0.0
