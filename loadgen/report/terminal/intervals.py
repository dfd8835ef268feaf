"""The interval of each of a phase's percentiles, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.navigate import Cycles, cycle, iterations, place, steps
from loadgen.report.sentences import more, more_time, sentence
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import DIM, add, indented, labelled, table
from loadgen.report.terminal.table import Table
from loadgen.report.words import UNKNOWN, brief, ms
from loadgen.result.latency import Interval, Latency
from loadgen.result.reason import Reason
from loadgen.result.run import Phase

QUANTILES = PERCENTILES[:-1]  # the longest is what it is
TITLE = "95 %, ms"
BINOMIAL = "b"
SEEN = "intervals: what lasts longer than about a twentieth of the phase does not show in them"
AT_LEAST = f"{BINOMIAL}: a binomial interval, which is at least this wide, if requests were independent"
PRECISION, SHARP = 0.1, "within 10 %"
FEWER = ("p50", "p99", "p99.9")  # where the others would not fit: of tens of seconds
LABEL, WIDE = 20, 14  # characters
NAMED = 3  # steps that a reason names

Row = tuple[Phase, str, Latency]


def intervals(cycles: Cycles, notes: Footnotes) -> Iterator[RenderableType]:
    """A row for each step that has any, below its figures."""
    rows = [
        (phase, label, step.latency_ms[phase.headline])
        for label, of_step in steps(cycles)
        for phase, step in of_step
        if phase.headline in step.latency_ms
    ]
    rows += [
        (phase, f"{label} {stratum.stratum}", stratum.latency_ms[phase.headline])
        for label, of_step in steps(cycles)
        for phase, step in of_step
        for stratum in step.strata
        if phase.headline in stratum.latency_ms
    ]
    rows += [(phase, f"{name} (iteration)", whole) for name, of in iterations(cycles).items() for phase, whole in of]
    rows = [row for row in rows if row[2].intervals or row[2].no_interval]
    if there := [row for row in rows if row[2].intervals]:
        yield indented(_table(there, notes))
    for title, why in (("binomial: ", _why_binomial), ("no interval: ", _why_none)):
        if said := "; ".join(_reasons(rows, why)):
            yield labelled((title, DIM), (said, DIM), indent=2)
    if wide := "; ".join(_wide(rows)):
        yield labelled((f"{SHARP}: ", DIM), (wide, DIM), indent=2)


def _table(rows: list[Row], notes: Footnotes) -> Table:
    cells = [{name: range_of(latency.intervals.get(name)) for name in QUANTILES} for _, _, latency in rows]
    wide = max(len(cell) for row in cells for cell in row.values())
    shown = QUANTILES if wide <= WIDE else FEWER
    made = table((TITLE, "left", LABEL), ("", "left", 0), *((name, "right", wide) for name in shown))
    above = ""
    for (phase, label, latency), row in zip(rows, cells, strict=True):
        add(made, brief(label, LABEL) if label != above else "", cycle(phase), *(row[name] for name in shown))
        for name in QUANTILES:
            if (interval := latency.intervals.get(name)) and interval.warning and interval.kind == "full":
                notes.say(f"{place(phase)} {label} {name}: {sentence(interval.warning)}")
        above = label
    kinds = {interval.kind for _, _, latency in rows for interval in latency.intervals.values()}
    for kind, note in (("binomial", AT_LEAST), ("full", SEEN)):
        if kind in kinds:
            notes.say(note)
    return made


def range_of(interval: Interval | None) -> str:
    """`[5.81, 6.12]`; `> 5.81` if it has no upper end; with a `b` if it is binomial."""
    if interval is None:
        return UNKNOWN
    return f"{span(interval.low, interval.high)}{BINOMIAL if interval.kind == 'binomial' else ''}"


def span(low: float | None, high: float | None) -> str:
    """The same from its ends in ms; a dash if there is no lower one."""
    if low is None:
        return UNKNOWN
    return f"> {ms(low)}" if high is None else f"[{ms(low)}, {ms(high)}]"


def _why_none(latency: Latency, name: str) -> Reason | None:
    """If the percentile itself is missing, its own note gives the reason."""
    return latency.no_interval.get(name) if latency.quantiles.get(name) is not None else None


def _why_binomial(latency: Latency, name: str) -> Reason | None:
    interval = latency.intervals.get(name)
    return interval.warning if interval and interval.kind == "binomial" else None


def _reasons(rows: list[Row], why_of: Callable[[Latency, str], Reason | None]) -> Iterator[str]:
    """`p99.9 of put, get: needs about 9 more minutes at this rate`."""
    missing: dict[str, dict[str, set[str]]] = {}  # why, the step, the percentiles that miss it in any of its cycles
    for _, label, latency in rows:
        for name in QUANTILES:
            if why := why_of(latency, name):
                text = f"needs {more(why)}" if more(why) else sentence(why)
                missing.setdefault(text, {}).setdefault(label, set()).add(name)
    every = len({label for _, label, _ in rows})
    for text, by_label in missing.items():
        groups: dict[tuple[str, ...], list[str]] = {}
        for label, names in by_label.items():
            groups.setdefault(tuple(name for name in QUANTILES if name in names), []).append(label)
        figures = [
            f"{', '.join(names)}{'' if len(labels) == every else f' of {_listed(labels)}'}"
            for names, labels in groups.items()
        ]
        yield f"{' and '.join(figures)}: {text}"


def _wide(rows: list[Row]) -> Iterator[str]:
    """`p99 of put needs about 9 more minutes at this rate`: of each row the percentile that is the furthest from it."""
    for phase, label, latency in rows:
        off = {name: _off(latency.intervals.get(name), latency.quantiles.get(name)) for name in FEWER}
        name = max(off, key=lambda name: off[name])
        lasted = phase.ran if phase.ran is not None else phase.seconds
        if lasted and PRECISION < off[name] < math.inf:
            more = lasted * ((off[name] / PRECISION) ** 2 - 1)
            yield f"{name} of {' '.join(filter(None, (brief(label, LABEL), cycle(phase))))} needs {more_time(more)}"


def _off(interval: Interval | None, value: float | None) -> float:
    """How far off the figure may be, as a share of it; 0 without a full interval."""
    if interval is None or interval.kind != "full" or not value:
        return 0.0
    return math.inf if interval.high is None else max(interval.high - value, value - interval.low) / value


def _listed(labels: Sequence[str]) -> str:
    others = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(brief(label, LABEL) for label in labels[:NAMED]) + others
