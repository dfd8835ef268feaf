"""Several runs on one screen: a row for each, in each step's table, and no word about their difference."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from paths import DATA

from loadgen.report.overlaid import NOT_COMPARED
from loadgen.report.terminal.overlay import overlay
from loadgen.result.codec import from_json
from loadgen.result.run import RunResult


@pytest.fixture
def result() -> RunResult:
    return from_json(RunResult, json.loads((DATA / "result.json").read_text()))


def lines(*results: tuple[str, RunResult], width: int = 80) -> list[str]:
    return overlay(results, width, False).splitlines()


def with_phases(result: RunResult, **changes: Any) -> RunResult:
    (variant,) = result.variants
    phases = tuple(replace(phase, **changes) for phase in variant.phases)
    return replace(result, variants=(replace(variant, phases=phases),))


def test_each_step_has_a_row_for_each_run(result: RunResult) -> None:
    shown = lines(("first", result), ("second", result))
    assert shown[0].startswith("A first  ") and shown[1].startswith("B second  ")
    tables = [at for at, line in enumerate(shown) if line.endswith(" response, ms")]
    assert len(tables) > 1
    for at in tables:
        assert shown[at + 1].split() == ["requests", "p50", "p90", "p95", "p99", "p99.9", "max"]
        assert [shown[at + row].split()[0] for row in (2, 3)] == ["A", "B"]
        assert shown[at + 2].split()[1:] == shown[at + 3].split()[1:]
    assert " ".join(NOT_COMPARED.split()) in " ".join(" ".join(shown).split())
    assert all(len(line) <= 80 for line in shown)


def test_a_step_that_one_run_has_comes_last(result: RunResult) -> None:
    shown = lines(("first", with_phases(result, name="alone")), ("second", result), ("third", result))
    tables = [line for line in shown if line.endswith(" response, ms")]
    assert [line.startswith("alone ") for line in tables] == sorted(line.startswith("alone ") for line in tables)
    at = shown.index(tables[0])
    assert [shown[at + row].split()[0] for row in (2, 3)] == ["B", "C"]


def test_hostile_names_are_text(result: RunResult) -> None:
    shown = overlay([("\x1b[2J\u202e", replace(result, name="\x1b]0;x\x07" * 50)), ("b", result)], 80, False)
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_runs_without_latencies_are_named(result: RunResult) -> None:
    shown = lines(("first", with_phases(result, measured=False)), ("second", result))
    assert "NOTHING MEASURED" in shown[0]
    assert not any(line.startswith("A ") for line in shown[2:])
