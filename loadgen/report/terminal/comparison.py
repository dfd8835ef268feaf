"""The details of a comparison: the figures, their curves, and the parts that a difference comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import RenderableType

from loadgen.report.compared import (
    INNER,
    NAME,
    VERDICTS,
    apart,
    difference,
    is_of_few,
    joined,
    ordered,
    part_name,
    times,
)
from loadgen.report.terminal.glance import Scale
from loadgen.report.terminal.page import DIM, STRONG, add, heading, indented, line, table
from loadgen.report.terminal.table import Table
from loadgen.report.words import brief, count, ms
from loadgen.result.experiment import Comparison, Curve, Figure

MARKS = "●▲■◆○△□◇"
PLOT, BESIDE = 68, 10  # columns of a plot, and of what is beside it
COLUMN = 12  # characters of a variant's name above a column
TABLES = 8  # of figures, and of parts


def figures(comparison: Comparison) -> Iterator[RenderableType]:
    """A table for each variant, step and metric; those of the primary figure first."""
    by_step = groupby(comparison.figures, lambda figure: (figure.variant, figure.phase, figure.step, figure.metric))
    groups = [list(group) for _, group in by_step]
    groups.sort(key=lambda group: not any(figure.primary for figure in group))
    for group in groups[:TABLES]:
        first = group[0]
        where, variant, baseline = apart(first.variant, first.baseline)
        what = joined(first.phase, first.step, first.metric)
        yield heading(f"{where}{variant} against {baseline}", (f"  {what}, ms", DIM))
        yield indented(_table(group, variant, baseline))
    if len(groups) > TABLES:
        yield line((f"{count(len(groups) - TABLES)} more tables of figures: see --json", DIM), indent=2)
    if any(figure.ratio_low is not None or figure.ratio_high is not None for figure in comparison.figures):
        said = [f"[…] holds the true value {100 * comparison.confidence:.4g}% of the time"]
        said += ["the primary figure is in bold", "the other verdicts allow for how many they are"]
        if any(figure.more_rounds for figure in comparison.figures):
            said.append("(+9): so many more rounds may tell")
        yield line(("; ".join(said), DIM), indent=2)


def _verdict(figure: Figure) -> str:
    """`slower`, `inconclusive (+9)`."""
    more = f" (+{count(figure.more_rounds)})" if figure.more_rounds else ""
    return "" if figure.verdict == "none" else f"{figure.verdict}{more}"


def _table(group: Iterable[Figure], variant: str, baseline: str) -> Table:
    figures = list(group)
    few = any(is_of_few(figure) for figure in figures)
    made = table(
        ("", "left", 6), (brief(baseline, COLUMN), "right", 8), (brief(variant, COLUMN), "right", 8),
        ("ratio in each round" if few else "ratio", "right", 17), ("difference", "right", 22), ("", "text", 12),
    )  # fmt: skip
    for figure in figures:
        add(
            made,
            (figure.quantile, STRONG if figure.primary else ""),
            ms(figure.baseline_ms),
            ms(figure.variant_ms),
            times(figure),
            difference(figure),
            (_verdict(figure), VERDICTS[figure.verdict]),
        )
    return made


def curves(comparison: Comparison, width: int) -> Iterator[RenderableType]:
    """Each quantile as a line with a mark for every variant, which shows where they differ and how much."""

    def of(curve: Curve) -> tuple[str, ...]:
        return curve.phase, curve.step, curve.metric

    every = sorted(comparison.curves, key=of)
    names = list(dict.fromkeys(curve.variant for curve in every))
    if len(names) > len(MARKS):
        return
    marks = dict(zip(names, MARKS, strict=False))
    groups = [(what, list(group)) for what, group in groupby(every, of)]
    for what, group in groups[:TABLES]:
        rows = _rows(group)
        if len(rows) < 2:
            continue
        yield heading(joined(*what), ("  ms, log scale", DIM))
        yield line("   ".join(f"{marks[name]} {brief(name, NAME)}" for name in names), indent=2)
        yield indented(_plot(rows, marks, min(PLOT, width - BESIDE)))


def _rows(curves: Iterable[Curve]) -> dict[str, dict[str, float]]:
    """By quantile, what each variant has there."""
    rows: dict[str, dict[str, float]] = {}
    for curve in curves:
        for quantile, value, _, _ in curve.points:
            if value > 0:
                rows.setdefault(quantile, {})[curve.variant] = value
    return rows


def _plot(rows: dict[str, dict[str, float]], marks: dict[str, str], width: int) -> Table:
    every = [value for row in rows.values() for value in row.values()]
    scale = Scale(min(every), max(every), width)
    made = table(("", "left", 6), (scale.ticks(), "fixed", width))
    for quantile, row in rows.items():
        cells = [" "] * width
        for name, value in row.items():
            at = scale.column(value)
            cells[at] = marks[name] if cells[at] == " " else "*"
        add(made, quantile, "".join(cells).rstrip())
    return made


def parts(comparison: Comparison) -> Iterator[RenderableType]:
    """Where the difference of the mean comes from. A part that does not add to it is inside one that does."""
    by_step = groupby(comparison.parts, lambda part: (part.variant, part.phase, part.step))
    groups = [list(group) for _, group in by_step]
    for group in groups[:TABLES]:
        whole = group[0]
        where, variant, baseline = apart(whole.variant, whole.baseline)
        what = joined(whole.phase, whole.step)
        yield heading("where the difference comes from", (f"  {where}{what}, mean ms", DIM))
        both = ((brief(name, COLUMN), "right", 10) for name in (baseline, variant))
        made = table(("", "left", 32), *both, ("difference", "right", 22))
        for part in ordered(group):
            lead = "" if part.adds or part is whole else "  of it " if part.part in INNER else "beside it: "
            cells = ms(part.baseline_ms), ms(part.variant_ms), difference(part)
            add(made, f"{lead}{part_name(part)}", *cells, style=DIM if lead else "")
        yield indented(made)
    if len(groups) > TABLES:
        yield line((f"{count(len(groups) - TABLES)} more tables of parts: see --json", DIM), indent=2)
