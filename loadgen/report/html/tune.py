"""The page of a tuned function: the size to choose, every size, every visit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.html.about import machine, provenance, target, written
from loadgen.report.html.common import complaints, end, verdict
from loadgen.report.html.markup import Content, element
from loadgen.report.html.page import Section, document
from loadgen.report.html.tables import facts, spoken, table
from loadgen.report.styles import BAD
from loadgen.report.terminal.tune import interval_row, interval_titles
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
)
from loadgen.report.unusable import unusable
from loadgen.report.verdict import VERDICTS, ended
from loadgen.report.words import brief, count, ms, rate
from loadgen.result.tune import TuneResult

NAME = 48  # characters


def tune_page(result: TuneResult, profile: Sequence[str]) -> str:
    """The page of a tuned function; every text of the result is clean. `profile` are the lines of its profile."""
    sections = [
        Section("sizes", "Memory sizes", _sizes(result)),
        Section("power-tuning", "As AWS Lambda Power Tuning has it", _power_tuning(result)),
        Section("visits", "Visits", _visits(result)),
        Section("about", "About this measurement", _about(result, profile)),
    ]
    return document(f"{brief(result.name, NAME)}: loadgen", _head(result), sections, end(result))


def _head(result: TuneResult) -> Iterator[Content]:
    yield verdict(result)
    if why := unusable(result):
        yield element("h1", brief(result.name, NAME))
        yield element("p", spoken((why, BAD)))
    else:
        first, *others = advice(result)
        yield element("h1", spoken(*first))
        yield element("ul", [element("li", spoken(*said)) for said in others], class_="said")
    if early := ended(result):
        yield element("p", spoken((early[1], BAD)))
    yield element("p", " · ".join((brief(result.name, NAME), effort_of(result), cost_of(result))))
    yield from (element("p", text) for text in (*provisioned(result), *prepared(result)))
    yield element("ul", complaints(result), class_="said")


def _sizes(result: TuneResult) -> Iterator[Content]:
    titles = titles_of(result)
    rows = [row_of(result, size) for size in result.sizes]
    if rows:
        yield table(titles, rows, f"Warm calls, {result.metric}, in ms", words=(len(titles) - 1,))
        yield table(interval_titles(result), map(interval_row, result.sizes), "Their 95 % intervals, in ms")


def _power_tuning(result: TuneResult) -> Iterator[Content]:
    if result.power_tuning:
        caption = "The mean without a fifth of the calls at either end"
        yield table(trimmed_titles(result), map(trimmed_row, result.sizes), caption)
        yield element("p", picture(result))


def _visits(result: TuneResult) -> Content:
    rows = [
        (count(of.number), count(of.round), of.cell or count(of.memory), count(of.requests), count(of.failed),
         ms(of.billed_ms / of.reports if of.reports else None), (of.trust, VERDICTS[of.trust]), of.folder)
        for of in result.visits
    ]  # fmt: skip
    names = (
        "visit",
        "round",
        title_of(result),
        "calls",
        "failed",
        "billed ms",
        "verdict",
        "folder",
    )
    caption = "Each is a run as any other: loadgen report shows it"
    return table(names, rows, caption, words=(6, 7)) if rows else None


def _about(result: TuneResult, profile: Sequence[str]) -> Iterator[Content]:
    plan = result.plan
    own = [
        ("function", plan.function),
        ("memory before", f"{count(result.original)} MB"),
        ("calls", f"{count(plan.calls)} of each size in {count(plan.rounds)} rounds"),
        ("load", f"due at {rate(plan.rate)}" if plan.rate else "one call after the other"),
        ("kept", ", ".join(plan.keep)),
        ("prices", f"{prices_text(result.prices)}, {result.prices.source}"),
    ]
    yield facts([*provenance(result), *own, *(target(result.target) if result.target else ())])
    yield machine(result.host)
    yield written(profile)
