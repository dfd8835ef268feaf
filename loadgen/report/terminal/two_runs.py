"""Two runs side by side, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import RenderableType

from loadgen.report.navigate import Found
from loadgen.report.terminal.page import DIM, STRONG, WARN, add, drawn, heading, indented, labelled, line, table
from loadgen.report.words import UNKNOWN, clean, ms

WIDTH = 92


def render_pair(found: Found, *, color: bool = False) -> str:
    """The text for what `experiment.pair.pair` found."""
    return drawn(_page(clean(found)), WIDTH, color)


def _page(found: Found) -> Iterator[RenderableType]:
    for letter, run in zip("AB", found["runs"], strict=True):
        started = str(run.get("started") or "").replace("T", " ").replace("+00:00", " UTC")
        yield labelled((f"{letter} ", STRONG), f"{run.get('run')}  ", (f"{started} · {run.get('trust')}", DIM))
    for why in found["why_not"]:
        yield labelled(("no verdict: ", WARN), str(why))
    for told in found["differ"]:
        yield line(f"not the same: {told}", indent=2)

    def of(row: Found) -> tuple[str, ...]:
        cycle = f"cycle {row['cycle']}" if any(r["cycle"] > 1 for r in found["rows"]) else ""
        return str(row["phase"]), cycle, str(row["scenario"]), str(row["step"]), str(row["metric"])

    for (phase, cycle, scenario, step, metric), rows in groupby(found["rows"], of):
        yield heading(" ".join(filter(None, (phase, cycle))), (f"  {scenario}/{step} {metric}, ms", DIM))
        made = table(("", "left", 6), ("A", "right", 10), ("B", "right", 10), ("B / A", "right", 8))
        for row in rows:
            a, b = row["ms"]
            ratio = row["ratio"]
            add(made, str(row["quantile"]), ms(a), ms(b), UNKNOWN if ratio is None else f"{ratio:.3g}")
        yield indented(made)
