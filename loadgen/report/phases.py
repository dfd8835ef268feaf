"""Phase by phase and step by step: how much was sent, how long it took, where the time went.

Cycles of a phase are rows of the same table, one below the other, and are never pooled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from loadgen.report.found import Found, cycle, failed, grouped, headline, metric, place, steps
from loadgen.report.latency import PERCENTILES, Footnotes
from loadgen.report.page import BAD, DIM, STRONG, WARN, add, heading, indented, line, table
from loadgen.report.parts import parts
from loadgen.report.words import brief, count, known, listed, rate, seconds, share

STRATA = 8  # of a step that are printed, the largest


def phase_blocks(phases: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    """Every measured phase as a block, and each of the others in a line where it ran."""
    groups = grouped(phases)
    for phase in phases:
        if not phase.get("measured", True):
            yield line((f"\n{_unmeasured(phase)}", DIM))
        elif (cycles := groups.pop(str(phase.get("name", "")), None)) is not None:
            yield from _block(cycles, notes)


def _unmeasured(phase: Found) -> str:
    requests = phase.get("requests") or {}
    said = [f"{count(requests.get('sent') or 0)} requests", *([f"{rate(_started(phase))}"] if _started(phase) else [])]
    outcomes = listed(requests.get("outcomes"), but=("ok",))
    why = "arrivals went on while the last answers were awaited" if phase.get("name") == "drain" else "not measured"
    return f"{place(phase)}: {why}; {', '.join(said)}, {outcomes or '0 failed'}"


def _block(cycles: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    first = cycles[0]
    yield heading((str(first.get("name", "")), STRONG), (f"  {_load(first)}", ""))
    for phase in cycles:
        yield from _ledger(phase)
    yield indented(_latencies(cycles, notes))
    if any(metric(step, headline(phase)).get("count") for phase in cycles for step in phase.get("steps") or []):
        yield indented(parts(cycles, notes))


def _load(phase: Found) -> str:
    planned, lasted = phase.get("rate") or {}, phase.get("seconds")
    over = f" for {seconds(lasted)}" if known(lasted) else ""
    if phase.get("kind") == "closed":
        return f"closed: {count(phase.get('users'))} users{over}, each starts again when its last iteration is done"
    if phase.get("kind") == "at-once":
        return f"{count((phase.get('iterations') or {}).get('planned'))} iterations at once"
    start, end = planned.get("planned"), planned.get("planned_end")
    ramp = f" to {rate(end)}" if known(end) and end != start else ""
    return f"open: {rate(start)}{ramp} planned{over}"


def _ledger(phase: Found) -> Iterator[RenderableType]:
    iterations, requests = phase.get("iterations") or {}, phase.get("requests") or {}
    sent, bad = requests.get("sent") or 0, failed(requests)
    said = [f"{count(sent)} requests: "]
    said[0] += f"{count(bad)} failed ({share(bad, sent)}): {_outcomes(requests)}" if bad else "none failed"
    if unsent := iterations.get("unsent"):
        why = listed(iterations.get("unsent_why"))
        said.append(f"{count(unsent)} iterations never started{f': {why}' if why else ''}")
    skipped: dict[str, int] = {}
    for step in phase.get("steps") or []:
        for why, number in ((step.get("requests") or {}).get("skipped") or {}).items():
            skipped[why] = skipped.get(why, 0) + (number or 0)
    if text := listed({why.replace("_", " "): number for why, number in skipped.items()}):
        said.append(f"steps skipped: {text}")
    style = BAD if sent and bad >= sent / 100 else WARN if bad or iterations.get("unsent") else ""
    number = cycle(phase)
    lead = f"{number}  " if number else ""
    yield line(lead, *_achieved(phase), ("; ".join(said), style), indent=2, hang=len(lead))


def _outcomes(requests: Found) -> str:
    return listed(requests.get("outcomes"), but=("ok",))


def _started(phase: Found) -> float | None:
    value = (phase.get("rate") or {}).get("started")
    return value if known(value) else None


def _achieved(phase: Found) -> list[tuple[str, str]]:
    started, planned = _started(phase), (phase.get("rate") or {}).get("planned")
    if started is None or phase.get("kind") == "at-once":
        return []
    end = (phase.get("rate") or {}).get("planned_end")
    if phase.get("kind") != "open" or not known(planned) or not planned:
        return [(f"{rate(started)} started; ", "")]
    mean = (planned + (end if known(end) and end is not None else planned)) / 2
    if not mean:
        return [(f"{rate(started)} started; ", "")]
    held = abs(started / mean - 1) <= 0.1  # Poisson arrivals of a short phase differ by themselves
    return [(f"{rate(started)} started ({share(started, mean)} of planned); ", "" if held else WARN)]


def _latencies(cycles: list[Found], notes: Footnotes) -> Table:
    closed = headline(cycles[0]) == "service"
    columns = [(f"{'service (closed)' if closed else 'response'}, ms", "left", 22), ("", "left", 3)]
    columns += [("requests", "right", 8), ("failed", "right", 6)]
    made = table(*columns, *((name, "right", 7) for name in PERCENTILES))
    for label, rows in steps(cycles):
        _step_rows(made, label, rows, notes)
    _iteration_rows(made, cycles, notes)
    return made


def _step_rows(made: Table, label: str, rows: list[tuple[Found, Found]], notes: Footnotes) -> None:
    for number, (phase, step) in enumerate(rows):
        requests, latency = step.get("requests") or {}, metric(step, headline(phase))
        sent, bad = requests.get("sent") or 0, failed(requests)
        share_bad = (share(bad, sent), BAD if bad else "")
        notes.remark(f"{place(phase)} {label}", latency)
        _row(made, "" if number else label, phase, latency, count(sent), share_bad, notes)
    for name, found in _strata(rows):
        for number, (phase, stratum) in enumerate(found):
            latency = metric(stratum, headline(phase))
            notes.remark(f"{place(phase)} {label} {name}", latency)
            _row(made, "" if number else f"  {name}", phase, latency, count(stratum.get("count")), "", notes, DIM)
    recorded = dict.fromkeys(name for _, step in rows for name in step.get("recorded_ms") or {})
    for name in recorded:
        for number, (phase, step) in enumerate(rows):
            latency = (step.get("recorded_ms") or {}).get(name) or {}
            shown = "" if number else f"  {name} (reported)"
            _row(made, shown, phase, latency, count(latency.get("count")), "", notes, DIM)


def _strata(rows: list[tuple[Found, Found]]) -> list[tuple[str, list[tuple[Found, Found]]]]:
    found: dict[str, list[tuple[Found, Found]]] = {}
    for phase, step in rows:
        for stratum in step.get("strata") or []:
            found.setdefault(str(stratum.get("stratum") or ""), []).append((phase, stratum))
    largest = sorted(found, key=lambda name: -sum(stratum.get("count") or 0 for _, stratum in found[name]))[:STRATA]
    shown = [(name, found[name]) for name in found if name in largest]
    return [*shown, (f"… {len(found) - STRATA} more: --json", [])] if len(found) > STRATA else shown


def _iteration_rows(made: Table, cycles: list[Found], notes: Footnotes) -> None:
    found: dict[str, list[tuple[Found, Found]]] = {}
    for phase in cycles:
        for whole in phase.get("iteration_ms") or []:
            if not whole.get("stratum") and _steps_of(whole.get("scenario"), phase) > 1:
                found.setdefault(str(whole.get("scenario")), []).append((phase, whole.get("latency") or {}))
    for scenario, rows in found.items():
        for number, (phase, latency) in enumerate(rows):
            shown = "" if number else f"{scenario} (iteration)"
            _row(made, shown, phase, latency, count(latency.get("count")), "", notes)


def _steps_of(scenario: Any, phase: Found) -> int:
    return sum(step.get("scenario") == scenario for step in phase.get("steps") or [])


def _row(
    made: Table,
    label: str,
    phase: Found,
    latency: Found,
    number: str,
    bad: str | tuple[str, str],
    notes: Footnotes,
    style: str = "",
) -> None:
    figures: list[str | tuple[str, str]] = [notes.cell(latency, name) for name in PERCENTILES]
    figures[3] = (str(figures[3]), STRONG)
    add(made, brief(label, 40), cycle(phase), number, bad, *figures, style=style)
