"""`loadgen compare`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from called import Loadgen
from finished_runs import finished_run

from loadgen.errors import Exit
from loadgen.result.codec import to_json


def test_an_invalid_run_is_compared_only_if_it_is_accepted(loadgen: Loadgen, tmp_path: Path) -> None:
    run = finished_run(tmp_path / "a")
    bad = replace(run, run="b", trust=replace(run.trust, verdict="INVALID", reasons=()))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run.json").write_text("{}")
    (tmp_path / "b" / "result.json").write_text(json.dumps(to_json(bad)))
    refused = loadgen("compare", "a", "b")
    assert (refused.status, refused.out) == (Exit.INVALID, "")
    assert refused.err == (
        "loadgen: b: INVALID; `loadgen report` says why. To compare all the same: --accept-invalid\n"
    )
    accepted = loadgen("compare", "a", "b", "--json", "--accept-invalid")
    assert (accepted.status, json.loads(accepted.out)["accepted"]) == (0, ["b"])
    assert loadgen("compare", "a", "a").status == 0
