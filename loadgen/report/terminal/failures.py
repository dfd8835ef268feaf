"""What failed, by class, with its own latency."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Found, every_step, headline, metric, place
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import BAD, DIM, add, heading, indented, line, table
from loadgen.report.words import brief, count, reasoned, share

ROWS = 30


def failures(phases: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    """Each class of failure with its own latency."""
    rows = [(*row, failure) for row in every_step(phases) for failure in row[2].get("failures") or []]
    if not rows:
        return
    yield heading("failures", ("  by themselves: of these, only timeouts count in the percentiles above", DIM))
    columns = [("phase", "left", 11), ("step", "left", 10), ("class", "left", 10), ("requests", "right", 8)]
    made = table(*columns, ("of all", "right", 6), ("p50 ms", "right", 7), ("max ms", "right", 7), ("why", "left", 10))
    for phase, label, step, failure in rows[:ROWS]:
        latency = metric(failure, headline(phase)) or metric(failure, "response") or metric(failure, "service")
        number, sent = failure.get("count") or 0, (step.get("requests") or {}).get("sent") or 0
        figures = [notes.cell(latency, name) for name in ("p50", "max")]
        outcome = (brief(str(failure.get("outcome") or ""), 20), BAD)
        why = brief(reasoned(failure.get("reasons")).removeprefix(": "), 120)
        add(made, place(phase), brief(label, 24), outcome, count(number), share(number, sent), *figures, why)
    yield indented(made)
    if len(rows) > ROWS:
        yield line((f"{count(len(rows) - ROWS)} more rows: see --json", DIM), indent=2)
