"""The plan of a run as a curve over its time, with now, what was completed so far, and the phases below it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from loadgen.report.styles import DIM, STRONG
from loadgen.report.terminal.chart import against, peak
from loadgen.report.terminal.line import PRESENT, Line
from loadgen.report.words import ending, known, seconds, short_count, short_rate
from loadgen.runner.course import Point
from loadgen.runner.progress import PlannedPhase, Progress

SCALE = 11  # columns of the rate beside the curve
FRAME = 3  # lines about the curve: its title, its time, its phases
LEAST_NAMED = 3  # columns of a phase that its name is in
UNPLANNED = 4 / 3  # the time that is shown where nobody knows how long it takes: so many times what has gone by
LEAST_SPAN = 30.0  # seconds of it

Spans = list[tuple[PlannedPhase, float, float]]


def plan_chart(p: Progress, names: Sequence[str], width: int, rows: int) -> list[Line]:
    """In `rows` lines. `names` are those of the phases."""
    columns = max(1, width - SCALE)
    span = span_of(p)
    placed = spans(p.phases, span)
    step = span / columns
    edges = [column * step for column in range(columns + 1)]
    planned = planned_rates(placed, edges)
    been = min(columns, max(0, math.ceil(p.elapsed_s / step))) if p.state != "preparing" else 0
    done = [completed(p.points, edges[column], edges[column + 1]) for column in range(been)]
    top = peak([*planned, *done])
    lines = [_title(p).cut(width)]
    scales = {0: short_rate(top), rows - FRAME - 1: "0"} if top else {}
    for row, curve in enumerate(against(done, planned, rows - FRAME, top)):
        scale = Line((f"{scales.get(row, '')[: SCALE - 2]:>{SCALE - 2}}  ", DIM))
        lines.append(scale.join(curve))
    lines.append(_axis(p, span, columns, max(0, been - 1)).cut(width))
    lines.append(_phases(p, placed, names, span, columns).cut(width))
    return lines


def span_of(p: Progress) -> float:
    """The seconds that the chart covers."""
    if p.total_s:
        return max(p.total_s, p.elapsed_s)
    return max(LEAST_SPAN, p.elapsed_s * UNPLANNED)


def spans(phases: Sequence[PlannedPhase], end: float) -> Spans:
    """The phases, each with its beginning and end in seconds, up to the first whose length nobody knows: that one lasts
    to the end, as far as anybody knows."""
    found: Spans = []
    at = 0.0
    for phase in phases:
        if at >= end:
            break
        ends = end if phase.seconds is None else at + phase.seconds
        found.append((phase, at, ends))
        if phase.seconds is None:
            break
        at = ends
    return found


def planned_rates(placed: Spans, edges: Sequence[float]) -> list[float | None]:
    """The highest planned rate in each column, which lie between `edges`; None where none is planned."""
    found: list[float | None] = [None] * (len(edges) - 1)
    step = edges[1] - edges[0]
    for phase, begins, ends in placed:
        if not phase.rates or ends <= begins:
            continue
        first = min(len(found) - 1, int(begins / step))
        for column in range(first, len(found)):
            low, high = max(begins, edges[column]), min(ends, edges[column + 1])
            if low >= ends:
                break
            highest = max(_rates(phase.rates, (low - begins) / (ends - begins), (high - begins) / (ends - begins)))
            found[column] = max(highest, found[column] or 0.0)
    return found


def _rates(rates: Sequence[float], low: float, high: float) -> Iterator[float]:
    """The rates of a phase between two parts of its time, 0 to 1: at both ends, and those known in between."""
    parts = len(rates) - 1
    for at in (low, high):
        whole = min(parts - 1, max(0, int(at * parts)))
        rest = at * parts - whole
        yield rates[whole] * (1 - rest) + rates[whole + 1] * rest
    yield from rates[math.ceil(low * parts) : math.floor(high * parts) + 1]


def completed(points: Sequence[Point], begins: float, ends: float) -> float | None:
    """The iterations a second that were completed between two times; None if that is not known."""
    if not points or begins >= points[-1].at_s:
        return None
    ends = min(ends, points[-1].at_s)
    return (_sum(points, ends) - _sum(points, begins)) / (ends - begins) if ends > begins else None


def _sum(points: Sequence[Point], at: float) -> float:
    """How many were completed by then, evenly between two points."""
    number = min(len(points) - 1, bisect_left(points, at, key=lambda point: point.at_s))
    after, before = points[number], points[max(0, number - 1)]
    if after.at_s <= before.at_s:
        return after.completed
    part = min(1.0, max(0.0, (at - before.at_s) / (after.at_s - before.at_s)))
    return before.completed + part * (after.completed - before.completed)


def _title(p: Progress) -> Line:
    line = Line(("iterations a second", STRONG))
    line.add(f"   {short_count(p.started)} started")
    if p.planned is not None:
        line.add(f" of {short_count(p.planned)}")
    if any(phase.rates for phase in p.phases):
        return line.add("   █ completed ░ planned", DIM)
    return line.add("   █ completed; users set the pace", DIM)


def _axis(p: Progress, span: float, columns: int, now: int) -> Line:
    """The time below the curve, with now."""
    here = f"▲ {seconds(round(p.elapsed_s, 1) if p.elapsed_s < 1 else round(p.elapsed_s))}"
    end = seconds(round(span)) if p.total_s else "end not known"
    rule = list("─" * columns)
    at = min(now, max(0, columns - len(here) - 1))
    label = here if at == now else f"{here[2:]} ▲"
    if at != now:  # no room to its right
        at = max(0, now + 1 - len(label))
    rule[at : at + len(label)] = label
    if (begins := columns - len(end) - 1) > at + len(label):
        rule[begins:] = f" {end}"
    return Line().pad(SCALE).add("".join(rule)[:columns], DIM)


def _phases(p: Progress, placed: Spans, names: Sequence[str], span: float, columns: int) -> Line:
    line = Line().pad(SCALE)
    for number, (name, (_, begins, ends)) in enumerate(zip(names, placed, strict=False)):
        first, last = (round(columns * min(1.0, at / span)) for at in (begins, ends))
        line.pad(SCALE + first)
        room = last - first - (last < columns)
        if room < LEAST_NAMED or line.width > SCALE + first:
            continue
        present = number == p.phase_number
        shown = Line(name if Line(name).width <= room else name.removesuffix(ending(name))).cut(room)
        line.add(shown.plain, PRESENT if present else DIM if number < p.phase_number else "")
    return line


def names_of(phases: Sequence[PlannedPhase]) -> list[str]:
    """The phases in order; one that runs more than once with its cycle: `burst 1/2`."""
    all_, seen = Counter(phase.name for phase in phases), Counter[str]()
    found = []
    for phase in phases:
        seen[phase.name] += 1
        several = all_[phase.name] > 1
        found.append(f"{phase.name} {seen[phase.name]}/{all_[phase.name]}" if several else phase.name)
    return found


def time_left(p: Progress) -> str:
    """`9 s left`; empty if that is not known."""
    if p.total_s is None or not known(p.total_s - p.elapsed_s):
        return ""
    return f"{seconds(round(max(0.0, p.total_s - p.elapsed_s)))} left"
