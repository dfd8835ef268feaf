"""What a witness saw beside what the workers did: both figures, the interval that theirs should be in, and the word."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Found
from loadgen.report.terminal.intervals import range_of
from loadgen.report.terminal.page import DIM, GOOD, STRONG, WARN, Part, add, heading, indented, labelled, line, table
from loadgen.report.words import brief, count, ms
from loadgen.result.check import PlannedWitness

SHOWN = 24  # figures
SAYS: dict[str, Part] = {
    "inside": ("agrees", GOOD),
    "near": ("beside it by too little to tell", DIM),
    "above": ("ABOVE it", WARN),
    "below": ("BELOW it", WARN),
}


def witness(found: Found) -> Iterator[RenderableType]:
    """Nothing for a run that had none."""
    if not found:
        return
    requests = found.get("requests") or {}
    told = f"  1 in {count(found.get('each'))} of the load, at random, beside the workers: "
    yield heading("witness", (told, ""), (f"{count(requests.get('sent'))} requests, in no other figure", ""))
    figures = found.get("figures") or []
    there = [figure for figure in figures if figure.get("says")]
    if there:
        made = table(("ms", "left", 16), ("", "left", 14), ("", "left", 13), ("workers", "right", 8),
                     ("witness", "right", 8), ("theirs should be", "right", 16), ("", "left", 12))  # fmt: skip
        for figure in there[:SHOWN]:
            add(made, *_row(figure))
        yield indented(made)
    if len(there) > SHOWN:
        yield line((f"{len(there) - SHOWN} more: see --json", DIM), indent=2)
    missing: dict[str, list[str]] = {}
    for figure in figures:
        if why := str(figure.get("none") or ""):
            missing.setdefault(why, []).append(" ".join(_place(figure)))
    for why, places in missing.items():
        yield labelled((f"{brief(', '.join(places), 40)}: ", DIM), (why, DIM), indent=2)


def _place(figure: Found) -> tuple[str, str]:
    cycle = figure.get("cycle") or 1
    return f"{figure.get('phase')}{f' {cycle}' if cycle > 1 else ''}", str(figure.get("step"))


def _row(figure: Found) -> tuple[Part, ...]:
    phase, step = _place(figure)
    says: Part = SAYS.get(str(figure.get("says")), "")
    if not figure.get("judged"):
        says = ("not judged: they came evenly spaced", DIM)
    left = figure.get("left_out") or 0
    apart = f" ({count(left)} on other connections apart)" if left else ""
    return (
        brief(phase, 20),
        (brief(step, 20), STRONG),
        f"{figure.get('metric')} {figure.get('quantile')}",
        ms(figure.get("workers_ms")),
        ms(figure.get("witness_ms")),
        range_of(figure),
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
    return [*lines, *(f"  {text}" for text in plan.warnings), ""]
