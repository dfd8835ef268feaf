"""A result as Markdown: what the first screen says, in which nothing that a target sent is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from capacity_steps import LATENCY, RATES, capacity_result, of_both, rising
from documents import any_result, documents
from examples import examples
from golden import inputs
from hypothesis import given, settings
from paths import DATA
from ramp_results import ramp_result

from loadgen.report.formats.markdown import markdown_text, plain
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import from_json, map_text
from loadgen.result.experiment import ExperimentResult, Slope
from loadgen.result.reason import Reason
from loadgen.result.run import Finding, RunResult

RESULT = from_json(RunResult, json.loads((DATA / "result.json").read_text()))
EVIL = "<img src=x onerror=alert(1)> [a](https://b.c) `x` | *y* @all ![z](www.q.r) \n# h"


def test_the_verdict_is_the_heading_and_the_figures_a_table() -> None:
    text = markdown_text(RESULT)
    assert text.startswith(f"### {RESULT.trust.verdict}: {RESULT.name}\n")
    header = "| response, ms | p50 | p90 | p95 | p99 | p99.9 | max |"
    assert header in text.splitlines()
    assert "| threshold | of |  | measured |" in text


def test_what_failed_is_told_first() -> None:
    failed = replace(RESULT.thresholds[0], status="failed")
    text = markdown_text(replace(RESULT, thresholds=(*RESULT.thresholds[1:], failed)))
    rows = [line for line in text.splitlines() if "| FAILED |" in line or "| passed |" in line]
    assert "| FAILED |" in rows[0]


def test_a_capacity_is_its_sentence_and_the_steps_near_it() -> None:
    text = markdown_text(capacity_result(rising(RATES)))
    assert text.startswith("### VALID: c\n")
    assert f"keeps {plain(LATENCY)} · safe: " in text and "Beyond it the requests took longer" in text
    (limit,) = [line for line in text.splitlines() if line.endswith("| limit |")]
    assert limit.startswith(("| 158/s | 158/s |", "| 162/s | 162/s |"))


def test_the_capacities_of_variants_are_compared() -> None:
    text = markdown_text(of_both())
    assert "**fresh breaks at 0.80 " in text and "shared: 159/s" in text and "fresh: 127/s" in text
    assert text.count("| offered |") == 2


def test_findings_are_there() -> None:
    finding = Finding("burst", "", Reason.of("throttled", requests=31, sent=1000))
    assert "31 of 1,000 requests, 3.1%, were throttled." in markdown_text(replace(RESULT, findings=(finding,)))


def test_text_is_never_markup() -> None:
    shown = plain(EVIL)
    assert "\n" not in shown
    for mark in "<>[]`|*@#":
        assert all(shown[at - 1] == "\\" for at in range(len(shown)) if shown[at] == mark)
    assert "https://" not in shown and "www.q" not in shown


def test_a_row_has_as_many_cells_as_the_heading_whatever_the_names_are() -> None:
    evil = map_text(RESULT, lambda text: text + EVIL)
    tables = [line for line in markdown_text(evil).splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    assert tables and set(widths) <= {5, 8}


@settings(max_examples=examples(20))
@given(documents(RunResult) | documents(ExperimentResult) | documents(CapacityResult))
def test_any_result_is_a_page(document: dict[str, Any]) -> None:
    text = markdown_text(any_result(document))
    assert text.startswith("### ")
    assert not re.search(r"(?<!\\)<", text)


def test_a_ramp_has_a_table_of_its_bands() -> None:
    text = markdown_text(ramp_result())
    assert "| climb get, offered | requests | failed | completed | p50 | p90 | p95 | p99 | p99.9 | max |" in text
    assert "| 105 to 160/s | 105 | 0% | 105/s | 11.0 | 30.0 | 35.0 | 50.0 | - | - |" in text
    assert "held until 312/s, 14.2 s" in text


def test_an_axis_has_a_table_of_its_points(tmp_path: Path) -> None:
    found = from_json(ExperimentResult, inputs.document("experiment-scaling", tmp_path))
    first = found.scaling[0]
    slope = Slope("session=b", "p50", True, 3, 6, 1.12, 1.05, 1.19, 0.95, "rises", None)
    grown = replace(first.points[0], unsettled=2)
    sloped = replace(first, points=(grown, *first.points[1:]), slopes=(slope,))
    text = markdown_text(replace(found, scaling=(sloped, *found.scaling[1:])))
    head = next(line for line in text.splitlines() if line.startswith(f"| by {first.axis} | offered"))
    rows = text.split(head)[1].splitlines()[2:]
    assert rows[0].endswith("| grew in 2 rounds |") and rows[1].endswith("|  |")
    assert "the ratio rises, 1.12 \\[1.05, 1.19\\] times with each doubling of" in text
