"""`loadgen compare`: two runs side by side, without a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.errors import Exit, InvalidRun, ProfileError
from loadgen.experiment.two_runs import pair
from loadgen.report.terminal.two_runs import render_pair


def run(p50: float, step: str = "get", cycles: int = 1, **more: Any) -> dict[str, Any]:
    latency = {"response": {"mean": p50, "p50": p50, "p99": 10 * p50, "p99.9": None}}
    phases = [
        {
            "name": "steady",
            "cycle": cycle,
            "measured": True,
            "steps": [{"scenario": "s", "step": step, "latency_ms": latency}],
        }
        for cycle in range(1, cycles + 1)
    ]
    phases.append({"name": "warm-up", "cycle": 1, "measured": False, "steps": []})
    return {
        "run": "runs/x", "name": "x", "started": "2026-01-01T00:00:00+00:00", "duration_s": 5.0, "client": "wire",
        "seed": 1, "workers": 1, "trust": {"verdict": "VALID"}, "target": {"url": "http://h"},
        "session": {"reuse": "shared"}, "host": {"cpus": 2}, "variants": [{"phases": phases}], **more,
    }  # fmt: skip


def test_what_both_have_is_put_side_by_side() -> None:
    found = pair(run(2.0), run(3.0, seed=2, session={"reuse": "per-request"}, host={"cpus": 4}))
    assert [(row["quantile"], row["ms"], row["ratio"]) for row in found["rows"]] == [
        ("mean", [2.0, 3.0], 1.5), ("p50", [2.0, 3.0], 1.5), ("p99", [20.0, 30.0], 1.5),
    ]  # fmt: skip
    assert found["differ"] == ["seed: 1 and 2", "session.reuse: shared and per-request", "host.cpus: 2 and 4"]
    assert "cannot be told from drift" in found["why_not"][0]


def test_it_is_shown_with_what_it_cannot_prove() -> None:
    text = render_pair(pair(run(2.0, cycles=2), run(3.0, cycles=2)))
    assert "no verdict: runs at different times" in text
    assert "steady cycle 2  s/get response, ms" in text
    assert next(line.split() for line in text.splitlines() if "p99 " in line) == ["p99", "20.0", "30.0", "1.5"]


def test_an_invalid_run_is_refused_unless_it_is_accepted_which_is_said() -> None:
    reason = "share of the tail 34% of the slowest 1% of steady: this machine took 9 ms of each. Use more --workers"
    bad = run(3.0, run="runs/bad", trust={"verdict": "INVALID", "reasons": [reason, "lag"]})
    with pytest.raises(InvalidRun) as raised:
        pair(run(2.0), bad)
    assert str(raised.value) == f"runs/bad: INVALID: {reason}. To see it all the same: --accept-invalid"
    assert raised.value.status == Exit.INVALID
    found = pair(run(2.0), bad, accept_invalid=True)
    assert found["accepted"] == ["runs/bad"]
    assert found["why_not"][1].startswith("runs/bad is INVALID, which was accepted")
    assert "runs/bad is INVALID, which was accepted" in " ".join(render_pair(found).split())
    assert pair(run(2.0), run(3.0), accept_invalid=True)["accepted"] == []


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ProfileError, match="have no phase and step in common"):
        pair(run(2.0), run(3.0, step="put"))
    with pytest.raises(ProfileError, match="is an experiment"):
        pair(run(2.0), run(3.0, kind="experiment"))
