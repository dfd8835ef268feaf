"""`loadgen compare`."""

from __future__ import annotations

import json
from pathlib import Path

from called import Loadgen

from loadgen.errors import Exit


def test_an_invalid_run_is_compared_only_if_it_is_accepted(loadgen: Loadgen, tmp_path: Path) -> None:
    latency = {"response": {"p50": 20.0, "p99": 41.0}}
    step = {"scenario": "s", "step": "get", "latency_ms": latency}
    phase = {"name": "steady", "cycle": 1, "measured": True, "steps": [step]}
    for name, verdict in (("a", "VALID"), ("b", "INVALID")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
        result = {
            "schema": "loadgen.result/1", "run": name, "session": {}, "target": {"url": "http://h"},
            "trust": {"verdict": verdict, "reasons": ["late"]}, "variants": [{"phases": [phase]}],
        }  # fmt: skip
        (tmp_path / name / "result.json").write_text(json.dumps(result))
    refused = loadgen("compare", "a", "b")
    assert (refused.status, refused.out) == (Exit.INVALID, "")
    assert refused.err == "loadgen: b: INVALID: late. To see it all the same: --accept-invalid\n"
    accepted = loadgen("compare", "a", "b", "--json", "--accept-invalid")
    assert (accepted.status, json.loads(accepted.out)["accepted"]) == (0, ["b"])
    assert loadgen("compare", "a", "a").status == 0
