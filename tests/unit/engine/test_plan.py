"""A plan's description is checked when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgen.engine.plan import MOST_SLOTS, Plan
from loadgen.errors import PlanError
from loadgen.profile.load import load

PLAIN = """
name: plain
target: http://127.0.0.1:1
load: [{name: a, rate: 50/s, for: 2s}]
scenarios: [{name: s, steps: [{name: g, get: /}]}]
"""


def test_a_plan_has_no_more_rows_than_can_be_kept(tmp_path: Path) -> None:
    profile = load(tmp_path / "p.yaml", text=PLAIN).profile
    known = Plan.of(profile).describe()
    with pytest.raises(PlanError, match="can be told apart"):
        Plan.from_description({**known, "cycles": MOST_SLOTS + 1})
    for cycles in (0, -1, True, 1.5, "2"):
        with pytest.raises(ValueError, match="cycles"):
            Plan.from_description({**known, "cycles": cycles})
