"""All that is known of a run while it goes on, as the lines of a whole screen. Pure.

The screen is made of blocks, one below the other. Each has a least height, which all together fit into 24 lines, and
grows as far as it has more to show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loadgen.report.styles import BAD, DIM, GOOD, STRONG, WARN, Part
from loadgen.report.terminal.chart import bars, peak
from loadgen.report.terminal.line import Line, filled, flow, rows_of
from loadgen.report.terminal.plan_chart import FRAME, names_of, plan_chart, time_left
from loadgen.report.trust import reason
from loadgen.report.words import clean, compact, count, known, ms, seconds, several, share, short_rate
from loadgen.result.run import TrustSignal
from loadgen.runner.course import Second
from loadgen.runner.progress import Position, Progress

LEAST_COLUMNS, LEAST_LINES = 80, 24
LEAD = 14  # columns of what a line is about
NUMBER = 23  # columns of a present figure
PEAK = 11  # columns of the scale of bars
MOST_VARIANTS = 3  # lines of them that there is always room for
MOST_TRACES = 6
MOST_CURVE, MOST_BARS = 14, 4  # rows
MARKS = {"VALID": ("●", GOOD), "DEGRADED": ("▲", WARN), "INVALID": ("■", BAD)}
WORST = {"VALID": 0, "DEGRADED": 1, "INVALID": 2}
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


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are drawn at any height from `least` to `most`, in steps."""

    draw: Callable[[int], list[Line]]
    least: int
    most: int
    step: int = 1


def view(facts: Facts, size: Size, said: Callable[[str], str] = clean) -> list[Line]:
    """Exactly `size.lines` lines of at most `size.columns` columns. `said` makes text of others safe to show."""
    width, first = size.columns, facts.runs[0]
    blocks = [
        Block(lambda rows: [_header(first, width, said)], 1, 1),
        *_experiment(facts.runs, width, said),
        _plan(first, width, said),
        _gap(),
        _traces(facts.runs, width, said),
        _gap(),
        _answers(facts.runs, width, said),
        _workers(facts.runs, width),
        _trust(facts.runs, width, said),
        _notices(facts.notices, width, said),
        _gap(),
    ]
    heights = _shared_out(blocks, size.lines - 1)
    lines = [line for block, rows in zip(blocks, heights, strict=True) for line in filled(block.draw(rows), rows)]
    return [line.cut(width) for line in (*filled(lines, size.lines - 1), _footer(first, facts.keys))]


