"""Thresholds of runs in virtual time, from a folder that is gone afterwards."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine_harness import Run
from run_folders import write_seconds

from loadgen.analysis.build import Measured, quantiles_of, variant
from loadgen.analysis.counted import Counted
from loadgen.analysis.standing import NOTHING_KNOWN, Standing
from loadgen.analysis.thresholds import check
from loadgen.record.seconds import Reread
from loadgen.result.run import Threshold


def judged_run(run: Run, standing: Standing = NOTHING_KNOWN, **known: Any) -> list[Threshold]:
    """The run's thresholds; `known` is of what was measured."""
    measured = Measured(run.plan, run.ledger, run.recording, quantiles_of(run.profile), **known)
    with TemporaryDirectory() as place:
        folder = Path(place) / "run"
        write_seconds(folder, run).close()
        read = partial(Counted.read, measured, Reread(folder))
        return check(run.profile.thresholds, variant(measured).phases, read, standing)
