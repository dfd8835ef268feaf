"""Folders of an experiment whose runs are finished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loadgen.experiment.folder import about, run_folder
from loadgen.profile.load import load

TEXT = """name: t
target: http://127.0.0.1:1
load: [{name: a, rate: 50/s..100/s, for: 5s}, {name: b, users: 10, for: 5s}, {name: c, at-once: 7}]
experiment: {variants: {shared: {}, "per_request": {session: per-request}}, rounds: [2, 4], margin: 3%}
"""


def run_result(**more: Any) -> dict[str, Any]:
    ledger = {"iterations": {"planned": 5}, "requests": {"sent": 5, "outcomes": {"ok": 5}}}
    step = {"scenario": "s", "step": "get", "requests": ledger["requests"], "skipped": {}, "latency_ms": {}}
    only = {
        "phases": [{"name": "p", "cycle": 1, "measured": True, **ledger, "connections": {}, "steps": [step]}],
        "iterations": {"planned": 5},
        "requests": {"sent": 5, "outcomes": {"ok": 5}},
        "connections": {"opened": 5, "preopened": 0},
    }
    return {
        "schema": "loadgen.result/1", "started": "2026-01-01T00:00:00+00:00", "duration_s": 5.0, "exit_status": 0,
        "trust": {"verdict": "VALID", "reasons": []}, "session": {"reuse": "shared"}, "client": "wire",
        "target": {"url": "http://127.0.0.1:1"}, "warnings": [], "variants": [only], **more,
    }  # fmt: skip


def experiment(folder: Path, runs: dict[tuple[int, str], dict[str, Any]]) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(about(load("p.yaml", text=TEXT), 1_700_000_000 * 10**9)))
    for (number, name), result in runs.items():
        run = run_folder(folder, number, name)
        run.mkdir(parents=True)
        (run / "result.json").write_text(json.dumps(result))
    return folder