def _shared_out(blocks: Sequence[Block], lines: int) -> list[int]:
    """The height of each block. They grow in turns, a step each; and those of large steps by what is left then."""
    heights = [block.least for block in blocks]
    room = lines - sum(heights)
    for step in sorted({block.step for block in blocks}):
        growing = [number for number, block in enumerate(blocks) if block.step == step]
        while growing := [n for n in growing if step <= min(room, blocks[n].most - heights[n])]:
            for number in growing[: room // step]:
                heights[number] += step
                room -= step
    return heights


def _gap() -> Block:
    return Block(lambda rows: [], 0, 1)


def _header(p: Progress, width: int, said: Callable[[str], str]) -> Line:
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


# an experiment


def _experiment(runs: Sequence[Progress], width: int, said: Callable[[str], str]) -> list[Block]:
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


def _standing(p: Progress, position: Position, width: int, said: Callable[[str], str]) -> Line:
    now = said(", ".join(position.now))
    parts: list[Part] = [
        (f"round {position.round} of {position.rounds}", STRONG),
        (f"next is {now}" if p.state == "pausing" else f"{now} runs", STRONG),
    ]
    if position.next:
        where = f" (round {position.next_round})" if position.next_round != position.round else ""
        parts.append(f"then {said(', '.join(position.next))}{where}")
    else:
        parts.append("the last")
    if position.left_s is not None and p.total_s is not None:
        parts.append(f"{seconds(round(max(0.0, p.total_s - p.elapsed_s) + position.left_s))} left of all")
    return flow(Line(), parts, width, 1)[0]


def _variants(
    position: Position,
    variants: Sequence[tuple[str, tuple[str, ...]]],
    width: int,
    rows: int,
    said: Callable[[str], str],
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


# what the run does


def _plan(p: Progress, width: int, said: Callable[[str], str]) -> Block:
    names = [said(name) for name in names_of(p.phases)]
    return Block(lambda rows: plan_chart(p, names, width, rows), FRAME + 3, FRAME + MOST_CURVE)


@dataclass(frozen=True, slots=True)
class _Trace:
    """A figure: what it is in the last second, and was in those before. `peak` is how its largest value is said."""

    label: str
    present: str
    values: list[float | None]
    peak: str
    style: str = ""


def _traces(runs: Sequence[Progress], width: int, said: Callable[[str], str]) -> Block:
    room = max(1, width - LEAD - NUMBER - PEAK)
    traces = [trace for p in runs for trace in _of_run(p, room, len(runs) > 1, said)]
    least = min(len(traces), MOST_TRACES)
    title = Line((f"{'':{LEAD}}{'last second':{NUMBER}}{_reach(runs, room):>{room}} highest", DIM))

    def draw(rows: int) -> list[Line]:
        each = max(1, (rows - 1) // len(traces))
        lines = [title, *(line for trace in traces for line in _drawn(trace, room, each))]
        if len(lines) > rows:
            lines[rows - 1 :] = [Line((f"… {several(len(lines) - rows + 1, 'line')} more on a higher terminal", DIM))]
        return lines

    more = len(traces) - least
    return Block(draw, 1 + least, 1 + (len(traces) if more else MOST_BARS * len(traces)), 1 if more else len(traces))


def _reach(runs: Sequence[Progress], room: int) -> str:
    reach = min(room, max(len(p.seconds) for p in runs))
    return f"by second, the last {reach} s" if reach > 1 else "by second"


def _of_run(p: Progress, room: int, several_runs: bool, said: Callable[[str], str]) -> list[_Trace]:
    seconds_ = p.seconds[-room:]
    last = seconds_[-1] if seconds_ else Second()
    of = f" {said(p.position.variant)}" if several_runs and p.position else ""

    def trace(label: str, present: str, name: str, word: Callable[[float | None], str], style: str = "") -> _Trace:
        values = [getattr(second, name) for second in seconds_]
        top = peak(values)
        return _Trace(f"{label}{of}", present, values, word(top) if top else "", style)

    offered = "" if last.planned is None else f" of {short_rate(last.planned)}"
    failing = BAD if last.failed else ""
    completed = trace("completed", f"{short_rate(last.completed)}{offered}", "completed", short_rate)
    failed = trace("failed", short_rate(last.failed), "failed", short_rate, failing)
    slow = trace("p99", _ms(p.p99_ms), "p99_ms", _number)
    if several_runs:
        return [completed, failed, slow]
    return [
        completed,
        trace("in flight", _count(p.in_flight), "in_flight", _count),
        failed,
        trace("p50", _ms(p.p50_ms), "p50_ms", _number),
        slow,
        trace("max", _ms(p.max_ms), "max_ms", _number),
    ]


def _count(value: float | None) -> str:
    return compact(count(value), value)


def _number(value: float | None) -> str:
    return compact(ms(value), value)


def _ms(value: float | None) -> str:
    return f"{_number(value)} ms" if value is not None and known(value) else "no answers"


def _drawn(trace: _Trace, room: int, rows: int) -> list[Line]:
    lines = []
    for row, bar in enumerate(bars(trace.values, rows, peak(trace.values))):
        line = Line()
        if not row:
            line.add(Line(trace.label).cut(LEAD - 1).plain).pad(LEAD).add(trace.present, trace.style or STRONG)
        if bar:
            line.pad(LEAD + NUMBER + room - len(bar)).add(bar, trace.style)
        if trace.peak and not row:
            line.add(f" {trace.peak}", DIM)
        lines.append(line)
    return lines


# what came of it


def _answers(runs: Sequence[Progress], width: int, said: Callable[[str], str]) -> Block:
    ok = sum(p.ok for p in runs)
    failed: dict[str, int] = {}
    for p in runs:
        for outcome, number in p.failed.items():
            failed[outcome] = failed.get(outcome, 0) + number
    total = ok + sum(failed.values())
    parts: list[Part] = [f"{_count(ok)} ok"]
    for outcome, number in sorted(failed.items(), key=lambda item: -item[1]):
        parts.append((f"{_count(number)} {said(outcome)} ({share(number, total)})", BAD))
    if not failed:
        parts.append("0 failed")
    return _flowing("answers", parts, width, 4)


def _workers(runs: Sequence[Progress], width: int) -> Block:
    all_ = [worker for p in runs for worker in p.by_worker]
    asked = sum(p.workers for p in runs)
    use = [worker.core_use for worker in all_ if worker.core_use is not None]
    parts: list[Part] = [f"{count(asked)} {'process' if asked == 1 else 'processes'}"]
    if lost := sum(worker.lost for worker in all_):
        parts.append((f"{lost} lost", BAD))
    if use:
        of = f"{use[0]:.0%}" if len(use) == 1 else f"each {min(use):.0%} to {max(use):.0%}"
        parts.append(f"{bars(use, 1, 1.0)[0][: width // 3]} of a core: {of}")
    return _flowing("workers", parts, width, 1)


def _trust(runs: Sequence[Progress], width: int, said: Callable[[str], str]) -> Block:
    signals = _worst(runs)
    if not signals:
        return _flowing("this machine", [("nothing is known of it yet", DIM)], width, 1, least=2)
    bad = sorted((of for of in signals if WORST[of.verdict]), key=lambda of: -WORST[of.verdict])
    verdict = bad[0].verdict if bad else "VALID"
    head = _lead("this machine")
    for signal in signals:
        head.add(*MARKS[signal.verdict])
    head.add(f"  {verdict} so far", MARKS[verdict][1] or STRONG)
    head = flow(head.add(": " if bad else ""), [said(of.signal) for of in bad], width, 1, ", ")[0]
    reasons = [Line((f"{'':{LEAD}}", "")).add(*MARKS[of.verdict]).add(f" {said(reason(of))}").cut(width) for of in bad]
    fine = [said(of.signal) for of in signals if not WORST[of.verdict]]
    lead = Line().pad(LEAD).add("fine: ", DIM)
    needed = rows_of(lead, fine, width, 3)

    def draw(rows: int) -> list[Line]:
        told = reasons[: rows - 1]
        left = rows - 1 - len(told)
        return [head, *told, *(flow(lead, fine, width, left, ", ") if left and fine else [])]

    return Block(draw, 2, 1 + len(reasons) + needed)


def _worst(runs: Sequence[Progress]) -> list[TrustSignal]:
    """The signals of all runs, of each the one with the worst verdict."""
    found: dict[str, TrustSignal] = {}
    for p in runs:
        for signal in p.trust or ():
            known_ = found.get(signal.signal)
            if known_ is None or WORST[signal.verdict] > WORST[known_.verdict]:
                found[signal.signal] = signal
    return [*found.values()]


def _notices(notices: Sequence[str], width: int, said: Callable[[str], str]) -> Block:
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


def _lead(text: str) -> Line:
    return Line((text, DIM)).pad(LEAD)


def _flowing(lead: str, parts: Sequence[Part], width: int, most: int, least: int = 1) -> Block:
    needed = max(least, rows_of(_lead(lead), parts, width, most))
    return Block(lambda rows: flow(_lead(lead), parts, width, rows), least, needed)
