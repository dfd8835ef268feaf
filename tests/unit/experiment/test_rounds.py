"""An experiment's rounds: their order and seeds, a duet's shares, and the result put together from the folders."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from engine_harness import always
from experiment_folders import write_run

from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import Exit, PlanError, ProfileError, TargetError
from loadgen.experiment import saved
from loadgen.experiment.folder import assembled, conclude, metadata, run_folder, slug
from loadgen.experiment.rounds import order, part_of, seed_of
from loadgen.profile.load import load
from loadgen.result.codec import from_json, to_json
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult

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
        metadata(load("p.yaml", text=text), 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run that nothing is wrong with."""
    plain = TEXT.partition("experiment:")[0]
    profile = load("p.yaml", text=plain).profile
    return write_run(tmp_path_factory.mktemp("run") / "x", profile, always(after=MILLISECOND), "2026-01-01T00:00:00")


def experiment(folder: Path, runs: dict[tuple[int, str], RunResult]) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(to_json(metadata(load("p.yaml", text=TEXT), 1_700_000_000 * SECOND))))
    for (number, name), result in runs.items():
        run = run_folder(folder, number, name)
        run.mkdir(parents=True)
        (run / "result.json").write_text(json.dumps(to_json(result)))
    return folder


def test_the_whole_is_read_from_the_folders_of_its_runs(tmp_path: Path, run: RunResult) -> None:
    trust = replace(run.trust, verdict="INVALID", reasons=("lag", "more"))
    bad = replace(run, trust=trust, exit_status=5, warnings=("w",), started="2026-01-01T00:00:09")
    folder = experiment(
        tmp_path / "x",
        {
            (1, "shared"): replace(run, started="2026-01-01T00:00:02"),
            (1, "per_request"): replace(run, started="2026-01-01T00:00:01"),
            (2, "shared"): run,
            (2, "per_request"): bad,
        },
    )
    result = conclude(folder, ["mine"], 2)
    assert (result.exit_status, result.complete) == (Exit.INVALID, True)
    assert (result.trust.verdict, result.trust.reasons) == ("INVALID", ("per_request, round 2: lag",))
    assert result.warnings == ("mine", "w (1 of 4 runs)")
    design = result.experiment
    assert design.rounds == 2
    assert design.order == (("per_request", "shared"), ("shared", "per_request"))
    assert (design.baseline, design.looks) == ("shared", (2, 4))
    assert [run.folder for run in result.variants[1].rounds] == ["rounds/01/per_request", "rounds/02/per_request"]
    assert result.duration_s == pytest.approx(4 * run.duration_s)
    assert result.target == run.target
    for of_round in (of_round for variant in result.variants for of_round in variant.rounds):
        assert (of_round.iterations, of_round.connections) == (run.variant.iterations, run.variant.connections)
        assert [phase.name for phase in of_round.phases] == [phase.name for phase in run.variant.phases]
        phase, whole = of_round.phases[0], run.variant.phases[0]
        assert (phase.iterations, phase.requests) == (whole.iterations, whole.requests)
        (step,) = phase.steps
        assert (step.step, step.requests, step.skipped) == ("get", whole.steps[0].requests, whole.steps[0].skipped)
    assert from_json(ExperimentResult, to_json(result)) == result


@pytest.mark.parametrize(
    ("interrupted", "failed", "status"),
    [(True, None, Exit.INTERRUPTED), (False, TargetError("gone"), Exit.UNUSABLE), (False, None, Exit.PASSED)],
)
def test_how_it_ended_is_its_status(
    tmp_path: Path, run: RunResult, interrupted: bool, failed: TargetError | None, status: Exit
) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run})
    result = conclude(folder, [], 0, interrupted=interrupted, failed=failed)
    assert (result.exit_status, result.complete) == (status, status == Exit.PASSED)
    assert result.warnings == (("the experiment was broken off: gone",) if failed else ())


def test_one_that_died_is_told_from_what_its_runs_wrote(tmp_path: Path, run: RunResult) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run, (1, "per_request"): run, (2, "shared"): run})
    result = saved.read(folder)
    assert isinstance(result, ExperimentResult)
    assert (result.complete, result.exit_status, result.experiment.rounds) == (False, None, 1)
    assert result.warnings == ("the experiment died before its end; this is what its runs had written",)


def test_a_saved_result_is_what_was_saved(tmp_path: Path, run: RunResult) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run, (1, "per_request"): run})
    result = conclude(folder, [], 1)
    (folder / "result.json").write_text(json.dumps(to_json(result)))
    assert saved.read(folder) == result
    assert saved.read(run_folder(folder, 1, "shared")) == run


@pytest.mark.parametrize("of_a_run", [True, False])
def test_a_result_of_another_version_is_refused_in_one_line(tmp_path: Path, run: RunResult, of_a_run: bool) -> None:
    folder = experiment(tmp_path / "x", {(1, "shared"): run, (1, "per_request"): run})
    written = run_folder(folder, 1, "shared") / "result.json" if of_a_run else folder / "run.json"
    written.write_text(written.read_text().replace("loadgen.result/2", "loadgen.result/1"))
    for read in (saved.read, assembled):
        with pytest.raises(ProfileError, match=r"has the schema 'loadgen\.result/1', not loadgen\.result/2"):
            read(folder)


def test_a_folder_that_is_no_experiments(tmp_path: Path, run: RunResult) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ProfileError, match="is not an experiment's folder"):
        assembled(tmp_path)
    folder = experiment(tmp_path / "x", {(1, "shared"): run})
    path = run_folder(folder, 1, "shared") / "result.json"
    path.write_text(json.dumps(to_json(run) | {"variants": [1, 2]}))
    with pytest.raises(
        ProfileError, match=r"result\.json: is not as loadgen wrote it: variants\[0\]: must be an object"
    ):
        assembled(folder)
