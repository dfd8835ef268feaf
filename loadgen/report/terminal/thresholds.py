"""The rows of thresholds: what became of each, and its measured value in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from loadgen.report.highest_rate import capacity_text
from loadgen.report.reasons import of_figure
from loadgen.report.terminal.page import add, indented, labelled, table
from loadgen.report.threshold_sentences import counts_text, held_text
from loadgen.report.words import UNKNOWN, count
from loadgen.result.run import Status, Threshold

Styled = tuple[str, str]
CAPACITY = "capacity"  # the phase of its thresholds
ORDER: tuple[Status, ...] = ("failed", "undecided", "passed")  # what did not pass first


def rows(of: Sequence[tuple[Styled, Sequence[str]]], sides: Sequence[str], width: int) -> Iterator[RenderableType]:
    """The status of each threshold and its other cells, whose columns have `sides`: as a table if all columns have room
    beside each other, otherwise a sentence each."""
    made = table(("", "fixed", 0), *(("", side, 0) for side in sides))
    for status, cells in of:
        add(made, status, *cells)
    if made.fits(width - 2):
        yield indented(made)
        return
    for (word, style), cells in of:
        yield labelled((f"{word:<9} ", style), " · ".join(filter(None, cells)), indent=2)


def value_text(threshold: Threshold) -> str:
    """The measured value, or why there is none, and whether it is an INVALID run's; for an experiment also in how many
    rounds it passed."""
    accepted = "of an INVALID run, which was accepted" if threshold.accepted else ""
    reason = threshold.why if threshold.why and not (threshold.counts and threshold.why.code == "not_decided") else None
    why = "; ".join(filter(None, (of_figure(reason) if reason else "", accepted)))
    if threshold.value_ratio is not None:
        return "; ".join(filter(None, (_ratio(threshold), why)))
    between = "; " if threshold.counts or threshold.phase == CAPACITY else " "
    of_a_run = between.join(filter(None, (_value(threshold), held_text(threshold), why)))
    if threshold.rounds is None:
        return of_a_run
    passed = f"passed in {count(threshold.rounds_passed)} of {count(threshold.rounds)} rounds"
    if threshold.counts:
        return "; ".join(filter(None, (passed, of_a_run)))
    return passed if threshold.round is None else f"{passed}; round {threshold.round}: {of_a_run}"


def _value(threshold: Threshold) -> str:
    """The figure, and what is known of the share of requests beyond the limit."""
    counts, figure = counts_text(threshold), _figure(threshold)
    return (" " if threshold.value_share is not None else "; ").join(filter(None, (figure, counts)))


def _figure(threshold: Threshold) -> str:
    if threshold.value_ms is not None:
        return f"{threshold.value_ms:g} ms"
    if threshold.value_share is not None:
        return f"{threshold.value_share:.2%}"
    if threshold.per_s_low is not None or threshold.per_s_high is not None:
        return capacity_text(threshold.value_per_s, threshold.per_s_low, threshold.per_s_high)
    if threshold.value_s is not None:
        return f"{threshold.value_s:g} s"
    return f"{threshold.value_per_s:,.1f}/s" if threshold.value_per_s is not None else ""


def _ratio(threshold: Threshold) -> str:
    """`3.1 [2.8, 3.4]`."""
    return f"{_times(threshold.value_ratio)} [{_times(threshold.ratio_low)}, {_times(threshold.ratio_high)}]"


def _times(ratio: float | None) -> str:
    return UNKNOWN if ratio is None else f"{ratio:.3g}"
