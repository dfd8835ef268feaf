"""The times that the answers told, and what a Lambda function's answers told besides."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.report import invocations
from loadgen.report.html import spans
from loadgen.report.html.common import MOST
from loadgen.report.html.markup import Content, Markup
from loadgen.report.html.tables import facts, table
from loadgen.report.navigate import every_step, phases_and_beside, place
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.words import brief, count
from loadgen.result.run import RunResult

TITLE = "What the answers told"
NAME = 48  # characters
TEXT = "For each a dot at p50, a line to p99, and a thin one to the longest; ms, on a logarithmic axis."


def reported(result: RunResult) -> Iterator[Content]:
    """A chart of the times with its table, and the facts of each step that calls a function. Nothing if there are
    none."""
    yield _times(result)
    for phase, label, step in every_step(phases_and_beside(result.variant)):
        if of := step.invocations:
            name = brief(f"{place(phase)} {label}", NAME)
            told = [("told", invocations.source(of)), ("beforehand", invocations.prepared(of))]
            told += [("billed", invocations.billed(of))]
            yield facts([(f"{name}: {key}", words) for key, words in told if words])


def _times(result: RunResult) -> Markup | None:
    notes, made = Footnotes(), []
    drawn: list[spans.Span] = []
    every = [
        (f"{place(phase)} {label} {name}", latency)
        for phase, label, step in every_step(phases_and_beside(result.variant))
        for name, latency in step.recorded_ms.items()
    ]
    names = list(dict.fromkeys(name.rpartition(" ")[2] for name, _ in every))
    for whole, latency in every:
        name = brief(whole, NAME)
        made.append((name, count(latency.count), *(notes.cell(latency, each) for each in PERCENTILES)))
        if len(drawn) < 2 * MOST:
            drawn.append(spans.Span(name, latency, names.index(whole.rpartition(" ")[2])))
    if not made:
        return None
    tabled = table(("", "answers", *PERCENTILES), made, f"{TITLE}, ms")
    return spans.chart("reported-chart", TITLE, TEXT, drawn, tabled)
