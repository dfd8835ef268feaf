"""The sandbox's truth log."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from no_files import put

from loadgen.errors import PlanError
from loadgen.sandbox.truth import COLUMNS, Truth


def test_the_truth_log_replaces_only_its_own_kind(tmp_path: Path) -> None:
    log, other = tmp_path / "truth.csv", tmp_path / "thesis.txt"
    for _ in range(2):
        Truth(log).close()
        assert log.read_text() == f"{COLUMNS}\n"
    other.write_text("years of work")
    with pytest.raises(PlanError, match="not a truth log"):
        Truth(other)
    assert other.read_text() == "years of work"
    with pytest.raises(PlanError, match="cannot be written"):
        Truth(tmp_path / "missing" / "truth.csv")


@pytest.mark.usefixtures("impatient")
def test_a_pipe_that_nobody_reads_is_no_place_for_the_truth_log(tmp_path: Path) -> None:
    put(tmp_path / "log", "pipe")
    with pytest.raises(PlanError, match="cannot be written"):
        Truth(tmp_path / "log")


def test_a_full_disk_is_told_and_survived() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    truth = Truth(full)
    truth.close()
    assert "No space" in truth.problem


def test_the_columns_are_those_of_a_csv_reader() -> None:
    assert next(csv.reader([COLUMNS]))[0] == "connection"
    assert len(COLUMNS.split(",")) == 28
