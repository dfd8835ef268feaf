"""A result as JUnit XML, which GitLab, Jenkins and GitHub show: each threshold is a test, and so are the primary figure
of an experiment and the rate of a capacity."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from loadgen.report.highest_rate import found, limited
from loadgen.report.reasons import of_figure
from loadgen.report.styles import text_of
from loadgen.report.terminal.thresholds import value_text
from loadgen.report.unusable import unusable
from loadgen.report.verdict import Result, exit_text
from loadgen.report.words import clean
from loadgen.result.capacity import CapacityResult, CapacityVariant
from loadgen.result.codec import map_text
from loadgen.result.experiment import ExperimentResult, Figure
from loadgen.result.run import Threshold

Undecided = Literal["error", "skipped"]

BROKEN = (1, 3, 6, 130)  # exit statuses of a result that is not whole


@dataclass(frozen=True, slots=True)
class Case:
    """A test: its names, and what became of it: passed, failure, error or skipped, with a sentence."""

    group: str
    name: str
    outcome: str
    text: str


def junit_text(result: Result, undecided: Undecided = "error") -> str:
    """The result as one XML document. A threshold that is undecided is an `error`, or is `skipped`."""
    cleaned = map_text(result, clean)
    cases = [*_cases(cleaned, undecided)]
    counted = Counter(case.outcome for case in cases)
    seconds = f"{max(0.0, cleaned.duration_s):.3f}"
    totals = {"tests": str(len(cases)), "failures": str(counted["failure"]), "errors": str(counted["error"])}
    root = ElementTree.Element("testsuites", {"name": "loadgen", "time": seconds, **totals})
    about = {"name": cleaned.name, "time": seconds, "timestamp": cleaned.started, "skipped": str(counted["skipped"])}
    suite = ElementTree.SubElement(root, "testsuite", {**about, **totals})
    for case in cases:
        _add(suite, case)
    ElementTree.indent(root)
    out = io.BytesIO()
    ElementTree.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue().decode() + "\n"


def _add(suite: ElementTree.Element, case: Case) -> None:
    test = ElementTree.SubElement(suite, "testcase", {"classname": case.group, "name": case.name})
    if case.outcome == "passed":
        if case.text:
            ElementTree.SubElement(test, "system-out").text = case.text
    else:
        of = ElementTree.SubElement(test, case.outcome, {"message": case.text, "type": case.outcome})
        of.text = case.text


def _cases(result: Result, undecided: Undecided) -> Iterator[Case]:
    yield _run(result)
    for threshold in result.thresholds:
        yield _of_threshold(result.name, threshold, undecided)
    if isinstance(result, ExperimentResult) and result.comparison:
        for figure in result.comparison.figures:
            if figure.primary:
                yield _of_primary(result.name, figure, undecided)
    if isinstance(result, CapacityResult) and result.steps:
        for of in result.each:
            yield _of_capacity(result, of, undecided)


def _run(result: Result) -> Case:
    """Whether there is a result at all, which has to be seen where a profile has no thresholds."""
    verdict = result.trust.verdict if result.trust else "nothing measured"
    if result.exit_status in BROKEN or not result.complete:
        why = unusable(result) or exit_text(result) or "it did not come to its end"
        return Case(result.name, "the run has a result", "error", why)
    return Case(result.name, "the run has a result", "passed", f"trust: {verdict}")


def _of_threshold(name: str, of: Threshold, undecided: Undecided) -> Case:
    cycle = f" cycle {of.cycle}" if of.cycle > 1 else ""
    group = ".".join(filter(None, (name, of.variant or "", f"{of.phase}{cycle}")))
    outcome = {"passed": "passed", "failed": "failure"}.get(of.status, undecided)
    return Case(group, " ".join(filter(None, (of.step, of.text))), outcome, f"{of.status}: {value_text(of)}")


def _of_primary(name: str, figure: Figure, undecided: Undecided) -> Case:
    """An experiment fails by its thresholds alone: its primary figure is decided, or it is not."""
    decided = figure.verdict not in ("none", "inconclusive")
    why = f" ({of_figure(figure.why)})" if figure.why else ""
    times = f", {figure.ratio:.2f} times" if figure.ratio is not None else ""
    what = f"{figure.variant} against {figure.baseline}: {figure.phase} {figure.step} {figure.metric} {figure.quantile}"
    text = f"{figure.verdict}{times}{why}"
    return Case(f"{name}.primary", " ".join(what.split()), "passed" if decided else undecided, text)


def _of_capacity(result: CapacityResult, of: CapacityVariant, undecided: Undecided) -> Case:
    """Whether a rate was found at which the conditions break."""
    text = f"{text_of(found(result.plan, of.capacity))}. {limited(of.capacity, result.steps_of(of.name))}"
    group = ".".join(filter(None, (result.name, of.name, "capacity")))
    return Case(group, ", ".join(result.plan.keep), "passed" if of.capacity.found else undecided, text)
