"""The page of a capacity: its sentence first, a picture of the shares with the line, and every step in a table."""

from __future__ import annotations

from typing import Any

import pytest
from capacity_steps import ERRORS, LATENCY, RATES, capacity_result, of_both, rising, step
from documents import documents
from examples import examples
from html_pages import Tree, check, figures, table, words
from hypothesis import given, settings

from loadgen.report.highest_rate import three_digits
from loadgen.report.html.text import html_text
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import from_json, map_text
from loadgen.result.reason import Reason


@pytest.fixture(scope="module")
def result() -> CapacityResult:
    return capacity_result(rising(RATES))


def classes(root: Tree, name: str) -> list[Tree]:
    return [element for element in root.iter() if name in (element.get("class") or "").split()]


def test_the_sentence_comes_first(result: CapacityResult) -> None:
    said = words(check(html_text(result)).find("body/header"))  # type: ignore[arg-type]
    assert said.startswith(f"VALID{three_digits(result.capacity.rate)} [")
    assert f"keeps {LATENCY} · safe: {three_digits(result.capacity.low)} · the target is the limit" in said
    assert "14 steps of 2 s" in said and "Beyond it the requests took longer" in said


def test_the_picture_has_the_line_the_interval_and_what_is_allowed(result: CapacityResult) -> None:
    root = check(html_text(result))
    (figure,) = figures(root)
    assert words(figure.find("figcaption/h3")) == f"{LATENCY}, by rate"  # type: ignore[arg-type]
    assert figure.find("details//table") is not None
    (line,) = [path for path in classes(figure, "line") if path.get("d", "").count("L") > 10]
    assert line.get("d", "").count("L") > 20
    (band,) = classes(figure, "area")
    ends = [float(place.split()[0]) for place in band.get("d", "").strip("MZ").split("L")]
    assert len({*ends}) == 2 and 0 < min(ends) < max(ends) < 1000
    assert len(classes(figure, "limit")) == 1 and "allowed: 1%" in words(figure)
    assert len(classes(figure, "hit")) == len(RATES)


def test_every_step_is_in_the_table(result: CapacityResult) -> None:
    rows = table(check(html_text(result)), "Each is a run as any other")
    assert rows[0] == ["step", "offered", "completed", "> 100ms", "p99 ms", "errors", "verdict", "", "folder"]
    assert [row[1] for row in rows[1:]] == [three_digits(rate) for rate in RATES]


def test_a_throttle_has_a_picture_of_the_errors_first() -> None:
    steps = [step(rate, failures={"throttled: 429": 90} if rate > 160 else None) for rate in RATES]
    first, *others = figures(check(html_text(capacity_result(steps))))
    assert words(first.find("figcaption/h3")) == f"{ERRORS}, by rate"  # type: ignore[arg-type]
    assert not others, "no request was slow"
    assert not [path for path in classes(first, "line") if path.get("d", "").count("L") > 10], "there is no line"


def test_a_step_that_is_above_for_another_reason_has_its_own_mark() -> None:
    steps = [*rising(RATES), step(170, 0.001, number=15, above=Reason.of("step_not_settled"))]
    root = check(html_text(capacity_result(steps)))
    assert "above it for another reason" in words(classes(root, "legend")[0])


def test_variants_are_compared_in_the_heading_and_drawn_together() -> None:
    root = check(html_text(of_both()))
    assert words(root.find("body/header/h1")).startswith("fresh breaks at 0.80 [")  # type: ignore[arg-type]
    said = words(root.find("body/header"))  # type: ignore[arg-type]
    assert "shared: 159/s [" in said and "fresh: 127/s [" in said
    (figure,) = figures(root)
    assert words(classes(figure, "legend")[0]) == "sharedfresh"
    assert len(classes(figure, "area")) == 2
    assert len(table(root, "Each is a run as any other")) == 1 + 2 * len(RATES)


def test_one_without_steps_says_so() -> None:
    root = check(html_text(capacity_result([], complete=False, exit_status=None, trust=None)))
    assert "No capacity is known" in words(root) and "INCOMPLETE" in words(root)


def test_hostile_text_is_text(result: CapacityResult) -> None:
    hostile = "</style></title><script src=//x>alert(1)</script>\x00\x1b[2J"
    check(html_text(map_text(result, lambda text: text and text + hostile), None, hostile))


@settings(max_examples=examples(20), deadline=None)
@given(documents(CapacityResult))
def test_any_capacity_has_a_page(document: dict[str, Any]) -> None:
    check(html_text(from_json(CapacityResult, document)))
