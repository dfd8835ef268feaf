"""Saved folders, read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from finished_runs import experiment

from loadgen.errors import ProfileError
from loadgen.experiment import saved
from loadgen.experiment.folder import assembled, conclude, run_folder
from loadgen.result.codec import to_json
from loadgen.result.experiment import ExperimentResult
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult


def test_one_that_died_is_told_from_what_its_runs_wrote(tmp_path: Path, run: RunResult) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run, (1, "per_request"): run, (2, "shared"): run})
    result = saved.read(folder)
    assert isinstance(result, ExperimentResult)
    assert (result.complete, result.exit_status, result.experiment.rounds) == (False, None, 1)
    assert result.warnings == (Reason.of("experiment_died"),)


def test_a_saved_result_is_what_was_saved(tmp_path: Path, run: RunResult) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run, (1, "per_request"): run})
    result = conclude(folder, [], 1)
    (folder / "result.json").write_text(json.dumps(to_json(result)))
    assert saved.read(folder) == result
    assert saved.read(run_folder(folder, 1, "shared")) == run


@pytest.mark.parametrize("of_a_run", [True, False])
def test_a_result_of_another_version_is_refused_in_one_line(tmp_path: Path, run: RunResult, of_a_run: bool) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run, (1, "per_request"): run})
    written = run_folder(folder, 1, "shared") / "result.json" if of_a_run else folder / "run.json"
    written.write_text(written.read_text().replace("loadgen.result/4", "loadgen.result/1"))
    for read in (saved.read, assembled):
        with pytest.raises(ProfileError, match=r"has the schema 'loadgen\.result/1', not loadgen\.result/4"):
            read(folder)


def test_a_folder_that_is_no_experiments(tmp_path: Path, run: RunResult) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ProfileError, match="is not an experiment's folder"):
        assembled(tmp_path)
    folder = experiment(tmp_path / "x", {(1, "shared"): run})
    path = run_folder(folder, 1, "shared") / "result.json"
    path.write_text(json.dumps(to_json(run) | {"variants": [1]}))
    with pytest.raises(ProfileError, match=r"is not as loadgen wrote it: variants\[0\]: must be an object"):
        assembled(folder)
