"""The whole page: one file that asks for nothing, runs nothing, and shows any text as text."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from documents import documents
from examples import examples
from html_pages import check, figures, parsed, table, words
from hypothesis import given, settings
from paths import DATA

from loadgen.report.html.text import html_text
from loadgen.report.navigate import cycle, every_step
from loadgen.report.sharing import shared
from loadgen.report.words import count, ms
from loadgen.result.codec import from_json, map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult
from loadgen.result.shape import Shape

RESULT = json.loads((DATA / "result.json").read_text())
HOSTILE = (
    "</style></title></table><script src=//x>alert(1)</script><img src=x onerror=y>\"'`&amp;<!--\x00\x1b[2J\u202e\ud800"
)


@pytest.fixture
def result() -> RunResult:
    return from_json(RunResult, copy.deepcopy(RESULT))


def test_the_policy_allows_the_sheet_alone(result: RunResult) -> None:
    root = check(html_text(result))
    style = root.findtext("head/style") or ""
    sha = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [meta.get("content", "") for meta in root.iter("meta") if meta.get("http-equiv")]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules == {
        "default-src": "'none'", "style-src": f"'sha256-{sha}'", "img-src": "data:", "base-uri": "'none'",
        "form-action": "'none'",
    }  # fmt: skip
    assert next(iter(root.find("head") or ())).get("charset") == "utf-8"
    assert list(root.find("head") or ())[1].get("http-equiv") == "Content-Security-Policy", "before all that it is for"


def test_the_verdict_comes_first(result: RunResult) -> None:
    root = check(html_text(result))
    text = words(root.find("body/header"))  # type: ignore[arg-type]
    assert text.startswith(f"{result.trust.verdict}{result.name}")
    assert count(result.variant.requests.sent) in text


def test_every_chart_has_a_title_a_description_and_its_table(result: RunResult) -> None:
    root = check(html_text(result))
    assert len(figures(root)) >= 2
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for figure in figures(root):
        (image,) = [element for element in figure.iter("svg") if element.get("role") == "img"]
        by_id = {element.get("id"): words(element) for element in figure.iter()}
        assert by_id[image.get("aria-labelledby")] and by_id[image.get("aria-describedby")]
        assert figure.find("details/summary") is not None
        assert figure.find("details//table") is not None


def test_all_that_scrolls_can_be_reached_with_a_keyboard(result: RunResult) -> None:
    root = check(html_text(result))
    scrolling = [element for element in root.iter("div") if element.get("class") == "scroll"]
    assert scrolling
    assert all(element.get("tabindex") == "0" and element.get("aria-label") for element in scrolling)
    links = {element.get("href") for element in root.iter("a")}
    assert links == {f"#{section.get('id')}" for section in root.iter("section")} or links


def test_the_tables_have_the_figures_of_the_result(result: RunResult) -> None:
    root = check(html_text(result))
    rows = {row[0]: row[1:] for row in table(root, "Latency by percentile")[1:]}
    for phase, label, step in every_step(result.variant.phases):
        latency = step.latency_ms[phase.headline]
        cells = rows[f"{phase.name} {label} {cycle(phase)}".strip()]
        assert cells[:2] == [count(latency.count), ms(latency.quantiles["p50"])]


@pytest.mark.parametrize("hostile", [HOSTILE, "http://x", "日本語" * 40])
def test_hostile_text_is_text(result: RunResult, hostile: str) -> None:
    page = html_text(map_text(result, lambda text: text + hostile))
    root = check(page)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]", page)
    assert hostile[:20] in "".join(root.itertext()) or hostile.isascii()
    page.encode()


@settings(max_examples=examples(20), deadline=None)
@given(documents(RunResult))
def test_any_run_has_a_page(document: dict[str, Any]) -> None:
    check(html_text(from_json(RunResult, document)))


@settings(max_examples=examples(20), deadline=None)
@given(documents(ExperimentResult))
def test_any_experiment_has_a_page(document: dict[str, Any]) -> None:
    check(html_text(from_json(ExperimentResult, document)))


def test_what_is_shared_names_no_host(result: RunResult) -> None:
    named = replace(result, target=replace(result.target, url="https://secret.example/x", addresses=("10.1.2.3",)))
    page = html_text(shared(named))
    assert "secret.example" not in page and "10.1.2.3" not in page
    ids = [sample.request_id for sample in result.samples.slowest if sample.request_id]
    assert all(known not in page for known in ids)


def test_a_number_keeps_its_unit(result: RunResult) -> None:
    (heading,) = parsed(html_text(result)).iter("h1")
    assert re.search("[0-9]\u00a0s", "".join(heading.itertext()))


def test_a_broken_run_says_so(result: RunResult) -> None:
    text = words(parsed(html_text(replace(result, complete=False))))
    assert "INCOMPLETE" in text


def test_the_profile_is_shown_line_by_line(result: RunResult) -> None:
    root = check(html_text(result, profile="name: <b>\nload: []"))
    (code,) = [element for element in root.iter("div") if element.get("class") == "code"]
    assert [line.text for line in code] == ["name: <b>", "load: []"]


def test_a_large_result_is_a_small_file(result: RunResult) -> None:
    """Twenty cycles of everything, each with a distribution of its own."""
    (variant,) = result.variants
    shape = Shape(tuple((1.09**at, 1.09 ** (at + 1), 1 + at) for at in range(90)), (), 0, {})
    measured = [phase for phase in variant.phases if phase.measured and phase.cycle == 1]
    cycles = tuple(
        replace(phase, cycle=at, cycles=20, steps=tuple(replace(step, shape=shape) for step in phase.steps))
        for at in range(1, 21)
        for phase in measured
    )
    page = html_text(replace(result, variants=(replace(variant, phases=cycles),)))
    assert len(page.encode()) < 3_000_000
