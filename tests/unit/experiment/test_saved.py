"""An experiment's folder, read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from finished_runs import experiment, run_result

from loadgen.errors import ProfileError
from loadgen.experiment import saved
from loadgen.experiment.folder import assembled


def test_one_that_died_is_told_from_what_its_runs_wrote(tmp_path: Path) -> None:
    folder = experiment(
        tmp_path / "x", {(1, "shared"): run_result(), (1, "per_request"): run_result(), (2, "shared"): run_result()}
    )
    result = saved.read(folder)
    assert (result["complete"], result["exit_status"], result["experiment"]["rounds"]) == (False, None, 1)
    assert result["warnings"] == ["the experiment died before its end; this is what its runs had written"]


def test_a_folder_that_is_no_experiments(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ProfileError, match="is not an experiment's folder"):
        assembled(tmp_path)
    folder = experiment(tmp_path / "x", {(1, "shared"): {"variants": [1, 2]}})
    with pytest.raises(ProfileError, match="is not a run's result"):
        assembled(folder)
