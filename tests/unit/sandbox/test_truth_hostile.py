"""Cells of the truth log are no formulas."""

from __future__ import annotations

import csv
from pathlib import Path

from sandbox_link import Target, feed, request


def test_a_cell_of_the_truth_log_is_no_formula(tmp_path: Path) -> None:
    """A spreadsheet takes a cell for one that begins with = + - @, a tab or a line break; no path does."""
    for number, path in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "/=1", "/a,=1", '/"=1')):
        log = tmp_path / f"{number}.csv"
        target = Target(log)
        feed(target.connect(owed=1), request(path))
        target.run()
        assert target.core.truth
        target.core.truth.close()
        with log.open(newline="") as lines:
            cells = [cell for row in csv.reader(lines) for cell in row]
        assert {cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))} <= {"-"}
        assert (path in cells) == path.startswith("/")
