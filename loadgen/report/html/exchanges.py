"""Single exchanges that were kept whole: the slowest, and the first failing ones of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.tables import table
from loadgen.report.navigate import Phases
from loadgen.report.terminal.samples import LOOKUP
from loadgen.report.words import brief, count, ms
from loadgen.result.run import RunResult, Sample

FEW, MOST = 10, 400  # exchanges
TEXT, NAME = 300, 60  # characters
TIMES = ("lag", "sign", "wait", "connect", "ttfb", "service", "client_delay")


def slowest(result: RunResult) -> Content:
    """The slowest first, each with the id by which the target's own logs know it."""
    kept = sorted(result.samples.slowest, key=lambda sample: -sample.whose_ms.value)
    return _table(kept, result, "The five slowest of each step in each phase") if kept else None


def failing(result: RunResult) -> Content:
    kept = result.samples.failed
    return _table(kept, result, "The first three of each kind of failure") if kept else None


def _table(kept: Sequence[Sample], result: RunResult, caption: str) -> Iterable[Content]:
    """The first few, and all of them behind a summary."""
    yield _rows(kept[:FEW], result, caption)
    if len(kept) > FEW:
        summary = element("summary", f"All {count(len(kept[:MOST]))}")
        yield element("details", summary, _rows(kept[:MOST], result, caption))


def _rows(kept: Sequence[Sample], result: RunResult, caption: str) -> Markup:
    phases = Phases(result)
    times = [name for name in TIMES if any(sample.times_ms.get(name) for sample in kept)]
    titles = ("at", "step", "ms", *(name.replace("_", " ") for name in times), "request", "request id, answer")
    last = len(titles) - 1
    return table(titles, [_row(sample, phases, times) for sample in kept], caption, words=(1, last - 1, last))


def _row(sample: Sample, phases: Phases, times: Iterable[str]) -> tuple[Content, ...]:
    step = brief(f"{phases.place(sample.phase, sample.cycle)} {sample.step}", NAME)
    parts = [ms(sample.times_ms.get(name)) for name in times]
    return f"{sample.second:.2f} s", step, ms(sample.whose_ms.value), *parts, _request(sample), _answer(sample)


def _request(sample: Sample) -> Content:
    status = f" → {sample.status}" if sample.status else ""
    why = ": ".join(part for part in (sample.outcome, sample.reason) if part)
    connection = f"{sample.connection.replace('none', 'no')} connection"
    attempt = f", attempt {count(sample.attempt)}" if sample.attempt > 1 else ""
    return [f"{sample.method} {brief(sample.path, NAME)}{status}", _small(f"{brief(why, TEXT)}; {connection}{attempt}")]


def _answer(sample: Sample) -> Content:
    found = [
        f"{name}: {brief(value, TEXT)}"
        for name, value in sample.headers.items()
        if name.lower().endswith(LOOKUP) and value != sample.request_id
    ]
    said = brief(sample.message, TEXT) if sample.message else ""
    leads = f"leads to {brief(sample.location, TEXT)}" if sample.location else ""
    return [sample.request_id or None, [_small(text) for text in (said, leads, *found) if text]]


def _small(text: str) -> Markup:
    return element("span", text, class_="small")
