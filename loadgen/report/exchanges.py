"""What failed, by class, and single exchanges that are worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from loadgen.report.found import Found, every_step, headline, metric, place
from loadgen.report.latency import Footnotes
from loadgen.report.page import BAD, DIM, add, heading, indented, labelled, line, table
from loadgen.report.words import brief, count, known, ms, reasoned, share

FAILURES = 30  # rows
FEW = 5  # exchanges of each kind
# headers by which an exchange is found again in the target's own logs, or that say why it failed
LOOKUP = ("requestid", "request-id", "trace-id", "apigw-id", "cf-id", "errortype", "retry-after", "x-cold")


def failures(phases: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    """Each class of failure with its own latency."""
    rows = [
        (p, label, step, failure) for p, label, step in every_step(phases) for failure in step.get("failures") or []
    ]
    if not rows:
        return
    yield heading("failures", ("  by themselves: of these, only timeouts count in the percentiles above", DIM))
    columns = [("phase", "left", 11), ("step", "left", 10), ("class", "left", 10), ("requests", "right", 8)]
    made = table(*columns, ("of all", "right", 6), ("p50 ms", "right", 7), ("max ms", "right", 7), ("why", "left", 10))
    for phase, label, step, failure in rows[:FAILURES]:
        latency = metric(failure, headline(phase)) or metric(failure, "response") or metric(failure, "service")
        number, sent = failure.get("count") or 0, (step.get("requests") or {}).get("sent") or 0
        figures = [notes.cell(latency, name) for name in ("p50", "max")]
        outcome = (brief(str(failure.get("outcome") or ""), 20), BAD)
        why = brief(reasoned(failure.get("reasons")).removeprefix(": "), 120)
        add(made, place(phase), brief(label, 24), outcome, count(number), share(number, sent), *figures, why)
    yield indented(made)
    if len(rows) > FAILURES:
        yield line((f"{count(len(rows) - FAILURES)} more rows: see --json", DIM), indent=2)


def samples(kept: Found, where: Mapping[tuple[str, int], str]) -> Iterator[RenderableType]:
    """The first failing exchange of each kind and the slowest ones, a few of each."""
    kinds: dict[tuple[Any, ...], Found] = {}
    for sample in kept.get("failed") or []:
        kinds.setdefault((sample.get("step"), sample.get("outcome"), sample.get("reason")), sample)
    slowest = sorted(kept.get("slowest") or [], key=_lasted, reverse=True)
    for title, found in (("first failing", list(kinds.values())), ("slowest", slowest)):
        if found:
            yield heading(title, ("  at second of the run" if title == "slowest" else "  of each kind", DIM))
        for sample in found[:FEW]:
            yield from _sample(sample, where)


def _lasted(sample: Found) -> float:
    times = sample.get("times_ms") or {}
    value = times.get("response") or times.get("service")
    return value if value is not None and known(value) else 0.0


def _sample(sample: Found, where: Mapping[tuple[str, int], str]) -> Iterator[RenderableType]:
    second, status = sample.get("second"), sample.get("status")
    name = str(sample.get("phase") or "")
    phase = where.get((name, sample.get("cycle") or 1), name)
    said = [str(sample.get(key) or "") for key in ("outcome", "reason", "message")]
    style = "" if said[0] == "ok" else BAD
    request = (
        f"{sample.get('method') or ''} {brief(str(sample.get('path') or ''), 60)}{f' → {status}' if status else ''}"
    )
    at = f"{second:8.2f} s  " if second is not None and known(second) else " " * 12
    told = brief(": ".join(part for part in said if part), 160)
    yield labelled(at, f"{phase} {sample.get('step') or ''}  {request}  ", (told, style))
    times = ", ".join(
        f"{key.replace('_', ' ')} {ms(v)}" for key, v in (sample.get("times_ms") or {}).items() if known(v)
    )
    headers = (sample.get("headers") or {}).items()
    ids = [f"{name}: {brief(str(value), 60)}" for name, value in headers if name.lower().endswith(LOOKUP)]
    connection = f"{sample['connection']} connection" if sample.get("connection") else ""
    about = "; ".join(part for part in (f"ms: {times}" if times else "", connection, *ids) if part)
    yield labelled(" " * 12, (about, DIM))
