"""Folders of runs and of experiments, as they would be written, from engines in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine_harness import Run, Script, go

from loadgen.clock import SECOND
from loadgen.experiment.conclusion import Ending, conclude
from loadgen.experiment.result import Measured, quantiles_of
from loadgen.experiment.rounds import seed_of
from loadgen.experiment.together import about, run_folder
from loadgen.profile.load import Variant, load
from loadgen.profile.model import Profile
from loadgen.store import RunFolder
from loadgen.trust.verdict import Finding, Verdict

BEGAN = 1_700_000_000 * SECOND

# what a variant's target does in a round
Behaviour = Callable[[int], Script]


def fail(text: str) -> None:
    raise AssertionError(f"nothing is wrong, and yet it says: {text}")


def write_seconds(folder: Path, run: Run, **known: Any) -> RunFolder:
    """The folder of a run that was made, without its result."""
    kept = RunFolder(folder, fail)
    kept.begin({}, {"plan": json.loads(json.dumps(run.plan.describe())), **known})
    kept.interval(run.by_second, [], lambda slot: f"slot {slot}")
    return kept


def write_run(
    folder: Path, profile: Profile, script: Script, started: str = "", findings: tuple[Finding, ...] = ()
) -> dict[str, Any]:
    """Carry a profile out and keep it; returns its result."""
    run = go(profile, script)
    known = {
        "name": profile.name, "started": started, "client": profile.client, "seed": profile.seed,
        "session": profile.session.model_dump(mode="json"), "target": {"url": profile.target.url},
    }  # fmt: skip
    kept = write_seconds(folder, run, **known)
    measured = Measured(run.plan, run.ledger, run.recording, quantiles_of(profile))
    ended = conclude(known, measured, list(findings), Ending(run.finished_at, str(folder)), profile.thresholds)
    assert kept.finish(ended.result)
    return ended.result


def bad(verdict: Verdict = Verdict.INVALID) -> tuple[Finding, ...]:
    return (Finding("lag", "p99 50 ms", verdict, "it was late", "Do something"),)


def write_experiment(
    folder: Path,
    text: str,
    behave: Callable[[Variant, int], Script],
    *,
    rounds: int,
    change: Callable[[Variant, int, Profile], Profile] = lambda variant, number, profile: profile,
    found: Callable[[Variant, int], tuple[Finding, ...]] = lambda variant, number: (),
) -> Path:
    """Carry out so many rounds of the experiment that `text` is. `change` is what a variant does other than it says,
    `found` what is wrong with the generator."""
    loaded = load("experiment.yaml", text=text)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(about(loaded, BEGAN)))
    (folder / "profile.json").write_text(json.dumps(loaded.resolved))
    for number in range(1, rounds + 1):
        for place, variant in enumerate(loaded.variants):
            profile = variant.profile.model_copy(update={"seed": seed_of(loaded.profile.seed, number)})
            profile = change(variant, number, profile)
            started = f"2026-01-01T{number:02d}:{place:02d}:00+00:00"
            run = run_folder(folder, number, variant.name)
            write_run(run, profile, behave(variant, number), started, found(variant, number))
    return folder
