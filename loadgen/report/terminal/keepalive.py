"""What `loadgen keepalive` found, in one sentence; and whether connections outlive pauses, in a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadgen.report.navigate import Found
from loadgen.report.terminal.page import add, drawn, heading, line, table
from loadgen.report.words import UNKNOWN, count, known, ms, share

QUANTILES = ("p50", "p99")
WORDS = {
    "fresh": "a new connection per request costs",
    "resumed": "one that resumes its TLS session",
}
SHARES = ((0.97, "nearly all"), (0.85, "most"), (0.58, "two thirds"), (0.42, "half"), (0.28, "a third"), (0.1, "some"))
WIDTH = 92


def sentence(result: Found) -> str:
    """The cost of a new connection at p50 and p99 with its intervals, what of it is TLS, and what is this machine's."""
    comparison = result.get("comparison") or {}
    figures = {
        (f["variant"], f["quantile"]): f for f in comparison.get("figures") or [] if f.get("metric") == "response"
    }
    said = [
        f"{words} {costs}"
        for variant, words in WORDS.items()
        if (costs := _costs([figures.get((variant, quantile)) for quantile in QUANTILES]))
    ]
    if not said:
        return "No cost can be told: nothing was measured in every kind of connection."
    parts = {p["part"]: p for p in comparison.get("parts") or [] if p.get("variant") == "fresh"}
    told = "; ".join([*said, *_whose(parts)])
    why = "; ".join(map(str, comparison.get("why_not") or []))
    return f"{told[0].upper()}{told[1:]}." + (f" But no verdict: {why}." if why else "")


def _costs(figures: list[Found | None]) -> str:
    told = []
    for quantile, figure in zip(QUANTILES, figures, strict=True):
        if figure and known(figure.get("difference_ms")):
            low, high = figure.get("difference_low"), figure.get("difference_high")
            interval = f" [{ms(low)}, {ms(high)}]" if known(low) and known(high) else ", no interval,"
            told.append(f"{ms(figure['difference_ms'])} ms{interval} at {quantile}")
    return ", ".join(told)


def _whose(parts: dict[str, Found]) -> list[str]:
    told = []
    whole, tls = (_difference(parts.get(name)) for name in ("response", "tls"))
    if whole and tls and whole > 0:
        word = next((word for least, word in SHARES if tls / whole >= least), "")
        told += [f"{word} of it TLS"] if word else []
    ours = [_difference(parts.get(name)) for name in ("ours", "handshake_cpu", "connect_delay")]
    if ours[0] is None:
        return told
    return [*told, f"this machine's share {ms(max(0.0, sum(each or 0.0 for each in ours)))} ms"]


def _difference(part: Found | None) -> float | None:
    value: Any = (part or {}).get("difference_ms")
    return float(value) if known(value) else None


def idle_table(results: Sequence[Found]) -> str:
    """By pause: how many requests found their connection open, and what the others took."""
    titles = ("requests", "reused", "closed meanwhile", "reused p50 ms", "new p50 ms")
    made = table(("pause", "left", 10), *((title, "right", 10) for title in titles))
    for result in results:
        (variant,) = result["variants"]
        phase, connections = variant["phases"][0], variant["connections"]
        (step,) = phase["steps"]
        by = {label: found["service"].get("p50") for label, found in (step.get("by_connection") or {}).items()}
        sent, again = step["requests"]["sent"], phase["connections"].get("reused", 0)
        fresh = by.get("new") if by.get("new") is not None else by.get("resumed")
        pause = phase["name"].removeprefix("idle-").replace("_", ".")
        reused = share(again, sent) if sent else UNKNOWN
        closed = count(connections.get("closed_idle"))
        add(made, pause, count(sent), reused, closed, ms(by.get("reused")), ms(fresh))
    told = "a connection that the target closed during the pause is replaced, and its request waits for a new one"
    return drawn([heading("what reuse is worth when requests are rare"), made, line(told)], WIDTH, False)
