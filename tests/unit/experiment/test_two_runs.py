"""`loadgen compare`: two runs side by side, without a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from experiment_folders import answering, text, write_experiment
from run_folders import write_run

from loadgen.clock import MILLISECOND
from loadgen.errors import Exit, InvalidRun, ProfileError
from loadgen.experiment.folder import assembled
from loadgen.experiment.two_runs import compare
from loadgen.profile.load import load
from loadgen.report.terminal.two_runs import render
from loadgen.result.codec import from_json, to_json
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult, TrustSignal
from loadgen.result.two_runs import Difference, TwoRuns
from loadgen.transport.scripted import Reply

TEXT = """
name: x
target: http://h.example
load: [{name: warm-up, rate: 10/s, for: 1s, measure: false}, {name: steady, at-once: 150}]
cycles: CYCLES
scenarios: [{name: s, steps: [{name: STEP, get: /}]}]
"""

Run = Callable[..., RunResult]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose every answer takes so many ms."""
    numbers = count()

    def run(ms: int, step: str = "get", cycles: int = 1) -> RunResult:
        profile = load("x.yaml", text=TEXT.replace("STEP", step).replace("CYCLES", str(cycles))).profile
        return write_run(tmp_path / f"run-{next(numbers)}", profile, lambda x: Reply(after=ms * MILLISECOND))

    return run


def test_what_both_have_is_put_side_by_side(run: Run) -> None:
    first, second = run(2), run(3)
    session, host = replace(second.session, reuse="per-request"), replace(second.host, cpus=first.host.cpus + 1)
    found = compare(first, replace(second, seed=first.seed + 1, session=session, host=host))
    assert [(row.quantile, row.metric) for row in found.rows] == [
        (quantile, metric) for metric in ("response", "target") for quantile in ("mean", "p50", "p90", "p95", "p99")
    ]
    assert found.notes == ()
    for row in found.rows:
        assert row.ms == pytest.approx((2, 3), rel=2e-3)
        assert row.ratio == pytest.approx(1.5, rel=2e-3)
        assert (row.phase, row.cycle, row.scenario, row.step) == ("steady", 1, "s", "get")
    assert found.differ == (
        Difference("seed", first.seed, first.seed + 1),
        Difference("session.reuse", "shared", "per-request"),
        Difference("host.cpus", first.host.cpus, first.host.cpus + 1),
    )
    assert found.why_not == (Reason.of("different_times"),)
    assert from_json(TwoRuns, to_json(found)) == found


def test_runs_of_the_same_seed_have_the_same_arrivals(run: Run) -> None:
    first, second = run(2), run(3)
    found = compare(first, second)
    assert found.notes == (Reason.of("same_arrivals", seed=first.seed),)
    assert "note: both runs have seed 1, and so the same arrivals" in " ".join(render(found).split())
    phases = second.variant.phases
    longer = replace(phases[0], seconds=2.0)
    other = replace(second, variants=(replace(second.variant, phases=(longer, *phases[1:])),))
    assert compare(first, other).notes == compare(first, replace(second, seed=2)).notes == ()


def test_it_is_shown_with_what_it_cannot_prove(run: Run) -> None:
    first, second = run(2, cycles=2), run(3, cycles=2)
    text = render(compare(first, replace(second, session=replace(second.session, tls_resumption=False))))
    assert "no verdict: the runs were at different times" in text
    assert "not the same: session.tls_resumption: true and false" in text
    assert "steady cycle 2  s/get response, ms" in text
    row = next(line.split() for line in text.splitlines() if "p99 " in line)
    assert row == ["p99", "2.00", "3.00", "1.5"]


def test_an_invalid_run_is_refused_unless_it_is_accepted_which_is_said(run: Run) -> None:
    late = TrustSignal("lag", "INVALID", Reason.of("lag", p99_ms=9.0), "INVALID", noted=False)
    good, bad = run(2), run(3)
    reasons = (late, replace(late, signal="client delay"))
    bad = replace(
        bad,
        run="runs/bad",
        trust=replace(bad.trust, verdict="INVALID", reasons=reasons),
    )
    with pytest.raises(InvalidRun) as raised:
        compare(good, bad)
    assert str(raised.value) == (
        "runs/bad: INVALID by lag, client delay; `loadgen report` says why. To compare all the same: --accept-invalid"
    )
    assert raised.value.status == Exit.INVALID
    found = compare(good, bad, accept_invalid=True)
    assert found.accepted == ("runs/bad",)
    assert found.why_not[1] == Reason.of("compared_invalid", run="runs/bad")
    assert "runs/bad is INVALID, which was accepted" in " ".join(render(found).split())
    assert compare(good, run(3), accept_invalid=True).accepted == ()


def test_what_cannot_be_compared_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="have no phase and step in common"):
        compare(run(2), run(3, step="put"))
    experiment = assembled(write_experiment(tmp_path / "x", text(1), answering(), rounds=1))
    with pytest.raises(ProfileError, match="is an experiment"):
        compare(run(2), experiment)
