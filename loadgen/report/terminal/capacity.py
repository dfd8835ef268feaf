"""The capacity of a target: one sentence, what set the limit, and the rates around it; or every step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from loadgen.report.highest_rate import (
    DISTURBED,
    NAME,
    cells,
    compared,
    effort,
    found,
    limited,
    near,
    nearest,
    note,
    titles,
)
from loadgen.report.sentences import notice_text
from loadgen.report.terminal.page import BAD, DIM, STRONG, WARN, Part, add, drawn, heading, labelled, line, table
from loadgen.report.terminal.thresholds import ORDER, rows, value_text
from loadgen.report.trust import reason
from loadgen.report.unusable import unusable
from loadgen.report.verdict import STATUSES, ended, exit_text
from loadgen.report.words import brief, rate, seconds, several
from loadgen.result.capacity import CapacityPreview, CapacityResult, CapacityStep, CapacityVariant

SENTENCE = 240  # characters of one
LEAD = 12  # columns of what a line at the end is about
WIDTHS = {"offered": 9, "completed": 10, "errors": 8}  # of columns


def capacity_summary(result: CapacityResult, width: int, room: int) -> Iterator[RenderableType]:
    """The screen, with at most so many rows in its table."""
    yield from _head(result)
    if result.steps:
        yield Text()
        yield from _near(result, room)
    yield from _thresholds(result, width)
    yield Text()
    yield from _end(result)


def every_step(result: CapacityResult, width: int) -> Iterator[RenderableType]:
    """Every step, in the order in which they ran, and what is known."""
    yield from _head(result)
    yield heading("steps, in the order in which they ran")
    yield from _table(result, [(step, note(step, True)) for step in result.steps], numbered=True)
    yield from _thresholds(result, width)
    yield Text()
    yield from _end(result)


def _head(result: CapacityResult) -> Iterator[RenderableType]:
    if early := ended(result):
        yield line((f"{early[0]}  ", BAD), early[1])
    if why := unusable(result):
        yield line((brief(why, SENTENCE), BAD))
    else:
        for ratio in result.ratios:
            yield line(*compared(result, ratio))
        for of in result.each:
            yield from _of_variant(result, of)
    yield from _disturbed(result)
    for warning in result.warnings[:2]:
        yield labelled(("warning: ", WARN), brief(notice_text(warning), SENTENCE))


def _disturbed(result: CapacityResult) -> Iterator[RenderableType]:
    trust = result.trust
    if trust and trust.verdict == "INVALID":
        yield line((DISTURBED, BAD))
    if trust and trust.verdict != "VALID":
        lead = "- " if trust.verdict == "INVALID" else f"{trust.verdict}: "
        for signal in trust.reasons[:1]:
            yield labelled((lead, WARN), brief(reason(signal), SENTENCE), indent=2)


def _of_variant(result: CapacityResult, of: CapacityVariant) -> Iterator[RenderableType]:
    steps = result.steps_of(of.name)
    said = [found(result.plan, of.capacity), [limited(of.capacity, steps)] if steps else []]
    if not of.name:
        yield from (line(*parts) for parts in said if parts)
        return
    yield labelled((f"{brief(of.name, NAME)}  ", STRONG), *said[0])
    yield from (labelled("  ", *parts) for parts in said[1:] if parts)


def _near(result: CapacityResult, room: int) -> Iterator[RenderableType]:
    """Of each variant the steps near its capacity, with as much room as there is for all."""
    shown = []
    for of in result.each:
        steps = near(of.capacity, result.steps_of(of.name), max(3, room // len(result.each)))
        limit = nearest(of.capacity, steps)
        shown += [(step, ("◀ limit", STRONG) if step is limit else note(step, False)) for step in steps]
    yield from _table(result, shown)


def _table(
    result: CapacityResult, steps: Sequence[tuple[CapacityStep, Part]], numbered: bool = False
) -> Iterator[RenderableType]:
    """The steps, and what is to be known of each."""
    columns = [(title, "right", WIDTHS.get(title, 9)) for title in titles(result.plan)]
    before = [*([("", "right", 3)] if numbered else []), *([("", "left", 8)] if result.variants else [])]
    made = table(*before, *columns, ("", "text", 16))
    for step, said in steps:
        first = [*([str(step.number)] if numbered else []), *([brief(step.variant, NAME)] if result.variants else [])]
        add(made, *first, *cells(result.plan, step), said)
    yield made


def _thresholds(result: CapacityResult, width: int) -> Iterator[RenderableType]:
    every = sorted(result.thresholds, key=lambda of: ORDER.index(of.status))
    if every:
        yield Text()
        made = [((_word(of.status), STATUSES[of.status]), (of.variant or "", of.text, value_text(of))) for of in every]
        yield from rows(made, ("text", "text", "text"), width)


def _word(status: str) -> str:
    return status if status == "passed" else status.upper()


def _end(result: CapacityResult) -> Iterator[RenderableType]:
    yield line(effort(result))
    one = f" · loadgen report FOLDER/{brief(result.steps[-1].folder, 24)} one of them" if result.steps else ""
    yield line((f"{'next':<{LEAD}}", DIM), f"--full prints every step{one}")
    status = exit_text(result)
    yield line((f"{'saved':<{LEAD}}", DIM), result.run, (f" · {status}" if status else "", BAD))


def planned(preview: CapacityPreview, width: int) -> str:
    """What a measurement would send."""
    keep = " and ".join(preview.plan.keep)
    first = line((preview.name, STRONG), f" on {preview.target}: the rate that keeps {keep}")
    return drawn([first, *(line(text) for text in steps_of(preview))], width, False)


def steps_of(preview: CapacityPreview) -> Iterator[str]:
    """The steps of a measurement, the time and the requests that they take, and what they cost."""
    plan = preview.plan
    if plan.variants:
        names = ", ".join(brief(name, NAME) for name in plan.variants)
        yield f"{several(len(plan.variants), 'variant')} in turns, each with all of the steps: {names}"
    most = f", at most {rate(plan.max_rate)}" if plan.max_rate else ""
    yield (
        f"The search begins at {rate(plan.first_rate)}{most}, with steps of {seconds(plan.search_s)}. "
        f"{several(plan.steps, 'step')} of {seconds(plan.step_s)} follow. Before each, its load runs for "
        f"{seconds(plan.lead_in_s)} that are not measured."
    )
    yield (
        f"{several(preview.runs, 'run')}, about {seconds(round(preview.seconds))} · about "
        f"{several(round(100 * preview.requests_each), 'request')} for each 100/s of the capacity"
    )
    if at_most := _at_most(preview):
        yield f"At most {at_most}"
    if plan.thresholds:
        yield f"What it has to be: {', '.join(plan.thresholds)}"


def steps_in_short(preview: CapacityPreview) -> str:
    """The same in one sentence, for a screen that has other things to tell."""
    plan = preview.plan
    at_most = _at_most(preview)
    most = f", at most {at_most}" if at_most else ""
    asked = f"; it has to be: {', '.join(plan.thresholds)}" if plan.thresholds else ""
    return (
        f"loadgen capacity would look for the rate that keeps {' and '.join(plan.keep)}: "
        f"{several(preview.runs, 'run')}, about {seconds(round(preview.seconds))}{most}{asked}"
    )


def _at_most(preview: CapacityPreview) -> str:
    if preview.requests_at_most is None:
        return ""
    cost = f", {_usd(preview.usd_at_most)}" if preview.usd_at_most is not None else ""
    return f"{several(preview.requests_at_most, 'request')}{cost}"


def _usd(value: float) -> str:
    return f"${value:,.2f}" if value >= 0.01 else "less than $0.01"
