"""An experiment's folder: its names, and the result that is put together from its runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from finished_runs import TEXT, experiment, run_result

from loadgen.errors import Exit, ProfileError, TargetError
from loadgen.experiment.folder import about, finished, run_folder, slug
from loadgen.profile.load import load


def test_folders_are_named_after_their_variants() -> None:
    assert run_folder(Path("x"), 3, "session=shared rate=50/s") == Path("x/rounds/03/session=shared-rate=50-s")
    assert slug("../..") == "variant"


def test_names_that_no_folder_can_tell_apart_are_refused() -> None:
    text = TEXT.replace('variants: {shared: {}, "per_request": {session: per-request}}', "matrix: {n: [a b, a/b]}")
    with pytest.raises(ProfileError, match="no folders can tell apart"):
        about(load("p.yaml", text=text), 0)


def test_the_whole_is_read_from_the_folders_of_its_runs(tmp_path: Path) -> None:
    bad = run_result(
        trust={"verdict": "INVALID", "reasons": ["lag", "more"]},
        exit_status=5,
        warnings=["w"],
        started="2026-01-01T00:00:09",
    )
    folder = experiment(
        tmp_path / "x",
        {
            (1, "shared"): run_result(started="2026-01-01T00:00:02"),
            (1, "per_request"): run_result(started="2026-01-01T00:00:01"),
            (2, "shared"): run_result(),
            (2, "per_request"): bad,
        },
    )
    ended = finished(folder, ["mine"], 2)
    result = ended.result
    assert (ended.status, result["exit_status"], result["complete"]) == (Exit.INVALID, 5, True)
    trust = {key: value for key, value in result["trust"].items() if value}
    assert trust == {"verdict": "INVALID", "reasons": ["per_request, round 2: lag"]}
    assert result["warnings"] == ["mine", "w (1 of 4 runs)"]
    assert result["experiment"]["rounds"] == 2
    assert result["experiment"]["order"] == [["per_request", "shared"], ["shared", "per_request"]]
    assert (result["experiment"]["baseline"], result["experiment"]["looks"]) == ("shared", [2, 4])
    assert [run["folder"] for run in result["variants"][1]["rounds"]] == [
        "rounds/01/per_request",
        "rounds/02/per_request",
    ]
    assert result["duration_s"] == 20.0
    for run in (run for variant in result["variants"] for run in variant["rounds"]):
        (phase,) = run["phases"]
        assert (phase["name"], phase["iterations"], phase["requests"]["sent"]) == ("p", {"planned": 5}, 5)
        assert phase["steps"] == [
            {"scenario": "s", "step": "get", "requests": {"sent": 5, "outcomes": {"ok": 5}}, "skipped": {}}
        ]


@pytest.mark.parametrize(
    ("interrupted", "failed", "status"),
    [(True, None, Exit.INTERRUPTED), (False, TargetError("gone"), Exit.UNUSABLE), (False, None, Exit.PASSED)],
)
def test_how_it_ended_is_its_status(
    tmp_path: Path, interrupted: bool, failed: TargetError | None, status: Exit
) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run_result()})
    ended = finished(folder, [], 0, interrupted=interrupted, failed=failed)
    assert (ended.status, ended.result["complete"]) == (status, status == Exit.PASSED)
    assert ended.result["warnings"] == (["the experiment was broken off: gone"] if failed else [])
