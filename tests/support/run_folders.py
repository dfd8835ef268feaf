"""Folders of runs, as they would be written, from engines in virtual time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine_harness import Run, Script, go
from run_results import metadata

from loadgen.analysis.build import Measured, quantiles_of
from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.standing import NOTHING_KNOWN, Standing
from loadgen.profile.model import Profile
from loadgen.record.packed import pack
from loadgen.result.codec import to_json
from loadgen.result.run import RunResult
from loadgen.store import RunFolder


def fail(text: str) -> None:
    raise AssertionError(f"nothing is wrong, and yet it says: {text}")


def write_seconds(folder: Path, run: Run, **known: Any) -> RunFolder:
    """The folder of a run that was made, without its result."""
    kept = RunFolder(folder, fail)
    plan = json.loads(json.dumps(run.plan.describe()))
    kept.begin({}, {"started": "2026-01-01T00:00:00+00:00", "plan": plan, **known})
    kept.second(pack(run.by_second), [])
    return kept


def write_run(
    folder: Path, profile: Profile, script: Script, started: str = "", standing: Standing = NOTHING_KNOWN
) -> RunResult:
    """Carry a profile out and keep it; returns its result."""
    run = go(profile, script)
    known = metadata(profile, started)
    kept = write_seconds(folder, run, **to_json(known))
    measured = Measured(run.plan, run.ledger, run.recording, quantiles_of(profile))
    ending = Ending(run.finished_at, str(folder))
    result = conclude(known, measured, standing, ending, profile.thresholds)
    kept.close()
    (folder / "result.json").write_text(json.dumps(to_json(result)))  # `finish` indents, which takes its time
    return result
