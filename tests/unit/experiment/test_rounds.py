"""An experiment's rounds: their order and seeds, a duet's shares, and the result put together from the folders."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from loadgen.errors import Exit, PlanError, ProfileError, TargetError
from loadgen.experiment import saved
from loadgen.experiment.folder import about, assembled, finished, run_folder, slug
from loadgen.experiment.rounds import order, part_of, seed_of
from loadgen.profile.load import load

TEXT = """name: t
target: http://127.0.0.1:1
load: [{name: a, rate: 50/s..100/s, for: 5s}, {name: b, users: 10, for: 5s}, {name: c, at-once: 7}]
experiment: {variants: {shared: {}, "per_request": {session: per-request}}, rounds: [2, 4], margin: 3%}
"""


def test_every_round_has_each_variant_once_in_an_order_of_its_own() -> None:
    orders = [tuple(order(1, number, 3)) for number in range(1, 601)]
    assert all(sorted(found) == [0, 1, 2] for found in orders)
    counts = Counter(orders)
    assert len(counts) == 6
    assert all(60 < count < 140 for count in counts.values())
    assert [order(1, number, 3) for number in (1, 2)] == [order(1, number, 3) for number in (1, 2)]
    assert [order(1, number, 8) for number in range(5)] != [order(2, number, 8) for number in range(5)]


def test_rounds_have_seeds_of_their_own() -> None:
    assert len({seed_of(seed, number) for seed in (1, 2) for number in range(1, 100)}) == 198


def test_a_duet_shares_the_load() -> None:
    a, b, c = part_of(load("p.yaml", text=TEXT).profile, 2).load
    assert a.rate
    assert (a.rate.start, a.rate.end, b.users, c.at_once) == (25, 50, 5, 3)
    with pytest.raises(PlanError, match=r"load\.c\.at_once: a duet has 8 variants at once"):
        part_of(load("p.yaml", text=TEXT).profile, 8)


def test_folders_are_named_after_their_variants() -> None:
    assert run_folder(Path("x"), 3, "session=shared rate=50/s") == Path("x/rounds/03/session=shared-rate=50-s")
    assert slug("../..") == "variant"


def test_names_that_no_folder_can_tell_apart_are_refused() -> None:
    text = TEXT.replace('variants: {shared: {}, "per_request": {session: per-request}}', "matrix: {n: [a b, a/b]}")
    with pytest.raises(ProfileError, match="no folders can tell apart"):
        about(load("p.yaml", text=text), 0)


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


def test_one_that_died_is_told_from_what_its_runs_wrote(tmp_path: Path) -> None:
    folder = experiment(
        tmp_path / "x", {(1, "shared"): run_result(), (1, "per_request"): run_result(), (2, "shared"): run_result()}
    )
    result = saved.read(folder)
    assert (result["complete"], result["exit_status"], result["experiment"]["rounds"]) == (False, None, 1)
    assert result["warnings"] == ["the experiment died before its end; this is what its runs had written"]


def test_a_folder_that_is_no_experiments(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ProfileError, match="is not an experiment's folder"):
        assembled(tmp_path)
    folder = experiment(tmp_path / "x", {(1, "shared"): {"variants": [1, 2]}})
    with pytest.raises(ProfileError, match="is not a run's result"):
        assembled(folder)
