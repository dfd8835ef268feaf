"""What a run does second by second: figures of the last one, and bars of those before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadgen.report.styles import BAD, DIM, STRONG
from loadgen.report.terminal.blocks import LEAD, Block, Said
from loadgen.report.terminal.chart import bars, peak
from loadgen.report.terminal.line import Line
from loadgen.report.words import compact, known, ms, several, short_count, short_rate
from loadgen.runner.course import Second
from loadgen.runner.progress import Progress

NUMBER = 23  # columns of a present figure
PEAK = 11  # columns of the scale of bars
MOST_TRACES = 6  # that there is always room for
MOST_BARS = 4  # rows


@dataclass(frozen=True, slots=True)
class _Trace:
    """A figure: what it is in the last second, and was in those before. `peak` is how its largest value is said."""

    label: str
    present: str
    values: list[float | None]
    peak: str
    style: str = ""


def traces(runs: Sequence[Progress], width: int, said: Said) -> Block:
    room = max(1, width - LEAD - NUMBER - PEAK)
    found = [trace for p in runs for trace in _of_run(p, room, len(runs) > 1, said)]
    least = min(len(found), MOST_TRACES)
    title = Line((f"{'':{LEAD}}{'last second':{NUMBER}}{_reach(runs, room):>{room}} highest", DIM))

    def draw(rows: int) -> list[Line]:
        each = max(1, (rows - 1) // len(found))
        lines = [title, *(line for trace in found for line in _drawn(trace, room, each))]
        if len(lines) > rows:
            lines[rows - 1 :] = [Line((f"… {several(len(lines) - rows + 1, 'line')} more on a higher terminal", DIM))]
        return lines

    more = len(found) - least
    return Block(draw, 1 + least, 1 + (len(found) if more else MOST_BARS * len(found)), 1 if more else len(found))


def _reach(runs: Sequence[Progress], room: int) -> str:
    reach = min(room, max(len(p.seconds) for p in runs))
    return f"by second, the last {reach} s" if reach > 1 else "by second"


def _of_run(p: Progress, room: int, several_runs: bool, said: Said) -> list[_Trace]:
    seconds_ = p.seconds[-room:]
    last = seconds_[-1] if seconds_ else Second()
    of = f" {said(p.position.variant)}" if several_runs and p.position else ""

    def trace(label: str, present: str, name: str, word: Callable[[float | None], str], style: str = "") -> _Trace:
        values = [getattr(second, name) for second in seconds_]
        top = peak(values)
        return _Trace(f"{label}{of}", present, values, word(top) if top else "", style)

    offered = "" if last.planned is None else f" of {short_rate(last.planned)}"
    failing = BAD if last.failed else ""
    completed = trace(
        "done" if several_runs else "completed", f"{short_rate(last.completed)}{offered}", "completed", short_rate
    )
    failed = trace("failed", short_rate(last.failed), "failed", short_rate, failing)
    slow = trace("p99", _ms(p.p99_ms), "p99_ms", _number)
    if several_runs:
        return [completed, failed, slow]
    return [
        completed,
        trace("in flight", short_count(p.in_flight), "in_flight", short_count),
        failed,
        trace("p50", _ms(p.p50_ms), "p50_ms", _number),
        slow,
        trace("max", _ms(p.max_ms), "max_ms", _number),
    ]


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
