"""Phase by phase and step by step: how many requests were sent, and how long they took.

Cycles of a phase are rows of the same table, one below the other, and are never pooled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType

from loadgen.report import invocations
from loadgen.report.beside import pattern
from loadgen.report.navigate import (
    Cycles,
    answered,
    cycle,
    failures_of,
    grouped,
    iterations,
    place,
    repeated,
    skipped,
    started,
    steps,
)
from loadgen.report.terminal.bands import WHOLE, bands
from loadgen.report.terminal.capacity_units import capacity_units
from loadgen.report.terminal.intervals import intervals
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import BAD, DIM, STRONG, WARN, Part, add, heading, indented, labelled, line, table
from loadgen.report.terminal.parts import attribution, own_times, parts
from loadgen.report.terminal.table import Table
from loadgen.report.words import brief, count, listed, rate, reasoned, seconds, several, share
from loadgen.result.latency import Latency
from loadgen.result.run import Beside, Iterations, Phase, Step, Stratum

ARRIVALS = {"poisson": " at random (Poisson)", "constant": " evenly spaced"}
REPORTED = (
    "(reported): a time that the answers told, by the profile's `record` or by the REPORT of an invocation; overhead "
    "is what is left of the client's time"
)
OPERATION = "(operation): all attempts at a request, from due to the last answer, with the back-off between them"
STRATA = 8  # of a step that are printed, the largest
LABEL = 40  # characters
ERRORS = 0.01  # of the requests: from here on, they are red

Timed = Sequence[tuple[Phase, Latency]]


def phase_blocks(phases: Sequence[Phase], notes: Footnotes) -> Iterator[RenderableType]:
    """A block for every measured phase, and a line for each of the others, in the order in which they ran."""
    groups = grouped(phases)
    for phase in phases:
        if not phase.measured:
            yield heading((_unmeasured(phase), DIM))
        elif cycles := groups.pop(phase.name, []):
            yield from _block(cycles, notes)


def beside_blocks(streams: Sequence[Beside], notes: Footnotes) -> Iterator[RenderableType]:
    """A block for every stream beside the phases."""
    for stream in streams:
        when = pattern(stream.at_once, stream.every_s, stream.after_s)
        yield heading(stream.phase.name, (f"  beside the phases: {when}", ""))
        yield from _cycles([stream.phase], notes)


def _unmeasured(phase: Phase) -> str:
    pace = started(phase)
    why = "arrivals went on while the last answers were awaited" if phase.name == "drain" else "not measured"
    at = f" at {rate(pace)}" if pace is not None else ""
    failed = failures_of(phase.requests) or "none"
    return f"{place(phase)}  {why}: {several(phase.requests.sent, 'request')}{at}, {failed} failed"


def _block(cycles: Cycles, notes: Footnotes) -> Iterator[RenderableType]:
    times = cycles[0].cycles
    yield heading(cycles[0].name, (f"  {_load(cycles[0])}{f' · {count(times)} cycles' if times > 1 else ''}", ""))
    yield from _cycles(cycles, notes)


def _cycles(cycles: Cycles, notes: Footnotes) -> Iterator[RenderableType]:
    for phase in cycles:
        number, ledger = cycle(phase), _ledger(phase)
        yield labelled(f"{number}  ", *ledger, indent=2) if number else line(*ledger, indent=2)
    yield from bands(cycles, notes)
    yield indented(_latencies(cycles, notes))
    yield from intervals(cycles, notes)
    services = (step.latency("service") for phase in cycles for step in phase.steps)
    if any(service and service.count for service in services):
        yield indented(parts(cycles, notes))
        yield from attribution(cycles, notes.by.all)
        yield from own_times(cycles, notes.by.all)
    yield from capacity_units(cycles)
    yield from _functions(cycles)


def _functions(cycles: Cycles) -> Iterator[RenderableType]:
    """What the answers of a Lambda function told besides its times."""
    for label, of_step in steps(cycles):
        for phase, step in of_step:
            if of := step.invocations:
                name = " ".join(filter(None, (label, cycle(phase))))
                for words in filter(None, (invocations.source(of), invocations.prepared(of))):
                    yield labelled(f"{brief(name, LABEL)}  ", words, indent=2)
                yield labelled(f"{brief(name, LABEL)}  ", f"billed {invocations.billed(of)}", indent=2)


def _load(phase: Phase) -> str:
    over = f" for {seconds(phase.seconds)}" if phase.seconds else ""
    if phase.kind == "closed":
        return f"closed: {several(phase.users, 'user')}{over}, each starts again when its last iteration is done"
    if phase.kind == "at-once" or not phase.rate:
        return f"{several(phase.iterations.planned, 'iteration')} at once"
    start, end = phase.rate.planned, phase.rate.planned_end
    paced = ARRIVALS.get(phase.arrivals or "", "")
    return f"open: {rate(start)}{f' to {rate(end)}' if end != start else ''}{paced}{over}"


def _ledger(phase: Phase) -> Iterator[Part]:
    """Rate achieved, requests, failures by class, and iterations and requests that were never started or sent."""
    requests, pace = phase.requests, started(phase)
    if pace is not None:
        yield f"{rate(pace)} started"
        if (reached := answered(phase)) is not None:
            yield f", {rate(reached)} answered", WARN
        yield from _held(phase.iterations) if phase.rate else ()
        yield "; "
    more = repeated([phase])
    operations = f" for {several(requests.sent - more, 'operation')}" if more else ""
    yield f"{several(requests.sent, 'request')}{operations}, "
    if requests.failed:
        style = BAD if requests.failed >= requests.sent * ERRORS else WARN
        failing = share(requests.failed, requests.sent)
        yield f"{count(requests.failed)} failed ({failing}): {failures_of(requests)}", style
    else:
        yield "none failed"
    if unsent := phase.iterations.unsent:
        yield f"; {several(unsent, 'iteration')} never started{reasoned(phase.iterations.unsent_why)}", WARN
    if cut := phase.iterations.cut_short:
        yield f"; {several(cut, 'iteration')} cut short", WARN
    if text := listed(skipped(phase)):
        yield f"; requests not made: {text}"


def _held(iterations: Iterations) -> Iterator[Part]:
    """How much of the plan was started. (Random arrivals also differ from their mean rate; that does not count.)"""
    if iterations.planned and iterations.started == iterations.planned:
        yield f", all of the {count(iterations.planned)} planned"
    elif iterations.planned:
        yield f", {share(iterations.started, iterations.planned)} of the {count(iterations.planned)} planned", WARN


def _latencies(cycles: Cycles, notes: Footnotes) -> Table:
    closed = cycles[0].headline == "service"
    columns = [(f"{'service (closed)' if closed else 'response'}, ms", "left", 22), ("", "left", 3)]
    columns += [("requests", "right", 8), ("failed", "right", 6)]
    made = table(*columns, *((name, "right", 7) for name in PERCENTILES))
    rows = _Rows(made, notes)
    for label, of_step in steps(cycles):
        rows.step(label, of_step)
    for scenario, whole in iterations(cycles).items():
        rows.plain(f"{scenario} (iteration)", whole, "")
    return made


class _Rows:
    """Adds the rows of one phase to its table. Rows of the same figure have its label once, on the first cycle."""

    def __init__(self, made: Table, notes: Footnotes) -> None:
        self._made, self._notes = made, notes

    def step(self, label: str, rows: Sequence[tuple[Phase, Step]]) -> None:
        for number, (phase, step) in enumerate(rows):
            sent, bad = step.requests.sent, step.requests.failed
            failing = share(bad, sent), BAD if bad else DIM
            self._row("" if number else label, phase, step.latency(phase.headline), count(sent), failing, of=step)
        self._strata(rows)
        for name in dict.fromkeys(name for _, step in rows for name in step.recorded_ms):
            recorded = [(phase, step.recorded_ms[name]) for phase, step in rows if name in step.recorded_ms]
            self._notes.say(REPORTED)
            self.plain(f"  {name} (reported)", recorded, DIM)
        self._operations(label, rows)

    def _strata(self, rows: Sequence[tuple[Phase, Step]]) -> None:
        strata = _by_stratum(rows)
        for name, of_stratum in strata[:STRATA]:
            timed = [(phase, latency, stratum) for phase, stratum in of_stratum if (latency := _of(stratum, phase))]
            for phase, _, stratum in timed:
                self._notes.unassigned(f"{place(phase)} {name}", stratum.unassigned_timeouts)
            self.plain(f"  {name}", [(phase, latency) for phase, latency, _ in timed], DIM)
        if len(strata) > STRATA:
            add(self._made, f"  {len(strata) - STRATA} more: see --json", style=DIM)

    def _operations(self, label: str, rows: Sequence[tuple[Phase, Step]]) -> None:
        """All attempts of an operation together, if a request may take several."""
        several = [(phase, step, latency) for phase, step in rows if (latency := step.latency("operation"))]
        for number, (phase, step, latency) in enumerate(several):
            attempts = step.attempts
            whole, bad = (sum(attempts.outcomes.values()), attempts.failed) if attempts else (0, 0)
            operations = count(attempts.operations if attempts else None)
            self._notes.say(OPERATION)
            failing = share(bad, whole), BAD if bad else DIM
            self._row("" if number else f"{label} (operation)", phase, latency, operations, failing)
        backoff = [(phase, block) for phase, step, _ in several if (block := step.latency("backoff")) and block.count]
        self.plain("  back-off", backoff, DIM)

    def plain(self, label: str, rows: Timed, style: str) -> None:
        """Rows of latency figures alone."""
        for number, (phase, latency) in enumerate(rows):
            self._row("" if number else label, phase, latency, count(latency.count), "", style)

    def _row(
        self,
        label: str,
        phase: Phase,
        latency: Latency | None,
        number: str,
        bad: Part,
        style: str = "",
        of: Step | None = None,
    ) -> None:
        """`of` is the step whose headline metric the row has."""
        ends = {name: of.ends(name) for name in PERCENTILES} if of else {}
        texts = {name: self._notes.cell(latency, name, ends.get(name)) for name in PERCENTILES}
        cells = [(text, STRONG if name == "p99" else "") for name, text in texts.items()]
        whole = WHOLE if label and any(step.bands for step in phase.steps) else ""
        add(self._made, brief(label, LABEL) + whole, cycle(phase), number, bad, *cells, style=style)


def _of(stratum: Stratum, phase: Phase) -> Latency | None:
    return stratum.latency_ms.get(phase.headline)


def _by_stratum(rows: Iterable[tuple[Phase, Step]]) -> list[tuple[str, list[tuple[Phase, Stratum]]]]:
    """The largest first if there are more than can be shown."""
    strata: dict[str, list[tuple[Phase, Stratum]]] = {}
    for phase, step in rows:
        for stratum in step.strata:
            strata.setdefault(stratum.stratum, []).append((phase, stratum))
    if len(strata) <= STRATA:
        return list(strata.items())
    return sorted(strata.items(), key=lambda item: -sum(stratum.count for _, stratum in item[1]))
