"""The memory sizes of a function: the size to choose, a row for each, and what it took; or every visit."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from loadgen.report.sentences import notice_text
from loadgen.report.terminal.intervals import AT_LEAST, range_of
from loadgen.report.terminal.page import BAD, DIM, STRONG, WARN, add, drawn, heading, labelled, line, table
from loadgen.report.trust import reason
from loadgen.report.tuned import (
    advice,
    cost_of,
    effort_of,
    picture,
    prepared,
    prices_text,
    provisioned,
    row_of,
    title_of,
    titles_of,
    trimmed_row,
    trimmed_titles,
    usd,
    why_unknown,
)
from loadgen.report.unusable import unusable
from loadgen.report.verdict import VERDICTS, ended, exit_text
from loadgen.report.words import brief, count, ms, rate, several
from loadgen.result.tune import TunePreview, TuneResult, TuneSize

SENTENCE = 240  # characters of one
INTERVALS = ("p50", "p95", "p99")
LEAD = 12  # columns of what a line at the end is about
MOST = 14  # sizes on the first screen
WIDTHS = {"MB": 6, "cell": 20, "handler p50": 7, "billed": 7, "$/M inside": 6, "cold": 5, "cold p50": 6}


def tune_summary(result: TuneResult, width: int, room: int) -> Iterator[RenderableType]:
    """The screen."""
    yield from _head(result)
    if result.sizes:
        yield Text()
        yield from _sizes(result, MOST if room > 2 else 2 * room)
    yield Text()
    yield from _end(result, width)


def every_visit(result: TuneResult, width: int) -> Iterator[RenderableType]:
    """Everything: what Power Tuning would say, and every visit in the order in which they ran."""
    yield from _head(result)
    if result.sizes:
        yield heading("memory sizes: warm calls, in ms")
        yield from _sizes(result, len(result.sizes))
        yield heading(f"95 % intervals of these: {result.metric} of warm calls, in ms")
        intervals = table(*((title, "right", 16) for title in interval_titles(result)))
        for size in result.sizes:
            add(intervals, *interval_row(size))
        yield intervals
        if any(of.kind == "binomial" for size in result.sizes for of in size.warm.intervals.values()):
            yield line((f"- {AT_LEAST}", DIM))
        yield heading("as AWS Lambda Power Tuning has it: without a fifth of the calls at either end")
        trimmed = table(*((title, "right", 11) for title in trimmed_titles(result)))
        for size in result.sizes:
            add(trimmed, *trimmed_row(size))
        yield trimmed
        yield heading("visits, in the order in which they ran")
        visits = table(
            ("", "right", 3), ("round", "right", 5), (title_of(result), "right", 6), ("calls", "right", 7),
            ("failed", "right", 6),
            ("billed", "right", 8), ("", "fixed", 8), ("folder", "text", 12),
        )  # fmt: skip
        for visit in result.visits:
            billed = ms(visit.billed_ms / visit.reports) if visit.reports else ms(None)
            trust = (visit.trust, VERDICTS[visit.trust])
            figures = (visit.number, visit.round, visit.key, visit.requests, visit.failed)
            add(visits, *map(str, figures), billed, trust, visit.folder)
        yield visits
    yield Text()
    yield from _end(result, width)


def interval_titles(result: TuneResult) -> list[str]:
    return [title_of(result), *INTERVALS]


def interval_row(size: TuneSize) -> list[str]:
    """The interval of each percentile of warm calls that the sizes have."""
    return [size.key, *(range_of(size.warm.intervals.get(name)) for name in INTERVALS)]


def linked(result: TuneResult) -> str:
    """The address of the picture, on a line of its own that is as long as it is: one that is broken leads nowhere."""
    link = picture(result)
    return f"{link}\n" if link else ""


def _head(result: TuneResult) -> Iterator[RenderableType]:
    if early := ended(result):
        yield line((f"{early[0]}  ", BAD), early[1])
    if why := unusable(result):
        yield line((brief(why, SENTENCE), BAD))
    else:
        yield from (line(*said) for said in advice(result))
    trust = result.trust
    if trust and trust.verdict != "VALID":
        for signal in trust.reasons[:1]:
            yield labelled((f"{trust.verdict}: ", WARN), brief(reason(signal), SENTENCE))
    for warning in result.warnings[:2]:
        yield labelled(("warning: ", WARN), brief(notice_text(warning), SENTENCE))


def _sizes(result: TuneResult, most: int) -> Iterator[RenderableType]:
    columns = [(title, "right", WIDTHS.get(title, 5)) for title in titles_of(result)[:-1]]
    made = table(*columns, ("", "text", 14))
    for size in result.sizes[:most]:
        add(made, *row_of(result, size))
    yield made
    if len(result.sizes) > most:
        yield line((f"{count(len(result.sizes) - most)} more: --full", DIM))
    if why := why_unknown(result.sizes):
        yield line((f"- p99 {why}", DIM))


def _end(result: TuneResult, width: int) -> Iterator[RenderableType]:
    yield line(f"Times are ms, of warm calls ({result.metric}). {effort_of(result)}")
    for text in provisioned(result):
        yield line((f"{'provisioned':<{LEAD}}", DIM), text)
    for text in prepared(result):
        yield line((f"{'beforehand':<{LEAD}}", DIM), text)
    yield line((f"{'cost':<{LEAD}}", DIM), cost_of(result))
    if link := picture(result):
        shown = link if len(link) + LEAD <= width else "AWS Lambda Power Tuning's link: --full, --json"
        yield line((f"{'picture':<{LEAD}}", DIM), shown)
    yield line((f"{'next':<{LEAD}}", DIM), "--full prints every visit; each is a run: loadgen report FOLDER/visits/001")
    status = exit_text(result)
    yield line((f"{'saved':<{LEAD}}", DIM), result.run, (f" · {status}" if status else "", BAD))


def planned(preview: TunePreview, width: int) -> str:
    """What a measurement would do."""
    plan = preview.plan
    how = f"due at {rate(plan.rate)}" if plan.rate else "one after the other"
    keep = f", and the cheapest size that keeps {' and '.join(plan.keep)}" if plan.keep else ""
    what, size, one = ("cells", "cell", "cell") if plan.cells else ("memory sizes", "size", "memory")
    publishes = any(cell.published for cell in plan.cells)
    provisions = any(cell.provisioned for cell in plan.cells)
    made = [line("Versions are published for it, and deleted at the end")] if publishes else []
    if provisions:
        made.append(line("Provisioned concurrency is asked for before each of its visits, and taken away after it"))
    lines = [
        line((preview.name, STRONG), f" on {preview.target}: the {what} of {plan.function}{keep}"),
        line(", ".join(cell.name for cell in plan.cells) or f"{', '.join(map(str, plan.sizes))} MB"),
        line(
            f"{several(plan.rounds, 'round')}, each with a visit of every {size} in a drawn order: the {one} is set, "
            f"and {several(plan.each, 'call')} follow, {how}"
        ),
        line(
            f"About {several(preview.requests, 'call')}, at most {usd(preview.usd_at_most)} if each is billed for "
            f"{ms(preview.each_ms)} ms, the longest that loadgen waits for one; {prices_text(preview.prices)}"
        ),
        *made,
        line("At the end, on an error and on a signal the memory is restored; after kill -9 by loadgen tune --restore"),
        line(f"Permissions on the function: {', '.join(preview.permissions)}"),
    ]
    return drawn(lines, width, False)
