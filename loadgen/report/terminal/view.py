"""All that is known of a run while it goes on, as the lines of a whole screen. Pure.

The screen is made of blocks, one below the other. Each has a least height, which all together fit into 24 lines, and
grows as far as it has more to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loadgen.report.styles import BAD, DIM, STRONG, Part
from loadgen.report.terminal.blocks import LEAD, Block, Said, flowing, gap, shared_out
from loadgen.report.terminal.capacity_curve import FRAME as CURVE
from loadgen.report.terminal.capacity_curve import capacity_curve, so_far
from loadgen.report.terminal.line import Line, filled
from loadgen.report.terminal.machine import trust, workers
from loadgen.report.terminal.plan_chart import FRAME, names_of, plan_chart, time_left
from loadgen.report.terminal.rounds import experiment
from loadgen.report.terminal.traces import traces
from loadgen.report.words import clean, known, seconds, share, short_count
from loadgen.runner.progress import Progress

LEAST_COLUMNS, LEAST_LINES = 80, 24
MOST_CURVE = 14  # rows
STATES = {"draining": "waiting for the last answers", "pausing": "pausing before the next run"}


class Size(NamedTuple):
    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known now: the runs that go on, one, or those of a duet; what was said so far; and whether keys are
    read."""

    runs: tuple[Progress, ...]
    notices: tuple[str, ...] = ()
    keys: bool = False


def view(facts: Facts, size: Size, said: Said = clean) -> list[Line]:
    """Exactly `size.lines` lines of at most `size.columns` columns. `said` makes text of others safe to show."""
    width, first = size.columns, facts.runs[0]
    blocks = [
        Block(lambda rows: [_header(first, width, said)], 1, 1),
        *experiment(facts.runs, width, said),
        *_capacities(first, width, said),
        _plan(first, width, said),
        gap(),
        traces(facts.runs, width, said),
        gap(),
        _answers(facts.runs, width, said),
        workers(facts.runs, width),
        trust(facts.runs, width, said),
        _notices(facts.notices, width, said),
        gap(),
    ]
    heights = shared_out(blocks, size.lines - 1)
    lines = [line for block, rows in zip(blocks, heights, strict=True) for line in filled(block.draw(rows), rows)]
    return [line.cut(width) for line in (*filled(lines, size.lines - 1), _footer(first, facts.keys))]


def _header(p: Progress, width: int, said: Said) -> Line:
    gone = seconds(round(p.elapsed_s)) if known(p.elapsed_s) else "-"
    left = time_left(p) if p.state in ("preparing", "running") else ""
    total = f" of {seconds(round(p.total_s))}" if p.total_s and known(p.total_s) else ""
    names = names_of(p.phases)
    running = said(names[p.phase_number]) if 0 <= p.phase_number < len(names) else said(p.phase)
    state = STATES.get(p.state, running if p.state == "running" else p.state)
    clock = Line((Line(state).cut(width // 3).plain, STRONG), f"   {gone}{total}")
    clock = clock.add(f"   {left}" if left else "", STRONG).cut(width)
    target = said(p.target) if p.target else "the simulated target"
    name = Line((said(p.name), STRONG), (f"  {target}" if p.name else target, DIM))
    if (room := width - clock.width - 2) < LEAD:
        return clock
    return name.cut(room).pad(width - clock.width).join(clock)


def _capacities(p: Progress, width: int, said: Said) -> list[Block]:
    """The curve of the variant that is measured, and a line for each of the others."""
    first, *others = (p.position.capacities if p.position else ()) or (None,)
    if first is None:
        return []
    told = [Line(so_far(of, said)) for of in others if of]
    return [
        Block(lambda rows: capacity_curve(first, width, rows, said), CURVE + 3, CURVE + MOST_CURVE),
        Block(lambda rows: [line.cut(width) for line in told[:rows]], min(1, len(told)), len(told)),
    ]


def _plan(p: Progress, width: int, said: Said) -> Block:
    if p.position and p.position.capacities:
        return gap()  # each step has one rate, which is said above
    names = [said(name) for name in names_of(p.phases)]
    return Block(lambda rows: plan_chart(p, names, width, rows), FRAME + 3, FRAME + MOST_CURVE)


def _answers(runs: Sequence[Progress], width: int, said: Said) -> Block:
    ok = sum(p.ok for p in runs)
    failed: dict[str, int] = {}
    for p in runs:
        for outcome, number in p.failed.items():
            failed[outcome] = failed.get(outcome, 0) + number
    total = ok + sum(failed.values())
    parts: list[Part] = [f"{short_count(ok)} ok"]
    for outcome, number in sorted(failed.items(), key=lambda item: -item[1]):
        parts.append((f"{short_count(number)} {said(outcome)} ({share(number, total)})", BAD))
    if not failed:
        parts.append("0 failed")
    return flowing("answers", parts, width, 4)


def _notices(notices: Sequence[str], width: int, said: Said) -> Block:
    return Block(
        lambda rows: [Line(said(text)).cut(width) for text in notices[-rows:]] if rows else [],
        min(1, len(notices)),
        min(6, len(notices)),
    )


def _footer(p: Progress, keys: bool) -> Line:
    key = "q or Ctrl-C" if keys else "Ctrl-C"
    if p.state == "stopping":
        return Line((f"{key} once more: give up what is open, and report", STRONG))
    return Line((f"{key}: stop, wait for what is open, and report", DIM))
