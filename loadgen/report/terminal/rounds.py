"""An experiment while it goes on: its round, its variants, what became of their runs, and what is next."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.report.styles import DIM, STRONG, Part
from loadgen.report.terminal.blocks import Block, Said
from loadgen.report.terminal.line import Line, flow
from loadgen.report.terminal.machine import MARKS
from loadgen.report.words import seconds
from loadgen.runner.progress import Position, Progress

MOST_VARIANTS = 3  # lines of them that there is always room for


def experiment(runs: Sequence[Progress], width: int, said: Said) -> list[Block]:
    position = runs[0].position
    if position is None:
        return []
    where = _standing(runs[0], position, width, said)
    variants = position.verdicts if len(position.verdicts) > 1 else ()
    least = min(len(variants), MOST_VARIANTS)
    return [
        Block(lambda rows: [where], 1, 1),
        Block(lambda rows: _variants(position, variants, width, rows, said), least, len(variants)),
    ]


def _standing(p: Progress, position: Position, width: int, said: Said) -> Line:
    now, pausing = said(", ".join(position.now)), p.state == "pausing"
    if position.capacities:
        return Line((f"{position.each} {position.round} of {position.rounds}", STRONG), f"   {now}").cut(width)
    running = f"{now} run{'s' if len(position.now) == 1 else ''}"
    parts: list[Part] = [
        (f"round {position.round} of {position.rounds}", STRONG),
        (f"next is {now}" if pausing else running, STRONG),
    ]
    if position.left_s is not None and p.total_s is not None:
        left = p.total_s - (0.0 if pausing else min(p.total_s, p.elapsed_s))  # the run to come is like the last one
        parts.append(f"{seconds(round(left + position.left_s))} left of all")
    if position.next:
        where = f" (round {position.next_round})" if position.next_round != position.round else ""
        parts.append(f"then {said(', '.join(position.next))}{where}")
    else:
        parts.append("the last")
    return flow(Line(), parts, width, 1)[0]


def _variants(
    position: Position,
    variants: Sequence[tuple[str, tuple[str, ...]]],
    width: int,
    rows: int,
    said: Said,
) -> list[Line]:
    """A line for each variant: what became of its runs, a mark for each round."""
    at = next((n for n, (name, _) in enumerate(variants) if name in position.now), 0)
    first = max(0, min(at - rows // 2, len(variants) - rows))
    shown = variants[first : first + rows]
    lead = min(max((Line(said(name)).width for name, _ in shown), default=0) + 2, width // 3)
    return [_rounds(position, said(name), verdicts, lead, width, name in position.now) for name, verdicts in shown]


def _rounds(position: Position, name: str, verdicts: Sequence[str], lead: int, width: int, present: bool) -> Line:
    line = Line((Line(name).cut(lead - 1).plain, STRONG if present else "")).pad(lead)
    counts = ", ".join(f"{verdicts.count(word)} {word}" for word in MARKS if verdicts.count(word))
    if position.rounds > width - lead - Line(counts).width - 3:
        return line.add(counts)
    for number in range(1, position.rounds + 1):
        verdict = verdicts[number - 1] if number <= len(verdicts) else ""
        if present and number == position.round:
            line.add("▸", STRONG)
        elif verdict in MARKS:
            line.add(*MARKS[verdict])
        else:
            line.add("┄", DIM)
    return line.add(f"   {counts}" if counts else "", DIM)
