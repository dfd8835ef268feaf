"""The details of a comparison: the figures, their curves, and the parts that a difference comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType

from loadgen.report.terminal.glance import Scale
from loadgen.report.terminal.page import BAD, DIM, GOOD, STRONG, WARN, add, heading, indented, line, table
from loadgen.report.terminal.table import Table
from loadgen.report.words import UNKNOWN, brief, count, ms
from loadgen.result.experiment import Comparison, Curve, Figure, Part

VERDICTS = {"slower": BAD, "faster": GOOD, "equivalent": GOOD, "inconclusive": WARN, "none": WARN}
MARKS = "●▲■◆○△□◇"
PLOT, BESIDE = 68, 10  # columns of a plot, and of what is beside it
NAME, COLUMN = 30, 12  # characters of a variant's name in a heading and above a column
TABLES = 8  # of figures, and of parts
WITHIN = {"connect": ("dns", "tcp", "tls"), "ours": ("handshake_cpu", "connect_delay")}  # what lies within a part
INNER = {inner: part for part, inside in WITHIN.items() for inner in inside}
PARTS = {
    "wait": "wait for a connection", "service_new": "service on a new connection",
    "service_reused": "service on a reused one", "build": "client build", "ours": "this machine",
    "handshake_cpu": "our CPU", "connect_delay": "our delay",
}  # fmt: skip


def named(figure: Figure) -> str:
    """The name of a figure: `burst put response p99`."""
    return _words(figure.phase, figure.step, figure.metric, figure.quantile)


def _words(*names: str) -> str:
    return " ".join(brief(name, NAME) for name in names if name)


def apart(variant: str, baseline: str) -> tuple[str, str, str]:
    """(what both variants have in common, and what tells the variant from its baseline): of a matrix, `rate=50/s: `,
    `session=per-request` and `session=shared`."""
    words, others = variant.split(" "), baseline.split(" ")
    common = [word for word in words if word in others] if len(words) == len(others) else []
    one, other = (" ".join(word for word in of if word not in common) for of in (words, others))
    if not one or not other:
        return "", brief(variant, NAME), brief(baseline, NAME)
    return f"{brief(' '.join(common), NAME)}: " if common else "", brief(one, NAME), brief(other, NAME)


def ratio(figure: Figure, unit: str = "") -> str:
    """`1.92 [1.88, 1.95]`; without an interval the ratio alone."""
    return f"{_times(figure.ratio)}{unit}{_range(figure.ratio_low, figure.ratio_high, _times)}"


def difference(figure: Figure, unit: str = "") -> str:
    """`+8.97 [+8.35, +9.59]`, in ms."""
    ends = _range(figure.difference_low, figure.difference_high, _signed)
    return f"{_signed(figure.difference_ms)}{unit}{ends}"


def part_difference(part: Part) -> str:
    """`+42.0 [+40.8, +43.1]`, in ms."""
    return f"{_signed(part.difference_ms)}{_range(part.difference_low, part.difference_high, _signed)}"


def ratios_of_rounds(figure: Figure) -> str:
    """`2.31 2.40 2.44`: the ratio in each round, as far as it is known."""
    return " ".join(_times(other / base if base and other is not None else None) for base, other in figure.rounds)


def _range(low: float | None, high: float | None, written: Callable[[float], str]) -> str:
    if low is None and high is None:
        return ""
    return f" [{', '.join('…' if end is None else written(end) for end in (low, high))}]"


def _times(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def times(figure: Figure) -> str:
    """The ratio with its interval; of few rounds, that of each."""
    return ratios_of_rounds(figure) if is_of_few(figure) else ratio(figure)


def is_of_few(figure: Figure) -> bool:
    """Whether there are too few rounds for an interval."""
    return figure.ratio is not None and figure.ratio_low is figure.ratio_high is None


def _signed(value: float | None) -> str:
    return UNKNOWN if value is None else f"{'+' if value >= 0 else '-'}{ms(abs(value))}"


def figures(comparison: Comparison) -> Iterator[RenderableType]:
    """A table for each variant, step and metric; those of the primary figure first."""
    by_step = groupby(comparison.figures, lambda figure: (figure.variant, figure.phase, figure.step, figure.metric))
    groups = [list(group) for _, group in by_step]
    groups.sort(key=lambda group: not any(figure.primary for figure in group))
    for group in groups[:TABLES]:
        first = group[0]
        where, variant, baseline = apart(first.variant, first.baseline)
        what = _words(first.phase, first.step, first.metric)
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
        yield heading(_words(*what), ("  ms, log scale", DIM))
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
        what = _words(whole.phase, whole.step)
        yield heading("where the difference comes from", (f"  {where}{what}, mean ms", DIM))
        both = ((brief(name, COLUMN), "right", 10) for name in (baseline, variant))
        made = table(("", "left", 32), *both, ("difference", "right", 22))
        for part in _ordered(group):
            lead = "" if part.adds or part is whole else "  of it " if part.part in INNER else "beside it: "
            name, values = PARTS.get(part.part, brief(part.part, NAME)), (part.baseline_ms, part.variant_ms)
            add(made, f"{lead}{name}", *map(ms, values), part_difference(part), style=DIM if lead else "")
        yield indented(made)
    if len(groups) > TABLES:
        yield line((f"{count(len(groups) - TABLES)} more tables of parts: see --json", DIM), indent=2)


def _ordered(group: Sequence[Part]) -> list[Part]:
    """The whole, then the parts that add up to it, each with the parts inside it, then the parts beside it."""
    adding = [part for part in group if part is group[0] or part.adds]
    beside = [part for part in group[1:] if not part.adds and part.part not in INNER]
    ordered: list[Part] = []
    for part in adding:
        ordered += [part, *(inner for inner in group if INNER.get(inner.part) == part.part)]
    return [*ordered, *beside]
