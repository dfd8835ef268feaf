"""What several of these tests begin with."""

from __future__ import annotations

import pytest
from finished_runs import finished_run

from loadgen.result.run import RunResult


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run that nothing is wrong with."""
    return finished_run(tmp_path_factory.mktemp("run") / "x")
