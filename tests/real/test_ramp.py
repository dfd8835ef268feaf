"""A ramp of real requests: each band has exactly the arrivals of its schedule, and a folder without a result tells the
same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from program import VALID, load, saved

from loadgen.clock import SECOND
from loadgen.engine.plan import Plan

pytestmark = pytest.mark.real

PROFILE = """
name: ramp
target: sandbox
sandbox: {service: 20ms, environments: 4}
load:
  - {name: warm, rate: 20/s, for: 500ms, measure: false}
  - {name: climb, rate: 50/s..300/s, for: 4s}
thresholds: {climb: [response p99 < 10ms]}
scenarios: [{name: read, steps: [{name: get, get: /items}]}]
"""


def bands_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    phases = {phase["name"]: phase for phase in result["variants"][0]["phases"]}
    found: list[dict[str, Any]] = phases["climb"]["steps"][0]["bands"]
    return found


def test_each_band_has_the_arrivals_of_its_schedule(tmp_path: Path) -> None:
    ran = load(tmp_path, PROFILE)
    bands = bands_of(ran.result)
    assert ran.status in (*VALID, 4, 7) and len(bands) == 10
    plan = Plan.from_description(json.loads((tmp_path / "run" / "run.json").read_text())["plan"])
    due = np.concatenate([*plan.runs[1].schedule().blocks()]) / SECOND
    edges = [band["start_s"] for band in bands] + [4.0]
    assert [band["requests"] for band in bands] == np.histogram(due, edges)[0].tolist()
    assert sum(band["completed"] for band in bands) <= len(due)
    (threshold,) = ran.result["thresholds"]
    if threshold["status"] == "failed":  # on a machine whose own part of it is too large, nobody knows
        assert threshold["held"]["until_s"] == 0, "a service alone takes longer"

    (tmp_path / "run" / "result.json").unlink()
    assert bands_of(saved(tmp_path)) == bands, "from the folder alone"
