"""The result that is made from what the steps wrote, complete or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from capacity_steps import ERRORS, LATENCY, plan, write_capacity
from engine_harness import Script, always

from loadgen.clock import MILLISECOND
from loadgen.errors import PlanError, ProfileError, WorkerLost
from loadgen.experiment.capacity.course import Next
from loadgen.experiment.capacity.folder import assembled, read_metadata
from loadgen.experiment.saved import read
from loadgen.report.terminal.runs import runs
from loadgen.report.terminal.screen import LINES, render
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import from_json, to_json

EVERY = 5  # the fifth request of a step above the capacity is slow


def limited(at: float) -> object:
    """A target that is slow above that rate."""

    def behave(step: Next) -> Script:
        return always(after=200 * MILLISECOND if step.rate > at else 20 * MILLISECOND)

    return behave


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_capacity(tmp_path_factory.mktemp("c") / "run", limited(60))  # type: ignore[arg-type]


def test_a_capacity_is_found(folder: Path) -> None:
    result = assembled(folder)
    assert result.complete and result.exit_status == 0
    assert [step.stage for step in result.steps].count("measure") == plan().steps
    capacity = result.capacity
    assert capacity.low and capacity.high and capacity.low < 60 < capacity.high
    assert capacity.condition == LATENCY
    slow = next(step for step in result.steps if step.rate > 60)
    latency, errors = slow.condition(LATENCY), slow.condition(ERRORS)
    assert latency and errors
    assert latency.beyond == latency.requests == slow.requests > 0
    assert (errors.beyond, errors.requests, slow.failed) == (0, slow.requests, 0)
    assert from_json(CapacityResult, json.loads(json.dumps(to_json(result)))) == result


def test_a_measurement_that_died_is_told(folder: Path, tmp_path: Path) -> None:
    cut = write_capacity(tmp_path / "cut", limited(60), most=3)  # type: ignore[arg-type]
    result = read(cut)
    assert isinstance(result, CapacityResult)
    assert not result.complete and result.exit_status is None and len(result.steps) == 3
    assert [warning.code for warning in result.warnings] == ["capacity_died"]
    assert "INCOMPLETE" in render(result, width=80, color=False)


def test_an_interruption_and_a_failure_have_their_exit_status(folder: Path) -> None:
    assert assembled(folder, interrupted=True).exit_status == 130
    assert assembled(folder, failed=WorkerLost("step 9 lost a worker twice")).exit_status == 6
    failed = assembled(folder, failed=PlanError("no ports"))
    assert failed.exit_status == 2
    assert [warning.code for warning in failed.warnings] == ["capacity_broken_off"]
    assert not failed.complete


def test_no_capacity_is_undecided(tmp_path: Path) -> None:
    result = assembled(write_capacity(tmp_path / "run", limited(1e9), max_rate=80.0))  # type: ignore[arg-type]
    assert result.exit_status == 7 and result.complete
    assert result.capacity.limit.code == "limit_max_rate"
    text = render(result, width=80, color=False)
    assert "80/s or more keeps p99 < 100ms and errors < 1% · --max-rate is the limit" in text


def test_thresholds_decide_the_exit_status(tmp_path: Path) -> None:
    def ended(of: str, **changed: object) -> tuple[int | None, list[str]]:
        folder = write_capacity(tmp_path / of, limited(60), **changed)  # type: ignore[arg-type]
        result = assembled(folder)
        return result.exit_status, [threshold.status for threshold in result.thresholds]

    assert ended("low", thresholds=("capacity > 20/s",)) == (0, ["passed"])
    assert ended("high", thresholds=("capacity > 20/s", "capacity > 500/s")) == (4, ["passed", "failed"])
    assert ended("bound", thresholds=("capacity > 20/s",), max_rate=40.0) == (0, ["passed"])
    assert ended("above", thresholds=("capacity > 50/s",), max_rate=40.0) == (7, ["undecided"])


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ProfileError, match="is not the folder of a capacity"):
        read_metadata(tmp_path)


@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_first_screen_fits(folder: Path, width: int) -> None:
    text = render(assembled(folder), width=width, color=False)
    assert max(map(len, text.splitlines())) <= width
    if width >= 80:
        assert text.count("\n") <= LINES
        assert "keeps p99 < 100ms · safe: " in text and "◀ limit" in text
        assert "the target is the limit\nBeyond it the requests took longer" in text
    assert "search" in render(assembled(folder), width=width, color=False, full=True)


def test_it_is_among_the_runs(folder: Path) -> None:
    text = runs([("capacity-c", assembled(folder))], 0, 100, color=False)
    assert "capacity-c" in text and f"keeps {LATENCY}" in text
