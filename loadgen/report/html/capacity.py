"""The page of a capacity: the sentence, the share beyond the limit by rate, every step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loadgen.report.highest_rate import DISTURBED, cells, compared, effort, found, limited, note, titles
from loadgen.report.html.about import machine, provenance, target, written
from loadgen.report.html.common import MOST, complaints, end, missed, thresholds, verdict
from loadgen.report.html.crossing import Series, chart
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.page import Section, document
from loadgen.report.html.tables import facts, spoken, table
from loadgen.report.styles import BAD, STRONG, Part
from loadgen.report.unusable import unusable
from loadgen.report.verdict import VERDICTS, ended
from loadgen.report.words import brief, count, rate, seconds
from loadgen.result.capacity import CapacityPlan, CapacityResult, CapacityStep

NAME = 48  # characters
ROWS = 1000  # of a table
TOGETHER = 4  # variants in a chart


def capacity_page(result: CapacityResult, profile: Sequence[str]) -> str:
    """The page of a capacity; every text of the result is clean. `profile` are the lines of its profile."""
    sections = [
        Section("shares", "Share beyond the limit", _charts(result)),
        Section("steps", "Steps", _steps(result)),
        Section("thresholds", "Thresholds", thresholds(result.thresholds, result)),
        Section("about", "About this measurement", _about(result, profile)),
    ]
    return document(f"{brief(result.name, NAME)}: loadgen", _head(result), sections, end(result))


def _head(result: CapacityResult) -> Iterator[Content]:
    yield verdict(result)
    if why := unusable(result):
        yield element("h1", brief(result.name, NAME))
        yield element("p", spoken((why, BAD)))
    else:
        yield element("h1", spoken(*_first(result)))
    if early := ended(result):
        yield element("p", spoken((early[1], BAD)))
    yield element("p", " · ".join(filter(None, (brief(result.name, NAME), effort(result)))))
    said = [] if result.unusable or not result.steps else [*_said(result)]
    yield element("ul", said, _disturbed(result), complaints(result), missed(result), class_="said")


def _first(result: CapacityResult) -> Iterable[Part]:
    """The ratio of two variants, or the capacity."""
    if len(result.ratios) == 1:
        return compared(result, result.ratios[0])
    return [f"{count(len(result.variants))} capacities"] if result.variants else found(result.plan, result.capacity)


def _said(result: CapacityResult) -> Iterator[Markup]:
    for of in result.each:
        name = [(f"{brief(of.name, NAME)}: ", STRONG), *found(result.plan, of.capacity), ". "] if of.name else []
        yield element("li", spoken(*name), limited(of.capacity, result.steps_of(of.name)))
    for ratio in result.ratios if len(result.ratios) > 1 else ():
        yield element("li", spoken(*compared(result, ratio)))


def _disturbed(result: CapacityResult) -> Markup | None:
    if not result.trust or result.trust.verdict != "INVALID":
        return None
    return element("li", DISTURBED, class_="isbad")


# the steps


def _charts(result: CapacityResult) -> Iterator[Content]:
    """A chart for each condition that something was beyond; that which breaks first, first."""
    series = [
        Series(2 * at, brief(of.name, NAME), of.capacity, result.steps_of(of.name))
        for at, of in enumerate(result.each[:TOGETHER])
    ]
    by_rate = sorted(result.steps, key=lambda step: (step.variant, step.rate))
    broken = {of.capacity.condition for of in result.each}
    for at, text in enumerate(sorted(result.plan.keep, key=lambda text: text not in broken)[:MOST]):
        yield chart(f"shares-{at}", text, series, _table(result, by_rate, f"{text}, by rate"))


def _steps(result: CapacityResult) -> Content:
    return _table(result, result.steps, "Each is a run as any other: loadgen report shows it") if result.steps else None


def _table(result: CapacityResult, steps: Sequence[CapacityStep], caption: str) -> Markup:
    names = ("step", *titles(result.plan), "verdict", "", "folder")
    made = [
        (f"{step.number} {brief(step.variant, NAME)}".strip(), *cells(result.plan, step),
         (step.trust, VERDICTS[step.trust]), note(step, True), step.folder)
        for step in steps[:ROWS]
    ]  # fmt: skip
    return table(names, made, caption, words=(len(names) - 3, len(names) - 2, len(names) - 1))


# of what


def _about(result: CapacityResult, profile: Sequence[str]) -> Iterator[Content]:
    yield facts([*provenance(result), *_plan(result.plan), *(target(result.target) if result.target else ())])
    yield machine(result.host)
    yield written(profile)


def _plan(of: CapacityPlan) -> list[tuple[str, str]]:
    return [
        ("kept", ", ".join(of.keep)),
        ("rates", f"from {rate(of.first_rate)}{f', at most {rate(of.max_rate)}' if of.max_rate else ''}"),
        ("variants", ", ".join(of.variants)),
        ("steps", f"{count(of.steps)} of {seconds(of.step_s)}, behind {seconds(of.lead_in_s)} not measured"),
        ("search", f"steps of {seconds(of.search_s)}"),
    ]
