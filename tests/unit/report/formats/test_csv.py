"""A result as CSV: every figure once, numbers as numbers, nothing for what is not known, and no text that a spreadsheet
would carry out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas
import pytest
from capacity_steps import LATENCY, RATES, capacity_result, of_both, rising
from documents import any_result, documents
from examples import examples
from hypothesis import given, settings
from paths import DATA
from ramp_results import ramp_result

from loadgen.report.formats.csv import BY_SECOND, FORMULA, csv_text, seconds_text
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import from_json, map_text
from loadgen.result.experiment import ExperimentResult
from loadgen.result.rows import Result, columns, rows
from loadgen.result.run import RunResult
from loadgen.result.timeline import Moment, Stretch, Timeline

RESULT = from_json(RunResult, json.loads((DATA / "result.json").read_text()))


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


def test_the_figures_are_those_of_the_result() -> None:
    found = read(csv_text(RESULT))
    assert list(found[0]) == list(columns(RESULT))
    for phase in RESULT.variant.phases:
        for step in phase.steps if phase.measured else ():
            place = (phase.name, str(phase.cycle), step.scenario, step.step, "", "response")
            (row,) = [
                row
                for row in found
                if tuple(row[name] for name in ("phase", "cycle", "scenario", "step", "stratum", "metric")) == place
            ] or [None]
            if row is None:
                continue  # of a closed load, which has no response
            latency = step.latency_ms["response"]
            assert (int(row["requests"]), int(row["failed"])) == (step.requests.sent, step.requests.failed)
            for name in ("p50", "p99"):
                value = latency.quantiles[name]
                assert row[f"{name}_ms"] == ("" if value is None else repr(value))


def test_only_measured_phases_are_there() -> None:
    measured = {phase.name for phase in RESULT.variant.phases if phase.measured}
    assert {row["phase"] for row in read(csv_text(RESULT))} == measured


def test_every_row_has_every_column() -> None:
    assert all(tuple(row) == columns(RESULT) for row in rows(RESULT))


def test_a_capacity_has_a_row_for_itself_and_one_for_each_condition_of_a_step() -> None:
    result = capacity_result(rising(RATES))
    first, *others = read(csv_text(result))
    assert (first["stage"], first["condition"], float(first["rate"])) == ("capacity", LATENCY, result.capacity.rate)
    assert float(first["rate_low"]) < float(first["rate"]) < float(first["rate_high"])
    mine = [row for row in others if row["condition"] == LATENCY]
    assert [float(row["rate"]) for row in mine] == RATES
    assert [int(row["beyond"]) for row in mine] == [of.beyond for step in result.steps for of in step.conditions[:1]]
    assert len(others) == 2 * len(RATES)
    shared, fresh, *_ = read(csv_text(of_both()))
    assert (shared["variant"], shared["ratio"], fresh["variant"]) == ("shared", "", "fresh")
    assert float(fresh["ratio_low"]) < float(fresh["ratio"]) == pytest.approx(0.8, rel=0.01)


@pytest.mark.parametrize("made", [lambda: RESULT, ramp_result, lambda: capacity_result(rising(RATES))])
def test_pandas_reads_it_without_options(made: Callable[[], Result]) -> None:
    result = made()
    table = pandas.read_csv(io.StringIO(csv_text(result)))
    assert tuple(table.columns) == columns(result)
    for name in columns(result):
        values = [row[name] for row in rows(result)]
        if any(isinstance(value, float) for value in values):
            assert table[name].dtype == float
        known = [value for value in values if value not in (None, "")]
        assert [*table[name].dropna()] == known, name


@pytest.mark.parametrize("begins", FORMULA)
def test_a_text_that_would_be_a_formula_is_a_text(begins: str) -> None:
    evil = map_text(RESULT, lambda text: f"{begins}1+1|cmd{text}")
    for row in csv.reader(io.StringIO(csv_text(evil)), strict=True):
        for cell in row:
            assert not cell.startswith(FORMULA) or _is_number(cell), cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@settings(max_examples=examples(20))
@given(documents(RunResult) | documents(ExperimentResult) | documents(CapacityResult))
def test_any_result_is_a_table(document: dict[str, Any]) -> None:
    result = any_result(document)
    table = list(csv.reader(io.StringIO(csv_text(result)), strict=True))
    assert {len(row) for row in table} == {len(columns(result))}
    assert len(table) == 1 + len(list(rows(result)))


def test_a_row_for_each_second_says_in_which_phase_it_was() -> None:
    moment = Moment(0, 200, 3, 20.3, 289.0, 332.0, (), 12, 188)
    unknown = replace(moment, start=2, p50=None, p99=None, longest=None, in_flight=None, completed=None)
    line = Timeline(1, (Stretch(0, 0, 1), Stretch(1, 1, 2)), (moment, replace(moment, start=1), unknown))
    phases = [replace(phase, name=f"={phase.name}") for phase in RESULT.variant.phases[:2]]
    first, second, third = read(seconds_text(line, phases))
    assert tuple(first) == BY_SECOND
    assert [*first.values()] == [
        "0",
        "'=warm-up",
        str(phases[0].cycle),
        "200",
        "3",
        "188",
        "12",
        "20.3",
        "289.0",
        "332.0",
        "",
        "0",
        "",
    ]
    assert (second["phase"], second["cycle"]) == ("'=steady", "1")
    assert [*third.values()] == ["2", "", "", "200", "3", "", "", "", "", "", "", "0", ""]


def test_cold_starts_and_throttles_are_told_by_the_second() -> None:
    moment = Moment(0, 200, 31, 20.3, 289.0, 332.0, (), 12, 188, 7, {"429 a": 30, "=b": 1})
    (row,) = read(seconds_text(Timeline(1, (Stretch(0, 0, 1),), (moment,)), RESULT.variant.phases))
    assert (row["cold"], row["throttled"], row["throttled_by"]) == ("7", "31", "30 429 a; 1 =b")


def test_each_band_of_a_ramp_has_a_row() -> None:
    rows_of = [row for row in read(csv_text(ramp_result())) if row["offered_low_per_s"]]
    assert len(rows_of) == 10
    assert {row["metric"] for row in rows_of} == {"response"}
    assert (rows_of[1]["offered_high_per_s"], rows_of[1]["requests"], rows_of[1]["p99_ms"]) == ("160.0", "105", "50.0")
    assert (rows_of[9]["completed_per_s"], rows_of[9]["failed"]) == ("300.0", "10")
