"""How sure a phase's percentiles are: the interval of each, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table

from loadgen.report.navigate import Found, cycle, headline, metric, place, steps, wholes
from loadgen.report.terminal.latency import PERCENTILES, Footnotes
from loadgen.report.terminal.page import DIM, add, indented, labelled, table
from loadgen.report.words import UNKNOWN, brief, known, ms

QUANTILES = PERCENTILES[:-1]  # the longest is what it is
TITLE = "95 %, ms"
FEWER = ("p50", "p99", "p99.9")  # where the others would not fit: of tens of seconds
LABEL, WIDE = 20, 14  # characters
NAMED = 3  # steps that a reason names
_MORE = re.compile(r"; (about .+ at this rate) would give one$")


def intervals(cycles: list[Found], notes: Footnotes) -> Iterator[RenderableType]:
    """A row for each step that has any, below the figures that they are of."""
    rows = [(phase, label, metric(step, headline(phase))) for label, found in steps(cycles) for phase, step in found]
    rows += [(phase, f"{name} (iteration)", of) for name, found in wholes(cycles).items() for phase, of in found]
    rows = [row for row in rows if row[2].get("intervals")]
    there = [row for row in rows if any("low" in found for found in row[2]["intervals"].values())]
    if there:
        yield indented(_table(there, notes))
    if missing := "; ".join(_missing(rows)):
        yield labelled(("no interval: ", DIM), (missing, DIM), indent=2)


def _table(rows: list[tuple[Found, str, Found]], notes: Footnotes) -> Table:
    cells = [{name: range_of(latency["intervals"].get(name) or {}) for name in QUANTILES} for _, _, latency in rows]
    wide = max(len(cell) for row in cells for cell in row.values())
    shown = QUANTILES if wide <= WIDE else FEWER
    made = table((TITLE, "left", LABEL), ("", "left", 0), *((name, "right", wide) for name in shown))
    above = ""
    for (phase, label, latency), row in zip(rows, cells, strict=True):
        add(made, brief(label, LABEL) if label != above else "", cycle(phase), *(row[name] for name in shown))
        _remark(notes, f"{place(phase)} {label}", latency["intervals"])
        above = label
    return made


def range_of(found: Found) -> str:
    """`[5.81, 6.12]`; `> 5.81` if it has no upper end."""
    low, high = found.get("low"), found.get("high")
    if not known(low):
        return UNKNOWN
    return f"[{ms(low)}, {ms(high)}]" if known(high) else f"> {ms(low)}"


def _remark(notes: Footnotes, where: str, found: Found) -> None:
    for name in QUANTILES:
        if warning := (found.get(name) or {}).get("warning"):
            notes.say(f"{where} {name}: {str(warning).replace('it rests', 'its interval rests', 1)}")


def _missing(rows: list[tuple[Found, str, Found]]) -> Iterator[str]:
    """`p99.9 of put, get: needs about 9 more minutes at this rate`. Where the percentile itself is missing, its own
    note says why."""
    where: dict[str, dict[str, set[str]]] = {}  # why, the step, the percentiles that miss it in any of its cycles
    for _, label, latency in rows:
        for name in QUANTILES:
            why = str((latency["intervals"].get(name) or {}).get("none") or "")
            if why and known(latency.get(name)):
                more = _MORE.search(why)
                where.setdefault(f"needs {more[1]}" if more else why, {}).setdefault(label, set()).add(name)
    every = len({label for _, label, _ in rows})
    for why, missing in where.items():
        groups: dict[tuple[str, ...], list[str]] = {}
        for label, names in missing.items():
            groups.setdefault(tuple(name for name in QUANTILES if name in names), []).append(label)
        told = [
            f"{', '.join(names)}{'' if len(labels) == every else f' of {_listed(labels)}'}"
            for names, labels in groups.items()
        ]
        yield f"{' and '.join(told)}: {why}"


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(brief(label, LABEL) for label in labels[:NAMED]) + more
