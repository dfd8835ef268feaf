"""A twin, for a terminal: how well it agrees with the run, and what could not be told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TextIO

from rich.console import RenderableType

from loadgen.report.sentences import sentence
from loadgen.report.terminal.page import (
    BAD,
    DIM,
    GOOD,
    STRONG,
    WARN,
    Part,
    add,
    drawn,
    fitting,
    indented,
    labelled,
    table,
)
from loadgen.report.terminal.page import line as paragraph
from loadgen.report.twin_sentences import UNKNOWN as NOT_TOLD
from loadgen.report.words import UNKNOWN, clean, encodable, ms, several, share, wants_color
from loadgen.result.codec import map_text
from loadgen.result.twin import Agreement, ColdShare, TwinFigure, TwinResult

WIDTH = 80
APART, CHANCE = "!", "~"


def show(result: TwinResult, file: TextIO) -> None:
    """Write it to `file`: coloured and as wide as it if that is a terminal, in characters it can write."""
    file.write(encodable(render(result, fitting(file), wants_color(file)), file))


def render(result: TwinResult, width: int = WIDTH, color: bool = False) -> str:
    return drawn(_page(map_text(result, clean)), min(width, WIDTH), color)


def _page(result: TwinResult) -> Iterator[RenderableType]:
    yield labelled(("twin of ", STRONG), f"{result.run}  ", (result.target, DIM))
    if result.agreement:
        yield from _agreement(result.agreement)
    elif result.unchecked:
        yield labelled(("not tried: ", WARN), sentence(result.unchecked))
    for of in result.fitted:
        if of.why.code in NOT_TOLD:
            yield labelled((f"{of.key}: ", WARN), sentence(of.why))
    if result.written:
        yield labelled(("written  ", DIM), f"{result.written}; it says where each value comes from")
        yield labelled(
            ("next     ", DIM), f"loadgen run {result.written} --set load.PHASE.rate=RATE tries another load"
        )


def _agreement(of: Agreement) -> Iterator[RenderableType]:
    yield paragraph(*_sentence(of))
    made = table(
        ("ms", "left", 8), ("p50", "right", 6), ("twin", "right", 6), ("times", "right", 6),
        ("p90", "right", 6), ("twin", "right", 6), ("times", "right", 6),
        ("p99", "right", 6), ("twin", "right", 6), ("times", "right", 6),
    )  # fmt: skip
    several_steps = len({(figure.scenario, figure.step) for figure in of.figures}) > 1
    for (phase, _, step), figures in groupby(of.figures, lambda of: (of.phase, of.scenario, of.step)):
        by_name = {figure.quantile: figure for figure in figures}
        cells = [cell for name in ("p50", "p90", "p99") for cell in _cells(by_name.get(name))]
        add(made, f"{phase} {step}" if several_steps else phase, *cells)
    yield indented(made)
    if of.cold:
        made = table(("cold starts", "left", 12), ("run", "right", 7), ("twin", "right", 7), ("times", "right", 6))
        for cold in of.cold:
            ratio = cold.twin_share / cold.run_share if cold.run_share else None
            shares = [share(cold.run, cold.run_of), share(cold.twin, cold.twin_of)]
            add(made, cold.phase, *shares, _marked(UNKNOWN if ratio is None else f"{ratio:.2f}", cold))
        yield indented(made)


def _sentence(of: Agreement) -> Iterator[Part]:
    tolerance = f"{100 * of.tolerance:g} %" + (f", cold starts within {100 * of.cold_tolerance:g} %" if of.cold else "")
    of_all = f"{several(len(of.figures) + len(of.cold), 'figure')}"
    loads = f" in {several(of.loads, 'load')} of the same arrivals, in virtual time"
    if of.apart:
        yield (f"{of.apart} of {of_all} do not agree", BAD)
        yield f" within {tolerance} ({APART}){loads}"
    else:
        yield ("The twin agrees", GOOD)
        yield f" within {tolerance}{loads}"
    compared: tuple[TwinFigure | ColdShare, ...] = (*of.figures, *of.cold)
    if any(map(_by_chance, compared)):
        yield f"; what is marked {CHANCE} is further apart, but not by more than chance explains"


def _cells(figure: TwinFigure | None) -> tuple[Part, Part, Part]:
    if figure is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    return ms(figure.run_ms), ms(figure.twin_ms), _marked(f"{figure.ratio:.2f}", figure)


def _marked(text: str, of: TwinFigure | ColdShare) -> Part:
    if of.fits:
        return text
    return f"{text}{CHANCE}" if _by_chance(of) else (f"{text}{APART}", BAD)


def _by_chance(of: TwinFigure | ColdShare) -> bool:
    return not of.fits and of.inside
