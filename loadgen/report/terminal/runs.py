"""The runs of a folder, a line each: when, what became of it, and its longest tail."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.report.highest_rate import ratio_text, three_digits
from loadgen.report.terminal.figures import TAIL, chosen, range_of, rows
from loadgen.report.terminal.page import DIM, STRONG, add, drawn, line, table
from loadgen.report.tuned import chosen_sizes
from loadgen.report.verdict import Result, ended, measured, word
from loadgen.report.words import UNKNOWN, brief, clean, count
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult
from loadgen.result.tune import TuneResult

NAME = 40  # characters


def runs(listed: Sequence[tuple[str, Result | str]], more: int, width: int, color: bool) -> str:
    """The named results, or why one cannot be read, as a table; so many `more` are not listed."""
    if not listed:
        return "There are no runs here. `loadgen run burst` makes one.\n"
    made = table(
        ("run", "left", 12),
        ("started, UTC", "fixed", 16),
        ("", "fixed", 8),
        ("exit", "right", 4),
        ("requests", "right", 8),
        ("p50", "right", 6),
        (TAIL, "right", 6),
        ("of, ms", "text", 12),
    )
    for name, result in listed:
        shown = brief(clean(name), NAME)
        if isinstance(result, str):
            add(made, shown, "", "unread", "", "", "", "", (clean(result), DIM))
        else:
            add(made, (shown, STRONG), *_cells(map_text(result, clean)))
    rest = [line((f"{count(more)} more: --all", DIM))] if more else []
    return drawn([made, *rest], width, color)


def _cells(result: Result) -> tuple[str | tuple[str, str], ...]:
    early, (verdict, style) = ended(result), word(result)
    status = "" if result.exit_status is None else str(result.exit_status)
    started = result.started.replace("T", " ")[:16]
    figures: tuple[str, ...]
    if isinstance(result, CapacityResult):
        figures = _of_capacity(result)
    elif isinstance(result, TuneResult):
        figures = count(result.requests), "", "", ", ".join(chosen_sizes(result)) or "no size"
    else:
        figures = _of_experiment(result) if isinstance(result, ExperimentResult) else _of_run(result)
    return started, (early[0] if early else verdict, style), status, *figures


def _of_run(result: RunResult) -> tuple[str, ...]:
    """The requests, and the p50 and the p99 of the row with the longest tail."""
    sent = count(result.variant.requests.sent)
    every = rows(result) if measured(result) else []
    of_steps = [row for row in chosen(every, result, len(every)) if row.step]
    if not of_steps:
        return sent, UNKNOWN, UNKNOWN, ""
    row = max(of_steps, key=lambda of: of.tail)
    return sent, range_of(row, "p50"), range_of(row, TAIL), brief(row.label, NAME)


def _of_experiment(result: ExperimentResult) -> tuple[str, ...]:
    """The requests of all rounds, and what the experiment found."""
    sent = sum(run.requests.sent for variant in result.variants for run in variant.rounds)
    primary = [figure for figure in (result.comparison.figures if result.comparison else ()) if figure.primary]
    found = ", ".join(dict.fromkeys(figure.verdict for figure in primary if figure.verdict != "none"))
    return count(sent), "", "", f"{count(len(result.variants))} variants{f': {found}' if found else ''}"


def _of_capacity(result: CapacityResult) -> tuple[str, ...]:
    """The requests of all steps, and the rate that was found."""
    rate, ratios = result.capacity.rate, [f"{brief(of.variant, NAME)} {ratio_text(of)}" for of in result.ratios]
    found = f"{three_digits(rate)} keeps {result.capacity.condition}" if rate else "no capacity"
    of = ", ".join(ratios) or found
    return count(result.requests), "", "", of
