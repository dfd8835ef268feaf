"""Failures by class, each with its own latency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType

from loadgen.report.navigate import every_step, place
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import BAD, DIM, add, heading, indented, labelled, line, table
from loadgen.report.words import brief, count, reasoned, share
from loadgen.result.run import Phase, Sample

ROWS = 30
MESSAGE = 100  # characters of an answer


def failures(phases: Iterable[Phase], notes: Footnotes) -> Iterator[RenderableType]:
    """Each class of failure with its own latency."""
    rows = [(*row, failure) for row in every_step(phases) for failure in row[2].failures]
    if not rows:
        return
    yield heading("failures", ("  by themselves: of these, only timeouts count in the percentiles above", DIM))
    columns = [("phase", "left", 11), ("step", "left", 10), ("class", "left", 10), ("requests", "right", 8)]
    made = table(*columns, ("of all", "right", 6), ("p50 ms", "right", 7), ("max ms", "right", 7), ("why", "text", 10))
    for phase, label, step, failure in rows[:ROWS]:
        figures = [notes.cell(failure.latency_ms.get(phase.headline), name) for name in ("p50", "max")]
        of_all = share(failure.count, step.requests.sent)
        why = brief(reasoned(failure.reasons).removeprefix(": "), 120)
        outcome = (brief(failure.outcome, 20), BAD)
        add(made, place(phase), brief(label, 24), outcome, count(failure.count), of_all, *figures, why)
    yield indented(made)
    if len(rows) > ROWS:
        yield line((f"{count(len(rows) - ROWS)} more rows: see --json", DIM), indent=2)


def answers(failed: Iterable[Sample]) -> Iterator[RenderableType]:
    """What the first failing answer said, for a screen that has room for one line."""
    for sample in failed:
        said = sample.message or (f"leads to {sample.location}" if sample.location else "")
        if said:
            what = f"{sample.method} {brief(sample.path, 24)} → {sample.status}".strip()
            yield labelled(("first fault ", DIM), f"{what}: {brief(said, MESSAGE)}")
            return
