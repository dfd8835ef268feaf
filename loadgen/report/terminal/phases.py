"""Phase by phase and step by step: how much was sent, and how long it took.

Cycles of a phase are rows of the same table, one below the other, and are never pooled.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from loadgen.report.navigate import (
    Found,
    Rows,
    cycle,
    failed,
    failures_of,
    grouped,
    headline,
    metric,
    named,
    place,
    repeated,
    skipped,
    started,
    steps,
    wholes,
)
from loadgen.report.terminal.capacity_units import tallies
from loadgen.report.terminal.intervals import intervals
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import BAD, DIM, STRONG, WARN, Part, add, heading, indented, labelled, line, table
from loadgen.report.terminal.parts import parts, whose
from loadgen.report.words import brief, count, listed, rate, reasoned, seconds, share

ARRIVALS = {"poisson": " at random (Poisson)", "constant": " evenly spaced"}
REPORTED = "(reported): a time that the answers told, by the profile's `record`; not measured here"
OPERATION = "(operation): all attempts at a request, from due to the last answer, with the back-off between them"
STRATA = 8  # of a step that are printed, the largest
LABEL = 40  # characters
ERRORS = 0.01  # of the requests: from here on, they are red


def phase_blocks(phases: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    """Every measured phase as a block, and each of the others in one line, where they ran."""
    groups = grouped(phases)
    for phase in phases:
        if not phase.get("measured", True):
            yield heading((_unmeasured(phase), DIM))
        elif cycles := groups.pop(named(phase), []):
            yield from _block(cycles, notes)


def _unmeasured(phase: Found) -> str:
    requests, pace = phase.get("requests") or {}, started(phase)
    why = "arrivals went on while the last answers were awaited" if phase.get("name") == "drain" else "not measured"
    at = f" at {rate(pace)}" if pace is not None else ""
    said = f"{count(requests.get('sent') or 0)} requests{at}, {failures_of(requests) or 'none'} failed"
    return f"{place(phase)}  {why}: {said}"


def _block(cycles: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    times = cycles[0].get("cycles") or 1
    yield heading(named(cycles[0]), (f"  {_load(cycles[0])}{f' · {count(times)} cycles' if times > 1 else ''}", ""))
    for phase in cycles:
        number, ledger = cycle(phase), _ledger(phase)
        yield labelled(f"{number}  ", *ledger, indent=2) if number else line(*ledger, indent=2)
    yield indented(_latencies(cycles, notes))
    yield from intervals(cycles, notes)
    if any(metric(step, "service").get("count") for phase in cycles for step in phase.get("steps") or []):
        yield indented(parts(cycles, notes))
        yield from whose(cycles)
    yield from tallies(cycles)


def _load(phase: Found) -> str:
    lasted, kind = phase.get("seconds"), phase.get("kind")
    over = f" for {seconds(lasted)}" if lasted else ""
    if kind == "closed":
        return f"closed: {count(phase.get('users'))} users{over}, each starts again when its last iteration is done"
    if kind == "at-once":
        return f"{count((phase.get('iterations') or {}).get('planned'))} iterations at once"
    rates = phase.get("rate") or {}
    start, end = rates.get("planned"), rates.get("planned_end")
    paced = ARRIVALS.get(phase.get("arrivals") or "", "")
    return f"open: {rate(start)}{f' to {rate(end)}' if end not in (None, start) else ''}{paced}{over}"


def _ledger(phase: Found) -> Iterator[Part]:
    """Rate achieved, requests, failures by class, and what was never started or sent."""
    requests, iterations, pace = phase.get("requests") or {}, phase.get("iterations") or {}, started(phase)
    if pace is not None:
        yield f"{rate(pace)} started"
        yield from _held(iterations) if phase.get("rate") else ()
        yield "; "
    sent, bad = requests.get("sent") or 0, failed(requests)
    several = f" for {count(sent - more)} operations" if (more := repeated([phase])) else ""
    yield f"{count(sent)} requests{several}, "
    if bad:
        style = BAD if bad >= sent * ERRORS else WARN
        yield f"{count(bad)} failed ({share(bad, sent)}): {failures_of(requests)}", style
    else:
        yield "none failed"
    if unsent := iterations.get("unsent"):
        yield f"; {count(unsent)} iterations never started{reasoned(iterations.get('unsent_why'))}", WARN
    if cut := iterations.get("cut_short"):
        yield f"; {count(cut)} iterations cut short", WARN
    if text := listed(skipped(phase)):
        yield f"; requests not made: {text}"


def _held(iterations: Found) -> Iterator[Part]:
    """How much of what was to be started was. (Arrivals at random differ from their mean rate: that is not it.)"""
    due, begun = iterations.get("planned"), iterations.get("started")
    if due and begun == due:
        yield f", all of the {count(due)} planned"
    elif due and begun is not None:
        yield f", {share(begun, due)} of the {count(due)} planned", WARN


def _latencies(cycles: list[Found], notes: Footnotes) -> Table:
    closed = headline(cycles[0]) == "service"
    columns = [(f"{'service (closed)' if closed else 'response'}, ms", "left", 22), ("", "left", 3)]
    columns += [("requests", "right", 8), ("failed", "right", 6)]
    made = table(*columns, *((name, "right", 7) for name in PERCENTILES))
    rows = _Rows(made, notes)
    for label, found in steps(cycles):
        rows.step(label, found)
    for scenario, found in wholes(cycles).items():
        rows.plain(f"{scenario} (iteration)", found, "")
    return made


class _Rows:
    """Adds the rows of one phase to its table: what belongs together has its label once, on its first cycle."""

    def __init__(self, made: Table, notes: Footnotes) -> None:
        self._made, self._notes = made, notes

    def step(self, label: str, rows: Rows) -> None:
        for number, (phase, step) in enumerate(rows):
            requests, latency = step.get("requests") or {}, metric(step, headline(phase))
            sent, bad = requests.get("sent") or 0, failed(requests)
            self._notes.remark(f"{place(phase)} {label}", latency)
            self._row("" if number else label, phase, latency, count(sent), (share(bad, sent), BAD if bad else DIM))
        strata = _strata(rows)
        for name, found in strata[:STRATA]:
            self.plain(f"  {name}", [(phase, _counted(stratum, phase)) for phase, stratum in found], DIM)
        if len(strata) > STRATA:
            add(self._made, f"  {len(strata) - STRATA} more: see --json", style=DIM)
        for name in dict.fromkeys(name for _, step in rows for name in step.get("recorded_ms") or {}):
            found = [(phase, (step.get("recorded_ms") or {}).get(name) or {}) for phase, step in rows]
            self._notes.say(REPORTED)
            self.plain(f"  {name} (reported)", found, DIM)
        self._operations(label, [(phase, step) for phase, step in rows if metric(step, "operation")])

    def _operations(self, label: str, rows: Rows) -> None:
        """Attempts together, where a request may take several."""
        for number, (phase, step) in enumerate(rows):
            attempts, latency, name = step.get("attempts") or {}, metric(step, "operation"), f"{label} (operation)"
            whole, bad = sum(n or 0 for n in (attempts.get("outcomes") or {}).values()), failed(attempts)
            self._notes.say(OPERATION)
            self._notes.remark(f"{place(phase)} {name}", latency)
            failing = share(bad, whole), BAD if bad else DIM
            self._row("" if number else name, phase, latency, count(attempts.get("operations")), failing)
        backoff = [(phase, metric(step, "backoff")) for phase, step in rows if metric(step, "backoff").get("count")]
        self.plain("  back-off", backoff, DIM)

    def plain(self, label: str, rows: Rows, style: str) -> None:
        """Rows of latency figures alone."""
        for number, (phase, latency) in enumerate(rows):
            self._notes.remark(f"{place(phase)} {label.strip()}", latency)
            self._row("" if number else label, phase, latency, count(latency.get("count")), "", style)

    def _row(self, label: str, phase: Found, latency: Found, number: str, bad: Part, style: str = "") -> None:
        figures = [(self._notes.cell(latency, name), STRONG if name == "p99" else "") for name in PERCENTILES]
        add(self._made, brief(label, LABEL), cycle(phase), number, bad, *figures, style=style)


def _counted(stratum: Found, phase: Found) -> Found:
    return {"count": stratum.get("count"), **metric(stratum, headline(phase))}


def _strata(rows: Rows) -> list[tuple[str, Rows]]:
    """By stratum, the largest first if there are more than can be shown."""
    found: dict[str, Rows] = {}
    for phase, step in rows:
        for stratum in step.get("strata") or []:
            found.setdefault(str(stratum.get("stratum") or ""), []).append((phase, stratum))
    if len(found) <= STRATA:
        return list(found.items())
    return sorted(found.items(), key=lambda item: -sum(stratum.get("count") or 0 for _, stratum in item[1]))
