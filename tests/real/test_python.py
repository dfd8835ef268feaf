"""A script as a notebook's, from a run to its figures."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import loadgen
from loadgen.result.run import RunResult

pytestmark = pytest.mark.real

PROFILE = {
    "name": "script",
    "target": "sandbox",
    "sandbox": {"service": "1ms"},
    "load": [{"name": "a", "rate": "100/s", "for": "2s"}],
    "thresholds": {"a": ["errors < 1%"]},
}


def test_a_run_and_what_it_saved(tmp_path: Path) -> None:
    result = loadgen.run(PROFILE, out=tmp_path / "run", seed=3)
    assert isinstance(result, RunResult)
    assert (result.name, result.seed, result.exit_status) == ("script", 3, 0)
    assert [threshold.status for threshold in result.thresholds] == ["passed"]
    assert loadgen.load(tmp_path / "run") == result


def test_on_the_loop_that_runs(tmp_path: Path) -> None:
    async def notebook() -> int | None:
        result = await loadgen.arun(PROFILE, out=tmp_path / "run", **{"load.a.for": "1s"})
        return result.exit_status

    assert asyncio.run(notebook()) == 0
