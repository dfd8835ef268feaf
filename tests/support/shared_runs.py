"""Folders of machines that shared a load, as they would be written, from engines in virtual time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine_harness import Run, Script, go
from run_folders import fail
from run_results import measured, metadata

from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.standing import NOTHING_KNOWN, Standing
from loadgen.engine.machine import MachineShare
from loadgen.fleet.group import merge
from loadgen.profile.model import Profile
from loadgen.record.ledger import Ledger
from loadgen.record.packed import pack
from loadgen.record.parts import Parts
from loadgen.result.codec import to_json
from loadgen.result.run import RunResult, SharedLoad
from loadgen.runner.shared import iso
from loadgen.store import RunFolder

START = 1_767_182_400_000_000_000
WORKERS = 2


def part(index: int, of: int, **other: Any) -> SharedLoad:
    known: dict[str, Any] = {"start_at": iso(START), "start_at_ns": START, "plan": "abc", "clock_kept": True}
    return SharedLoad(index, of, **{**known, "clock_error_ms": 0.5, "clock_moved_ms": 0.25, **other})


def whole(profile: Profile, script: Script) -> tuple[Run, RunResult]:
    """The same load by one machine."""
    run = go(profile, script)
    return run, conclude(metadata(profile), measured(run), NOTHING_KNOWN, Ending(run.finished_at, None), {})


def write_share(
    folder: Path,
    profile: Profile,
    script: Script,
    share: SharedLoad,
    *,
    standing: Standing = NOTHING_KNOWN,
    died: bool = False,
    parts: bool = True,
    known: Mapping[str, Any] | None = None,
    resolved: Mapping[str, Any] | None = None,
    stopped: int | None = None,
    **ending: Any,
) -> Run:
    """Carry out one machine's part, and keep it. One that `died` has no result, and no parts of times. `resolved` is
    more of the profile as profile.json has it; `stopped` when it is said to have been stopped, in ns."""
    run = go(profile, script, machine=MachineShare(share.index, share.of), workers=WORKERS)
    about = replace(metadata(profile, workers=WORKERS, **(known or {})), share=share)
    kept = RunFolder(folder, fail)
    kept.begin(
        {"name": profile.name, **(resolved or {})},
        {**to_json(about), "plan": json.loads(json.dumps(run.plan.describe()))},
    )
    kept.second(pack(run.by_second), [health(number) for number in range(WORKERS)])
    for number, member in enumerate(run.members):
        size = Ledger.size(len(run.plan.all_runs), run.plan.slots)
        Ledger.in_file(kept.make_room(number, size), len(run.plan.all_runs), run.plan.slots).add(member.ledger)
    if not died:
        if parts:
            kept.parts(Parts(run.recording.shares, run.recording.traffic))
        samples = merge((member.samples.kept() for member in run.members), 5)
        ended = Ending(run.finished_at, str(folder), kept=samples, **ending)
        kept.finish(
            to_json(conclude(about, replace(measured(run), stopped=stopped), standing, ended, profile.thresholds))
        )
    kept.close()
    return run


def health(worker: int) -> dict[str, Any]:
    """A second's sample of a worker."""
    names = ("elapsed", "cpu", "run_queue_wait", "gc_total", "preemptions", "loop_lag_max", "gc_max", "rss")
    return {**dict.fromkeys(names, 1), "loop_lag_p99": 1, "in_flight": 3, "second": 0, "worker": worker, "tcp": None}
