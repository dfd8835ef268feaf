"""Agreement with the witness: its figure and the workers', the interval for the workers' figure, and the conclusion."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.sentences import sentence
from loadgen.report.terminal.intervals import span
from loadgen.report.terminal.page import DIM, GOOD, STRONG, WARN, Part, add, heading, indented, labelled, line, table
from loadgen.report.words import brief, count, ms, several
from loadgen.result.check import PlannedWitness
from loadgen.result.run import Witness, WitnessFigure

SHOWN = 24  # figures
SAYS: dict[str, Part] = {
    "inside": ("agrees", GOOD),
    "near": ("beside it by too little to tell", DIM),
    "above": ("ABOVE it", WARN),
    "below": ("BELOW it", WARN),
}


def witness(seen: Witness | None) -> Iterator[RenderableType]:
    """Empty for a run without a witness."""
    if not seen:
        return
    of = f"  1 in {count(seen.each)} of the load, at random, beside the workers: "
    yield heading("witness", (of, ""), (f"{several(seen.requests.sent, 'request')}, in no other figure", ""))
    compared = [figure for figure in seen.figures if figure.says]
    if compared:
        made = table(("ms", "left", 16), ("", "left", 14), ("", "left", 13), ("workers", "right", 8),
                     ("witness", "right", 8), ("theirs should be", "right", 16), ("", "text", 12))  # fmt: skip
        for figure in compared[:SHOWN]:
            add(made, *_row(figure))
        yield indented(made)
    if len(compared) > SHOWN:
        yield line((f"{len(compared) - SHOWN} more: see --json", DIM), indent=2)
    missing: dict[str, list[str]] = {}
    for figure in seen.figures:
        if figure.why:
            missing.setdefault(f"no {figure.quantile}: {sentence(figure.why)}", []).append(" ".join(_place(figure)))
    for why, places in missing.items():
        yield labelled((f"{brief(', '.join(places), 40)}: ", DIM), (why, DIM), indent=2)


def agreement(seen: Witness) -> Iterator[Part]:
    """In a few words whether both saw the same."""
    if seen.lost:
        yield "it was lost", WARN
        return
    judged = [figure for figure in seen.figures if figure.says and figure.judged]
    apart = [figure for figure in judged if figure.says in ("above", "below")]
    if apart:
        yield f"{count(len(apart))} of {several(len(judged), 'figure')} differ from what it saw", WARN
    else:
        yield f"it agrees in {several(len(judged), 'figure')}"


def _place(figure: WitnessFigure) -> tuple[str, str]:
    return f"{figure.phase}{f' {figure.cycle}' if figure.cycle > 1 else ''}", figure.step


def _row(figure: WitnessFigure) -> tuple[Part, ...]:
    phase, step = _place(figure)
    says: Part = SAYS.get(figure.says, "")
    if not figure.judged:
        says = ("not judged: they came evenly spaced", DIM)
    apart = f" ({count(figure.left_out)} on other connections apart)" if figure.left_out else ""
    return (
        brief(phase, 20),
        (brief(step, 20), STRONG),
        f"{figure.metric} {figure.quantile}",
        ms(figure.workers_ms),
        ms(figure.witness_ms),
        span(figure.low, figure.high),
        (f"{says[0]}{apart}", says[1]) if isinstance(says, tuple) else says,
    )


def forecast(plan: PlannedWitness) -> list[str]:
    """What `loadgen check --witness` says of one."""
    lines = [f"witness: 1 in {plan.each} of the load, beside the workers; will it have enough to tell?"]
    for step in plan.steps:
        place = brief(f"{step.phase}{f' {step.cycle}' if step.cycle > 1 else ''} {step.step}", 40)
        if step.exchanges is None:
            lines.append(f"  {place}: one user more; how many exchanges that are, the answers decide")
            continue
        needs = [f"{name} {'yes' if step.enough[name] else f'no, {needed:,} are needed'}"
                 for name, needed in step.needed.items()]  # fmt: skip
        shown = "" if step.judged else "; shown and not judged: the workers' arrivals are evenly spaced"
        lines.append(f"  {place}: about {step.exchanges:,} exchanges: {', '.join(needs)}{shown}")
    return [*lines, *(f"  {sentence(warning)}" for warning in plan.warnings), ""]
