"""A phase whose rate changes, by the rate that was offered: a column for each band on the first screen, a row for each
in the whole summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.navigate import Cycles, cycle, place, steps
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import BAD, DIM, STRONG, add, indented, line, table
from loadgen.report.terminal.table import Table
from loadgen.report.words import UNKNOWN, brief, count, ms, rate, seconds, share
from loadgen.result.band import Band
from loadgen.result.latency import Quantile
from loadgen.result.run import Phase, Step

LABEL = 40  # characters
WHOLE = " (whole ramp)"  # beside the figures of all bands together
LEGEND = "completed: the ok answers that came while that rate was offered, per second"
COLUMNS = (1, 2, 3, 5)  # where there is no room for each band, every second one is shown, and so on


def bands(cycles: Cycles, notes: Footnotes) -> Iterator[RenderableType]:
    """A table for each step of each cycle."""
    for label, rows in steps(cycles):
        for phase, step in rows:
            if step.bands:
                yield indented(_table(f"{brief(label, LABEL)} {cycle(phase)}".strip(), step.bands, notes))
                notes.say(LEGEND)


def _table(label: str, of: Sequence[Band], notes: Footnotes) -> Table:
    columns = [(f"{label}, offered", "left", 22), ("from", "right", 6), ("requests", "right", 8)]
    columns += [("failed", "right", 6), ("completed", "right", 9)]
    made = table(*columns, *((f"{name} ms" if name == "p50" else name, "right", 6) for name in PERCENTILES))
    for band in of:
        bad = share(band.failed, band.requests), BAD if band.failed else DIM
        cells = [(notes.cell(band.latency_ms, name), STRONG if name == "p99" else "") for name in PERCENTILES]
        at, done = seconds(band.start_s), rate(round(band.completed_per_s, 1))
        add(made, offered(band), at, count(band.requests), bad, done, *cells)
    return made


def offered(band: Band) -> str:
    """`50 to 105/s`."""
    return f"{rate(band.low_per_s).removesuffix('/s')} to {rate(band.high_per_s)}"


def bands_summary(phase: Phase, label: str, step: Step, width: int) -> Iterator[RenderableType]:
    """For a screen without room for rows: a column for each band."""
    over = f" in {seconds(phase.ran)}" if phase.ran else ""
    name = f"{place(phase)} {label}".strip()
    yield line((brief(name, LABEL), STRONG), f", response by the rate that was offered{_ends(phase)}{over}")
    for every in COLUMNS:
        made = _columns(step.bands[::every])
        if made.fits(width):
            break
    yield made


def _ends(phase: Phase) -> str:
    return f": {rate(phase.rate.planned)} to {rate(phase.rate.planned_end)}" if phase.rate else ""


def _columns(of: Sequence[Band]) -> Table:
    made = table(("from, 1/s", "fixed", 0), *((_number(band.low_per_s), "right", 5) for band in of))
    add(made, "completed", *(_number(band.completed_per_s) for band in of))
    if any(band.failed for band in of):
        add(made, "failed", *((share(band.failed, band.requests), BAD if band.failed else DIM) for band in of))
    for name in ("p50", "p99"):
        cells = (_figure(band.latency_ms.quantile(name)) for band in of)
        add(made, f"{name}, ms", *((cell, STRONG if name == "p99" else "") for cell in cells))
    return made


def _number(per_s: float) -> str:
    return count(per_s) if per_s >= 10 else rate(per_s).removesuffix("/s")


def _figure(of: Quantile) -> str:
    if of.value is not None:
        return ms(of.value)
    return f"≥{ms(of.bound)}" if of.bound is not None else UNKNOWN
