"""Folders of an experiment whose runs are finished."""

from __future__ import annotations

import json
from pathlib import Path

from engine_harness import always
from run_folders import write_run

from loadgen.clock import MILLISECOND, SECOND
from loadgen.experiment.folder import metadata, run_folder
from loadgen.profile.load import load
from loadgen.result.codec import to_json
from loadgen.result.run import RunResult

TEXT = """name: t
target: http://127.0.0.1:1
load: [{name: a, rate: 50/s..100/s, for: 5s}, {name: b, users: 10, for: 5s}, {name: c, at-once: 7}]
experiment: {variants: {shared: {}, "per_request": {session: per-request}}, rounds: [2, 4], margin: 3%}
"""


def finished_run(folder: Path) -> RunResult:
    """A run that nothing is wrong with."""
    profile = load("p.yaml", text=TEXT.partition("experiment:")[0]).profile
    return write_run(folder, profile, always(after=MILLISECOND), "2026-01-01T00:00:00")


def experiment(folder: Path, runs: dict[tuple[int, str], RunResult]) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(to_json(metadata(load("p.yaml", text=TEXT), 1_700_000_000 * SECOND))))
    for (number, name), result in runs.items():
        run = run_folder(folder, number, name)
        run.mkdir(parents=True)
        (run / "result.json").write_text(json.dumps(to_json(result)))
    return folder
