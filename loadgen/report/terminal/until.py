"""The result of `--until`: whether the figure is precise enough, and after which of the planned looks."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.sentences import more, sentence
from loadgen.report.terminal.intervals import span
from loadgen.report.terminal.page import DIM, GOOD, WARN, Part, heading, labelled, line
from loadgen.report.words import brief, ms, seconds, share
from loadgen.result.run import Until, UntilFigure

SHOWN = 12  # steps


def until(goal: Until | None) -> Iterator[RenderableType]:
    """Empty for a run without `--until`."""
    if not goal:
        return
    last = goal.looks[-1] if goal.looks else None
    word: Part = (reached(goal), GOOD if goal.reached else WARN)
    if goal.within is None:
        yield heading("until", (f"  {goal.text}: ", ""), word)
        for look in goal.looks:
            left = f"undecided {'; '.join(look.undecided[:SHOWN])}" if look.undecided else "all decided"
            yield labelled(f"{brief(look.phase or '', 40)} after {seconds(look.after_s)}  ", left, indent=2)
        return
    planned = ", ".join(f"{at:,.0f}" for at in goal.planned_s)
    yield heading("until", (f"  {brief(goal.text, 70)}: ", ""), word)
    figures = last.figures if last else ()
    for figure in figures[:SHOWN]:
        yield labelled(f"{brief(figure.step, 40)}  ", figure_text(figure), indent=2)
    if len(figures) > SHOWN:
        yield line((f"{len(figures) - SHOWN} more: see --json", DIM), indent=2)
    yield line((f"looks were planned after {planned} s", DIM), indent=2)


def reached(goal: Until) -> str:
    """`reached after 20 s`; of thresholds, each of whose phases has looks of its own, without the time."""
    word = "reached" if goal.reached else "not reached"
    if goal.within is None:
        return word
    return f"{word} after {seconds(goal.looks[-1].after_s)}" if goal.looks else f"{word}, and not looked at"


def figure_text(figure: UntilFigure) -> str:
    """`8.25 ms [8.00, 8.50], within 3.1%`, or why there is no interval."""
    if figure.why:
        value = f"{ms(figure.ms)} ms, " if figure.ms is not None else ""
        text = more(figure.why)
        return f"{value}no interval: {sentence(figure.why)}{f'; {text} would give one' if text else ''}"
    return f"{ms(figure.ms)} ms {span(figure.low, figure.high)}, within {share(figure.off or 0.0, 1)}"
