"""The page of a capacity: the sentence, the share beyond the limit by rate, every step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.highest_rate import DISTURBED, cells, effort, found, limited, note, titles
from loadgen.report.html.about import machine, provenance, target, written
from loadgen.report.html.common import MOST, complaints, end, missed, thresholds, verdict
from loadgen.report.html.crossing import Series, chart
from loadgen.report.html.markup import Content, Markup, element
from loadgen.report.html.page import Section, document
from loadgen.report.html.tables import facts, spoken, table
from loadgen.report.styles import BAD
from loadgen.report.unusable import unusable
from loadgen.report.verdict import VERDICTS, ended
from loadgen.report.words import brief, count, rate, seconds
from loadgen.result.capacity import CapacityPlan, CapacityResult, CapacityStep

NAME = 48  # characters
ROWS = 1000  # of a table


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
        yield element("h1", spoken(*found(result)))
    if early := ended(result):
        yield element("p", spoken((early[1], BAD)))
    yield element("p", " · ".join(filter(None, (brief(result.name, NAME), effort(result)))))
    said = [element("li", limited(result))] if result.steps and not result.unusable else []
    yield element("ul", said, _disturbed(result), complaints(result), missed(result), class_="said")


def _disturbed(result: CapacityResult) -> Markup | None:
    if not result.trust or result.trust.verdict != "INVALID":
        return None
    return element("li", DISTURBED, class_="isbad")


# the steps


def _charts(result: CapacityResult) -> Iterator[Content]:
    """A chart for each condition that something was beyond; that which breaks first, first."""
    series = [Series(0, "", result.capacity, result.steps)]
    by_rate = sorted(result.steps, key=lambda step: step.rate)
    for at, text in enumerate(sorted(result.plan.keep, key=lambda text: text != result.capacity.condition)[:MOST]):
        yield chart(f"shares-{at}", text, series, _table(result, by_rate, f"{text}, by rate"))


def _steps(result: CapacityResult) -> Content:
    return _table(result, result.steps, "Each is a run as any other: loadgen report shows it") if result.steps else None


def _table(result: CapacityResult, steps: Sequence[CapacityStep], caption: str) -> Markup:
    names = ("step", *titles(result.plan), "verdict", "", "folder")
    made = [
        (str(step.number), *cells(result.plan, step), (step.trust, VERDICTS[step.trust]), note(step, True), step.folder)
        for step in steps[:ROWS]
    ]
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
        ("steps", f"{count(of.steps)} of {seconds(of.step_s)}, behind {seconds(of.lead_in_s)} not measured"),
        ("search", f"steps of {seconds(of.search_s)}"),
    ]
