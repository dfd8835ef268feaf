"""A result as JUnit XML: a test for each threshold, in the form that Jenkins' schema (junit-10.xsd) and GitLab take."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from capacity_steps import LATENCY, RATES, capacity_result, of_both, rising, step
from documents import any_result, documents
from examples import examples
from hypothesis import given, settings
from paths import DATA

from loadgen.report.formats.junit import junit_text
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import from_json, map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult

RESULT = from_json(RunResult, json.loads((DATA / "result.json").read_text()))
# what the schema allows: an element's attributes, those that it must have, and what may be in it
ALLOWED: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package"},
        {"name", "tests", "failures", "errors"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"name"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
    "skipped": ({"type", "message"}, set(), set()),
    "system-out": (set(), set(), set()),
}
TIME = re.compile(r"[0-9]+(\.[0-9]*)?")


def parsed(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text.encode())
    for element in root.iter():
        attributes, needed, children = ALLOWED[element.tag]
        assert needed <= set(element.attrib) <= attributes, element.tag
        assert {child.tag for child in element} <= children, element.tag
        assert TIME.fullmatch(element.get("time", "0"))
    return root


def outcomes(text: str) -> dict[str, str]:
    root = parsed(text)
    return {
        f"{case.get('classname')} {case.get('name')}": next((child.tag for child in case), "passed")
        for case in root.iter("testcase")
    }


def test_each_threshold_is_a_test() -> None:
    first = RESULT.thresholds[0]
    statuses = ("passed", "failed", "undecided")
    thresholds = tuple(
        replace(first, phase=status, status=status, cycle=1, step="", why=Reason.of("nothing_sent"))
        for status in statuses
    )
    result = replace(RESULT, thresholds=thresholds)
    told = outcomes(junit_text(result))
    name = f"{RESULT.name}.{{}} {first.text}"
    assert told[name.format("failed")] == "failure"
    assert told[name.format("undecided")] == "error"
    assert told[name.format("passed")] == "system-out"
    assert outcomes(junit_text(result, "skipped"))[name.format("undecided")] == "skipped"
    root = parsed(junit_text(result))
    assert [root.get(of) for of in ("tests", "failures", "errors")] == ["4", "1", "1"]


def test_a_run_without_thresholds_has_a_test() -> None:
    told = outcomes(junit_text(replace(RESULT, thresholds=())))
    assert told == {f"{RESULT.name} the run has a result": "system-out"}


@pytest.mark.parametrize(
    "broken", [{"exit_status": 3}, {"exit_status": 6}, {"exit_status": 130}, {"complete": False, "exit_status": None}]
)
def test_a_run_that_has_no_result_is_an_error(broken: dict[str, Any]) -> None:
    result = replace(RESULT, thresholds=(), **broken)
    assert list(outcomes(junit_text(result)).values()) == ["error"]


def test_a_capacity_is_a_test_that_passes_if_it_was_found() -> None:
    told = outcomes(junit_text(capacity_result(rising(RATES))))
    assert told == {"c the run has a result": "system-out", f"c.capacity {LATENCY}, errors < 1%": "system-out"}
    both = [name for name in outcomes(junit_text(of_both())) if "capacity" in name]
    assert both == [f"c.{variant}.capacity {LATENCY}, errors < 1%" for variant in ("shared", "fresh")]
    unknown = capacity_result([step(rate) for rate in RATES])
    assert list(outcomes(junit_text(unknown)).values()) == ["system-out", "error"]
    assert list(outcomes(junit_text(unknown, "skipped")).values()) == ["system-out", "skipped"]


def test_hostile_text_stays_text() -> None:
    evil = map_text(RESULT, lambda text: f"{text}\x00\x1b[2J]]><failure/>&\ufffe\"'")
    root = parsed(junit_text(evil))
    failed = [threshold for threshold in RESULT.thresholds if threshold.status == "failed"]
    assert len(list(root.iter("failure"))) == len(failed), "a text is no element"


@settings(max_examples=examples(30))
@given(documents(RunResult) | documents(ExperimentResult) | documents(CapacityResult))
def test_any_result_is_xml(document: dict[str, Any]) -> None:
    parsed(junit_text(any_result(document)))
