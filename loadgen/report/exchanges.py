"""What failed, single exchanges worth a look, and what connections cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType

from loadgen.report.found import Found, grouped, headline, metric, place, steps
from loadgen.report.latency import Footnotes
from loadgen.report.page import BAD, DIM, add, heading, indented, line, table
from loadgen.report.parts import pair
from loadgen.report.words import brief, count, known, listed, ms

FAILURES = 30  # rows
FEW = 5  # exchanges of each kind
LOOKUP = ("requestid", "request-id", "trace-id", "apigw-id", "cf-id", "errortype", "retry-after", "x-cold")


def failures(phases: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    """Each class of failure with its own latency, which is not in the tables above."""
    rows = [
        (phase, label, failure)
        for cycles in grouped(phases).values()
        for label, found in steps(cycles)
        for phase, step in found
        for failure in step.get("failures") or []
    ]
    if not rows:
        return
    yield heading("failures, ms", (" by themselves: not in the percentiles above, but for timeouts", DIM))
    columns = [("phase", "left", 14), ("step", "left", 10), ("class", "left", 10), ("requests", "right", 8)]
    made = table(*columns, ("p50", "right", 7), ("p99", "right", 7), ("max", "right", 7), ("why", "left", 20))
    for phase, label, failure in rows[:FAILURES]:
        latency = metric(failure, headline(phase)) or metric(failure, "service")
        figures = [notes.cell(latency, name) for name in ("p50", "p99", "max")]
        why = brief(listed(failure.get("reasons")), 120)
        outcome = (brief(str(failure.get("outcome", "")), 20), BAD)
        add(made, place(phase), brief(label, 24), outcome, count(failure.get("count")), *figures, why)
    yield indented(made)
    if len(rows) > FAILURES:
        yield line((f"{len(rows) - FAILURES} more rows: see --json", DIM), indent=2)


def connections(variant: Found, notes: Footnotes) -> Iterator[RenderableType]:
    """How many connections, and what a new one cost beside a reused one."""
    total = variant.get("connections") or {}
    yield heading("connections")
    said = [
        f"{count(total.get('opened') or 0)} opened",
        _if(total, "preopened", "{} of them before the load"),
        _if(total, "resumed", "{} resumed TLS"),
        _if(total, "failed", "{} failed"),
        f"{count(total.get('reused') or 0)} requests on one that was open already",
        _if(total, "closed_idle", "{} closed by the target while idle, and replaced"),
        _if(total, "peak", "at most {} at once"),
    ]
    yield line(", ".join(part for part in said if part), indent=2)
    rows = [
        (phase, label, step)
        for cycles in grouped(variant.get("phases") or []).values()
        for label, found in steps(cycles)
        for phase, step in found
        if metric(step, "connect").get("count")
    ]
    if rows:
        yield indented(_by_connection(rows, notes))


def _if(counts: Found, name: str, text: str) -> str:
    return text.format(count(counts[name])) if counts.get(name) else ""


def _by_connection(rows: list[tuple[Found, str, Found]], notes: Footnotes) -> RenderableType:
    kinds = [kind for kind in ("new", "resumed", "reused") if any(_label(step, kind) for _, _, step in rows)]
    pieces = [part for part in ("dns", "tcp", "tls") if any(metric(step, part).get("count") for _, _, step in rows)]
    titles = [(f"service, {kind}", "right", 17) for kind in kinds] + [(part, "right", 10) for part in pieces]
    made = table(("p50/p99 ms", "left", 20), *titles)
    for phase, label, step in rows:
        services = [_counted(_label(step, kind), notes) for kind in kinds]
        add(
            made, f"{place(phase)} {brief(label, 24)}", *services, *(pair(metric(step, part), notes) for part in pieces)
        )
    return made


def _label(step: Found, kind: str) -> Found:
    return (step.get("by_connection") or {}).get(kind) or {}


def _counted(found: Found, notes: Footnotes) -> str:
    service = found.get("service")
    return f"{count(found.get('count'))}: {pair(service, notes)}" if service and found.get("count") else "–"


def samples(kept: Found) -> Iterator[RenderableType]:
    """The first failing exchange of each kind and the slowest ones, a few of each."""
    kinds: dict[tuple[Any, ...], Found] = {}
    for sample in kept.get("failed") or []:
        kinds.setdefault((sample.get("step"), sample.get("outcome"), sample.get("reason")), sample)
    slowest = sorted(kept.get("slowest") or [], key=_lasted, reverse=True)
    for title, found in (("first failing", list(kinds.values())), ("slowest", slowest)):
        if found:
            yield heading(title)
            for sample in found[:FEW]:
                yield line(*_sample(sample), indent=2, hang=4)


def _lasted(sample: Found) -> float:
    times = sample.get("times_ms") or {}
    value = times.get("response") or times.get("service")
    return value if known(value) and value is not None else 0.0


def _sample(sample: Found) -> list[str | tuple[str, str]]:
    times = sample.get("times_ms") or {}
    second, status = sample.get("second"), sample.get("status")
    at = f"{second:.2f} s" if second is not None and known(second) else ""
    where = f"{place({'name': sample.get('phase'), 'cycle': sample.get('cycle')})} {sample.get('step', '')}"
    request = f"{sample.get('method', '')} {brief(str(sample.get('path', '')), 60)}"
    ok = sample.get("outcome") == "ok"
    said = [str(sample.get("outcome", "")), str(sample.get("reason") or ""), str(sample.get("message") or "")]
    parts = ", ".join(f"{name.replace('_', ' ')} {ms(value)}" for name, value in times.items() if known(value))
    ids = ", ".join(f"{k}: {v}" for k, v in (sample.get("headers") or {}).items() if k.lower().endswith(LOOKUP))
    answer = f" → {status}" if status else ""
    return [
        f"{at:>9}  {where}  {request}{answer}  ",
        (brief(": ".join(part for part in said if part), 160), "" if ok else BAD),
        (f"  ms: {parts}; {sample.get('connection', '')} connection{f'; {brief(ids, 160)}' if ids else ''}", DIM),
    ]
