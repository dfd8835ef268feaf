"""What a comparison has besides its verdicts: the figures, their curves, and the parts a difference comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from loadgen.report.navigate import Found
from loadgen.report.terminal.glance import Scale
from loadgen.report.terminal.page import BAD, DIM, GOOD, STRONG, WARN, add, heading, indented, line, table
from loadgen.report.words import UNKNOWN, brief, count, known, ms

VERDICTS = {"slower": BAD, "faster": GOOD, "equivalent": GOOD, "inconclusive": WARN, "none": WARN}
MARKS = "●▲■◆○△□◇"
PLOT = 68  # columns
NAME, COLUMN = 30, 12  # characters of a variant's name in a heading and above a column
TABLES = 8  # of figures, and of parts
CONNECT = ("dns", "tcp", "tls", "handshake_cpu", "connect_delay")  # what lies within it
PARTS = {
    "wait": "wait for a connection", "service_new": "service on a new connection",
    "service_reused": "service on a reused one", "build": "client build", "ours": "ours (lag, sign, delays)",
    "handshake_cpu": "our CPU", "connect_delay": "our delay",
}  # fmt: skip


def named(figure: Found) -> str:
    """What a figure is of: `burst put response p99`."""
    return " ".join(brief(str(figure[key]), NAME) for key in ("phase", "step", "metric", "quantile") if figure.get(key))


def apart(figure: Found) -> tuple[str, str, str]:
    """(what both variants have in common, and what tells the variant from its baseline): of a matrix, `rate=50/s: `,
    `session=per-request` and `session=shared`."""
    variant, baseline = (str(figure.get(key) or "") for key in ("variant", "baseline"))
    words, others = variant.split(" "), baseline.split(" ")
    common = [word for word in words if word in others] if len(words) == len(others) else []
    one, other = (" ".join(word for word in each if word not in common) for each in (words, others))
    if not one or not other:
        return "", brief(variant, NAME), brief(baseline, NAME)
    return f"{brief(' '.join(common), NAME)}: " if common else "", brief(one, NAME), brief(other, NAME)


def ratio(figure: Found, unit: str = "") -> str:
    """`1.92 [1.88, 1.95]`."""
    return f"{_times(figure.get('ratio'))}{unit}{_range(figure, 'ratio', _times)}"


def difference(figure: Found, unit: str = "") -> str:
    """`+8.97 [+8.35, +9.59]`, in ms."""
    return f"{_signed(figure.get('difference_ms'))}{unit}{_range(figure, 'difference', _signed)}"


def _range(figure: Found, name: str, written: Any) -> str:
    low, high = figure.get(f"{name}_low"), figure.get(f"{name}_high")
    if not known(low) and not known(high):
        return ""
    return f" [{written(low) if known(low) else '…'}, {written(high) if known(high) else '…'}]"


def _times(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def _signed(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{'+' if value >= 0 else '-'}{ms(abs(value))}"


def figures(comparison: Found) -> Iterator[RenderableType]:
    """A table for each variant, step and metric; those of the primary figure first."""

    def of(figure: Found) -> tuple[str, ...]:
        return tuple(str(figure.get(key) or "") for key in ("variant", "phase", "step", "metric"))

    groups = [list(group) for _, group in groupby(comparison.get("figures") or [], of)]
    groups.sort(key=lambda group: not any(figure.get("primary") for figure in group))
    for group in groups[:TABLES]:
        where, variant, baseline = apart(group[0])
        what = named({**group[0], "quantile": ""})
        yield heading(f"{where}{variant} against {baseline}", (f"  {what}, ms", DIM))
        yield indented(_table(group, variant, baseline))
    if len(groups) > TABLES:
        yield line((f"{count(len(groups) - TABLES)} more tables of figures: see --json", DIM), indent=2)
    if groups:
        sure = comparison.get("confidence")
        told = f"[…] holds {100 * sure:.4g}% of the time; " if known(sure) and sure else ""
        yield line(
            (f"{told}the primary figure stands out, the other verdicts allow for how many they are", DIM), indent=2
        )


def _table(group: list[Found], variant: str, baseline: str) -> Table:
    made = table(
        ("", "left", 6), (brief(baseline, COLUMN), "right", 8), (brief(variant, COLUMN), "right", 8),
        ("ratio", "right", 17), ("difference", "right", 22), ("", "left", 12),
    )  # fmt: skip
    for figure in group:
        word = str(figure.get("verdict") or "none")
        add(
            made,
            (str(figure.get("quantile") or ""), STRONG if figure.get("primary") else ""),
            ms(figure.get("baseline_ms")),
            ms(figure.get("variant_ms")),
            ratio(figure),
            difference(figure),
            ("" if word == "none" else brief(word, 20), VERDICTS.get(word, "")),
        )
    return made


def curves(comparison: Found) -> Iterator[RenderableType]:
    """Each quantile as a line on which every variant has its mark: how far apart, and from where on."""

    def of(curve: Found) -> tuple[str, ...]:
        return tuple(str(curve.get(key) or "") for key in ("phase", "step", "metric"))

    every = sorted(comparison.get("curves") or [], key=of)
    names = list(dict.fromkeys(str(curve.get("variant")) for curve in every))
    if len(names) > len(MARKS):
        return
    marks = dict(zip(names, MARKS, strict=False))
    groups = [(what, list(group)) for what, group in groupby(every, of)]
    for what, group in groups[:TABLES]:
        rows = _rows(group)
        if len(rows) < 2:
            continue
        yield heading(" ".join(brief(word, NAME) for word in what if word), ("  ms, log scale", DIM))
        yield line("   ".join(f"{marks[name]} {brief(name, NAME)}" for name in names), indent=2)
        yield indented(_plot(rows, marks))


def _rows(curves: list[Found]) -> dict[str, dict[str, float]]:
    """By quantile, what each variant has there."""
    rows: dict[str, dict[str, float]] = {}
    for curve in curves:
        for quantile, value, *_ in curve.get("points") or []:
            if known(value) and value > 0:
                rows.setdefault(str(quantile), {})[str(curve.get("variant"))] = value
    return rows


def _plot(rows: dict[str, dict[str, float]], marks: dict[str, str]) -> Table:
    every = [value for row in rows.values() for value in row.values()]
    scale = Scale(min(every), max(every), PLOT)
    made = table(("", "left", 6), (scale.ticks(), "left", PLOT))
    for quantile, row in rows.items():
        cells = [" "] * PLOT
        for name, value in row.items():
            at = scale.column(value)
            cells[at] = marks[name] if cells[at] == " " else "*"
        add(made, quantile, "".join(cells).rstrip())
    return made


def parts(comparison: Found) -> Iterator[RenderableType]:
    """Where the difference of the mean comes from. What does not add to it is within what does."""

    def of(part: Found) -> tuple[str, ...]:
        return tuple(str(part.get(key) or "") for key in ("variant", "phase", "step"))

    groups = [list(group) for _, group in groupby(comparison.get("parts") or [], of)]
    for group in groups[:TABLES]:
        where, variant, baseline = apart(group[0])
        what = " ".join(brief(str(group[0][key]), NAME) for key in ("phase", "step") if group[0].get(key))
        yield heading("where the difference comes from", (f"  {where}{what}, mean ms", DIM))
        right = ((title, "right", 10) for title in (brief(baseline, COLUMN), brief(variant, COLUMN), "difference"))
        made = table(("", "left", 32), *right)
        for part in _ordered(group):
            name, values = str(part.get("part") or ""), (part.get("baseline_ms"), part.get("variant_ms"))
            lead = "" if part.get("adds") or part is group[0] else "  of it " if name in CONNECT else "beside it: "
            cells = map(ms, values)
            add(made, f"{lead}{PARTS.get(name, brief(name, NAME))}", *cells, _signed(part.get("difference_ms")),
                style=DIM if lead else "")  # fmt: skip
        yield indented(made)
    if len(groups) > TABLES:
        yield line((f"{count(len(groups) - TABLES)} more tables of parts: see --json", DIM), indent=2)


def _ordered(group: list[Found]) -> list[Found]:
    """The whole, then what adds up to it, after the connect what is within that, and at last what is beside it."""
    within = [part for part in group if part.get("part") in CONNECT]
    beside = [part for part in group[1:] if not part.get("adds") and part not in within]
    found: list[Found] = []
    for part in group:
        if part not in within and part not in beside:
            found += [part, *(within if part.get("part") == "connect" else ())]
    return [*found, *beside]
