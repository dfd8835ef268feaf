"""An experiment's result, put together from the folders of its runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from finished_runs import TEXT, experiment

from loadgen.errors import Exit, ProfileError, TargetError
from loadgen.experiment.folder import conclude, metadata, run_folder, slug
from loadgen.profile.load import load
from loadgen.report.terminal.run import render
from loadgen.result.codec import from_json, to_json
from loadgen.result.experiment import ExperimentResult
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult, TrustSignal


def test_folders_are_named_after_their_variants() -> None:
    assert run_folder(Path("x"), 3, "session=shared rate=50/s") == Path("x/rounds/03/session=shared-rate=50-s")
    assert slug("../..") == "variant"


def test_names_that_no_folder_can_tell_apart_are_refused() -> None:
    text = TEXT.replace('variants: {shared: {}, "per_request": {session: per-request}}', "matrix: {n: [a b, a/b]}")
    text += "scenarios: [{name: s, steps: [{name: get, get: /, headers: {x: '${matrix.n}'}}]}]\n"
    with pytest.raises(ProfileError, match="would give the same folder"):
        metadata(load("p.yaml", text=text), 0)


def test_the_whole_is_read_from_the_folders_of_its_runs(tmp_path: Path, run: RunResult) -> None:
    mine = Reason.of("tls_not_verified")
    late = TrustSignal("lag", "INVALID", Reason.of("lag", p99_ms=9.0), "INVALID", noted=False)
    trust = replace(run.trust, verdict="INVALID", reasons=(late, replace(late, signal="client delay")))
    died = Reason.of("run_died")
    bad = replace(run, trust=trust, exit_status=5, warnings=(mine, died), started="2026-01-01T00:00:09")
    folder = experiment(
        tmp_path / "x",
        {
            (1, "shared"): replace(run, started="2026-01-01T00:00:02"),
            (1, "per_request"): replace(run, started="2026-01-01T00:00:01"),
            (2, "shared"): run,
            (2, "per_request"): bad,
        },
    )
    result = conclude(folder, [mine], 2)
    assert (result.exit_status, result.complete) == (Exit.PASSED, True)
    assert result.trust.verdict == "DEGRADED", "an INVALID run of which nothing depends takes nothing down"
    assert result.trust.reasons == (replace(late, variant="per_request", round=2),)
    assert result.warnings == (mine, died.with_values(in_runs=1, of_runs=4)), "each is given once"
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
    assert result.warnings == ((Reason.of("experiment_broken_off", error="gone"),) if failed else ())


def test_an_experiment_without_a_run_has_measured_nothing_and_no_verdict(tmp_path: Path) -> None:
    result = conclude(experiment(tmp_path / "x", {}), [], 0, failed=TargetError("gone"))
    assert result.trust is None
    assert from_json(ExperimentResult, to_json(result)) == result
    shown = render(result, color=False)
    assert shown.count("NOTHING MEASURED") == 2, "at the top and at the end"
    assert "VALID" not in shown
