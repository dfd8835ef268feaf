"""`loadgen fit`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from called import Loadgen
from finished_runs import finished_run
from twins import run_on_sandbox

from loadgen.errors import Exit
from loadgen.experiment.saved import read
from loadgen.profile.load import load
from loadgen.result.codec import from_json, to_json
from loadgen.result.run import RunResult
from loadgen.result.twin import TwinResult

TEXT = "sandbox: {rtt: 5ms, service: 'lognormal(p50=8ms, p99=40ms)'}\nload: [{name: a, rate: 100/s, for: 10s}]\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return run_on_sandbox(tmp_path / "runs" / "known-1", TEXT)


def test_writes_a_profile_and_shows_how_well_it_fits(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    called = loadgen("fit", "known-1", "-o", "twin.yaml")
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith("twin of runs/known-1")
    assert "The twin agrees within 5 %" in called.out
    sandbox = load(tmp_path / "twin.yaml").profile.sandbox
    assert sandbox and sandbox.rtt == 5_000_000
    again = loadgen("fit", "known-1", "-o", "twin.yaml")
    assert (again.status, again.out) == (Exit.USAGE, "")
    assert again.err == "loadgen: twin.yaml: exists already. Choose another name with --out\n"


@pytest.mark.parametrize("named", [(), ("latest",), ("runs/known-1",)])
def test_without_a_file_the_profile_is_on_stdout(loadgen: Loadgen, run: Path, named: tuple[str, ...]) -> None:
    called = loadgen("fit", *named, "--no-check")
    assert called.status == 0
    assert load("twin.yaml", text=called.out).profile.target.sandbox
    assert called.err.startswith("twin of runs/known-1")


def test_as_json(loadgen: Loadgen, run: Path) -> None:
    called = loadgen("fit", "--json")
    twin = from_json(TwinResult, json.loads(called.out))
    assert (called.status, twin.kind, twin.written) == (0, "twin", None)
    assert twin.agreement and not twin.agreement.apart


def refused(loadgen: Loadgen, *arguments: str) -> str:
    called = loadgen("fit", *arguments)
    assert (called.status, called.out) in [(Exit.USAGE, ""), (Exit.INVALID, "")]
    return called.err


def _rewrite(folder: Path, **changes: object) -> None:
    result = read(folder)
    assert isinstance(result, RunResult)
    (folder / "result.json").write_text(json.dumps(to_json(replace(result, **changes))))  # type: ignore[arg-type]


def test_what_cannot_be_fitted_is_one_line_with_a_remedy(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    assert refused(loadgen, "nowhere") == "loadgen: nowhere: is not a run's folder: it has no run.json\n"
    result = read(run)
    assert isinstance(result, RunResult)
    _rewrite(run, trust=replace(result.trust, verdict="INVALID"))
    assert refused(loadgen, "known-1") == (
        "loadgen: runs/known-1: INVALID; `loadgen report` says why. To fit it all the same: --accept-invalid\n"
    )
    assert loadgen("fit", "known-1", "--no-check", "--accept-invalid").status == 0
    _rewrite(run, complete=False)
    assert refused(loadgen, "known-1") == (
        "loadgen: runs/known-1: died before its end: its counts may lack what came last. Run it again, to its end\n"
    )


def test_a_run_that_died_or_has_no_answers_is_refused(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    failing = TEXT.replace("sandbox: {", "stop_if: never\nsandbox: {faults: {errors: 100%}, ")
    run_on_sandbox(tmp_path / "runs" / "failed", failing)
    assert refused(loadgen, "failed") == (
        "loadgen: runs/failed: has no successful answers. `loadgen report` says what failed\n"
    )
    (run / "result.json").unlink()
    assert "died before its end" in refused(loadgen, "known-1")


def test_an_experiment_is_refused(loadgen: Loadgen, tmp_path: Path) -> None:
    from finished_runs import experiment

    made = finished_run(tmp_path / "made")
    experiment(tmp_path / "experiment", {(1, "shared"): made, (1, "per_request"): made})
    assert refused(loadgen, "experiment") == (
        "loadgen: experiment: is made of several runs, and is no run. "
        "Name one of the runs in it: rounds/01/VARIANT of an experiment, steps/01 of a capacity, visits/001 of tune\n"
    )


def test_a_variable_that_is_not_set_is_named(loadgen: Loadgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIT_KEY", "hush-hush-0815")
    text = "scenarios: [{name: s, steps: [{name: a, get: /a, headers: {x-key: '${FIT_KEY}'}}]}]\n"
    run_on_sandbox(tmp_path / "runs" / "secret", TEXT + text)
    called = loadgen("fit", "secret", "--no-check")
    assert "x-key: ${FIT_KEY}" in called.out.replace('"', "") and "hush" not in called.out + called.err
    monkeypatch.delenv("FIT_KEY")
    assert "FIT_KEY" in refused(loadgen, "secret")
