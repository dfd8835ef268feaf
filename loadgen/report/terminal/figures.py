"""The figures of the first screen: a row for each step of a phase, its cycles as a range, the rows that matter most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.console import RenderableType
from rich.text import Text

from loadgen.report.navigate import grouped, iterations, place, steps
from loadgen.report.terminal.bands import WHOLE, bands_summary
from loadgen.report.terminal.intervals import QUANTILES
from loadgen.report.terminal.latency import PERCENTILES
from loadgen.report.terminal.page import DIM, STRONG, add, line, table
from loadgen.report.terminal.picture import picture
from loadgen.report.trust import MARKS
from loadgen.report.words import UNKNOWN, brief, ms
from loadgen.result.latency import Interval, Latency, Quantile
from loadgen.result.run import Phase, RunResult, Step

TAIL = "p99"
LABEL = 24  # characters
GIVE_WAY = ("p90", "p95", "p99.9")  # the columns that go first where there is no room
EVEN = 0.15  # the sides of an interval that differ by less, as a share of the greater, are told as one
EVERYTHING = 99  # rows
RAMP = 3  # rows that the bands of one ramp take the room of


@dataclass(frozen=True, slots=True)
class Row:
    """A step of a phase, or whole iterations, with the figures of each cycle."""

    label: str
    phase: str
    step: str
    cycles: Sequence[tuple[Phase, Latency, Step | None]]

    @property
    def tail(self) -> float:
        """The greatest p99 that is known, or its bound."""
        figures = [latency.quantile(TAIL) for _, latency, _ in self.cycles]
        ends = [figure.value if figure.value is not None else figure.bound for figure in figures]
        return max((end for end in ends if end is not None), default=0.0)

    @property
    def banded(self) -> bool:
        """Whether the rate changed, so that the bands of the offered rate tell more than the whole."""
        return all(step is not None and step.bands for _, _, step in self.cycles)

    @property
    def worst(self) -> tuple[Phase, Latency, Step | None]:
        """The cycle with the greatest p99."""
        return max(self.cycles, key=lambda cycle: cycle[1].quantile(TAIL).value or 0.0)


def rows(result: RunResult) -> list[Row]:
    """Every row, in the order of the plan."""
    groups = grouped(result.variant.phases)
    made: list[Row] = []
    for name, cycles in groups.items():
        lead = f"{name} " if len(groups) > 1 else ""
        for label, of_step in steps(cycles):
            timed = [
                (phase, latency, step)
                for phase, step in of_step
                if (latency := step.latency(phase.headline)) and latency.count
            ]
            if timed:
                row = Row(f"{lead}{label}", name, label, timed)
                made.append(replace(row, label=f"{row.label}{WHOLE}") if row.banded else row)
        for scenario, whole in iterations(cycles).items():
            made.append(Row(f"{lead}{scenario} (iteration)", name, "", [(phase, of, None) for phase, of in whole]))
    return made


def chosen(every: Sequence[Row], result: RunResult, most: int) -> list[Row]:
    """The rows that thresholds are about, then those with the longest tails, in the order of the plan. Whole iterations
    only if a threshold names them."""
    asked = {(threshold.phase, threshold.step) for threshold in result.thresholds if threshold.value_ms is not None}
    wanted = [row for row in every if row.step or ("iteration" in _texts(result, row.phase))]

    def rank(row: Row) -> tuple[bool, float]:
        about = (row.phase, row.step) in asked or (row.phase, "") in asked
        return not about, -row.tail

    kept = sorted(wanted, key=rank)[:most]
    return [row for row in every if row in kept]


def _texts(result: RunResult, phase: str) -> str:
    return " ".join(threshold.text for threshold in result.thresholds if threshold.phase == phase)


def figures(result: RunResult, most: int, width: int, whole: bool = True) -> Iterator[RenderableType]:
    """Of at most so many rows a table, with the interval of a row that ran once; if `whole`, also the longest tail as a
    drawing, and of those whose rate changed the bands instead of a row."""
    every = rows(result)
    shown = chosen(every, result, most)
    steady = [row for row in shown if not (whole and row.banded)]
    if steady:
        yield from _table(steady, width)
        yield from _drawn(steady, len(shown) > 1, width) if whole else ()
    ramps = [row for row in shown if row not in steady]
    largest = sorted(ramps, key=lambda row: -sum(latency.count for _, latency, _ in row.cycles))
    told = sorted(largest[: max(1, most // RAMP)], key=ramps.index)
    for number, row in enumerate(told):
        if steady or number:
            yield Text()
        phase, _, step = row.worst
        if step:
            yield from bands_summary(phase, row.step if len(phase.steps) > 1 else "", step, width)
    if hidden := len([row for row in every if row.step]) - len([row for row in steady if row.step]) - len(told):
        yield line((f"  {hidden} more in --full", DIM))


def _table(shown: Sequence[Row], width: int) -> Iterator[RenderableType]:
    closed = all(phase.headline == "service" for row in shown for phase, _, _ in row.cycles)
    title = f"{'service (closed)' if closed else 'response'}, ms"
    cells = [[range_of(row, name) for name in PERCENTILES] for row in shown]
    sure = [_intervals(row) for row in shown]
    names = _fitting(cells, sure, width - min(LABEL, max(len(title), *(len(row.label) for row in shown))) - 1)
    made = table((title, "left", 0), *((name, "right", 5) for name in names))
    for row, of_row, interval in zip(shown, cells, sure, strict=True):
        by_name = dict(zip(PERCENTILES, of_row, strict=True))
        add(made, brief(row.label, LABEL), *((by_name[name], STRONG if name == TAIL else "") for name in names))
        if interval:
            add(made, "  95 %", *(interval.get(name, "") for name in names), style=DIM)
    yield made


def _drawn(shown: Sequence[Row], named: bool, width: int) -> Iterator[RenderableType]:
    """The distribution of the one with the longest tail."""
    longest = max(shown, key=lambda row: row.tail)
    if drawn := picture(longest.worst[2], width - 4):
        phase = longest.worst[0]
        whose = f"{place(phase)} {longest.step}: " if named else ""
        yield line((f"  {whose}{drawn}", DIM))


def _fitting(cells: Sequence[Sequence[str]], sure: Sequence[dict[str, str]], room: int) -> list[str]:
    """The percentiles that have room beside each other."""
    names = list(PERCENTILES)
    wide = {
        name: max(5, *(len(row[at]) for row in cells), *(len(interval.get(name, "")) for interval in sure)) + 1
        for at, name in enumerate(names)
    }
    for name in GIVE_WAY:
        if sum(wide[shown] for shown in names) > room:
            names.remove(name)
    return names


def range_of(row: Row, name: str) -> str:
    """`59-70` over the cycles, or from one kind of answer to the other where the percentile lies on that step, with the
    worst mark of them; `≥5,000` if timeouts hide one."""
    found = [latency.quantile(name) for _, latency, _ in row.cycles]
    known = [end for figure, (_, _, step) in zip(found, row.cycles, strict=True) for end in _ends(figure, step)]
    if not known:
        return UNKNOWN
    doubts = {figure.doubt for figure in found}
    mark = next((MARKS[doubt] for doubt in ("INVALID", "DEGRADED") if doubt in doubts), "")
    low, high = ms(min(known)), ms(max(known))
    if any(figure.value is None and figure.bound is not None for figure in found):
        return f"≥{low}{mark}"
    return f"{low if low == high else f'{low}-{high}'}{mark}"


def _ends(figure: Quantile, step: Step | None) -> Iterator[float]:
    """The value, or its bound; two values of a percentile that may be either."""
    on_step = step.ends(figure.name) if step and figure.value is not None else None
    if on_step:
        yield from (on_step.low, on_step.high)
    elif (end := figure.value if figure.value is not None else figure.bound) is not None:
        yield end


def _intervals(row: Row) -> dict[str, str]:
    """By percentile, its interval or how long it would take; empty for a row of several cycles, whose range says
    more."""
    if len(row.cycles) > 1:
        return {}
    _, latency, _ = row.cycles[0]
    if not latency.intervals:
        return {}
    return {name: _interval(latency, name) for name in QUANTILES}


def _interval(latency: Latency, name: str) -> str:
    interval, why = latency.intervals.get(name), latency.no_interval.get(name)
    if interval is not None:
        return _reach(interval, latency.quantiles.get(name))
    more = why.values.get("more_s") if why else None
    return f"{max(1, round(more)):,} s more" if isinstance(more, float | int) and more < 1e5 else ""


def _reach(interval: Interval, value: float | None) -> str:
    """`±0.4`, or `[35,315]` if its sides differ; `≥35` if it has no upper end. A binomial one is at least as wide:
    `≥±0.4`."""
    if interval.high is None:
        return f"≥{ms(interval.low)}"
    least = "≥" if interval.kind == "binomial" else ""
    if value is not None:
        below, above = value - interval.low, interval.high - value
        if min(below, above) >= (1 - EVEN) * max(below, above) > 0:
            return f"{least}±{ms(max(below, above))}"
    return f"{least}[{ms(interval.low)},{ms(interval.high)}]"
