"""Folders of experiments, as they would be written, from engines in virtual time."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from engine_harness import Script
from run_folders import write_run

from loadgen.analysis.standing import NOTHING_KNOWN, Standing
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.experiment.folder import assembled, metadata, run_folder
from loadgen.experiment.order import seed_of
from loadgen.profile.load import Loaded, Variant, load
from loadgen.profile.model import Profile
from loadgen.result.codec import to_json
from loadgen.result.experiment import Check, Comparison, Figure
from loadgen.result.reason import Reason
from loadgen.result.run import JudgedFigure
from loadgen.transport.scripted import Reply
from loadgen.trust.figure import graded
from loadgen.trust.finding import Finding
from loadgen.trust.verdict import SHARE

BEGAN = 1_700_000_000 * SECOND

# what a variant's target does in a round
Behaviour = Callable[[int], Script]


def bad(share: float = 0.3, *quantiles: str, accepted: bool = False) -> Standing:
    """Of a run of which this machine made such a share of the figures of `steady`."""
    made = tuple(
        JudgedFigure(
            phase="steady", cycle=1, step="", quantile=quantile, value_ms=10.0, without_ms=10 - 10 * share,
            share=share, at_least=False, parts_ms={"lag": 10 * share}, requests=200, resolution_ms=0.1,
            verdict=graded(share, 1, 0).word, decides=True,
        )
        for quantile in quantiles or ("p50",)
    )  # fmt: skip
    observed = Reason.of("share_of_figure", phase="steady", cycle=1, quantile="p50", share=share, value_ms=10.0)
    verdict = graded(share, 1, 0)
    return Standing(made, (Finding(SHARE, observed, verdict, verdict),), accepted=accepted)


def write_experiment(
    folder: Path,
    text: str,
    behave: Callable[[Variant, int], Script],
    *,
    rounds: int,
    change: Callable[[Variant, int, Profile], Profile] = lambda variant, number, profile: profile,
    standing: Callable[[Variant, int], Standing] = lambda variant, number: NOTHING_KNOWN,
) -> Path:
    """Carry out so many rounds of the experiment that `text` is. `change` is what a variant does other than it says,
    `standing` what is wrong with the generator."""
    loaded = load("experiment.yaml", text=text)
    folder.mkdir(parents=True)
    _write_plan(folder, loaded)
    plan = loaded.profile.experiment
    assert plan
    for number in range(1, rounds + 1):
        for place, variant in enumerate(loaded.variants):
            own = place if plan.duet else None
            profile = variant.profile.model_copy(update={"seed": seed_of(loaded.profile.seed, number, own)})
            profile = change(variant, number, profile)
            started = f"2026-01-01T{number:02d}:{place:02d}:00+00:00"
            run = run_folder(folder, number, variant.name)
            write_run(run, profile, behave(variant, number), started, standing(variant, number))
    return folder


def rewritten(written: Path, folder: Path, text: str, rounds: int) -> Path:
    """The first rounds of an experiment that was carried out, as if it had been of `text`, which may differ from what
    it was in no more than its looks and its thresholds of two variants."""
    shutil.copytree(written, folder, copy_function=os.link)  # nothing writes to what is there
    for number in range(rounds + 1, len([*(written / "rounds").iterdir()]) + 1):
        shutil.rmtree(folder / "rounds" / f"{number:02d}")
    for name in ("run.json", "profile.json"):
        (folder / name).unlink()
    _write_plan(folder, load("experiment.yaml", text=text))
    return folder


def _write_plan(folder: Path, loaded: Loaded) -> None:
    (folder / "run.json").write_text(json.dumps(to_json(metadata(loaded, BEGAN))))
    (folder / "profile.json").write_text(json.dumps(loaded.resolved))


TEXT = """
name: t
target: http://127.0.0.1
load:
  - {name: warm, rate: 50/s, for: 500ms, measure: false}
  - {name: steady, rate: 100/s, for: 2s}
session: {connections: 50}
timeout: 2s
experiment:
  variants: {shared: {}, fresh: {session: {reuse: per-request}}}
  rounds: ROUNDS
  primary: steady response p50
"""
ROUNDS = 8


def text(rounds: object = ROUNDS) -> str:
    """An experiment of two variants, shared and fresh."""
    return TEXT.replace("ROUNDS", str(rounds))


def answering(
    median: float = 8, connect: float = 0, drift: float = 0, ratio: Callable[[int], float] = lambda number: 1.0
) -> Callable[[Variant, int], Script]:
    """Lognormal answers (ms), which take `connect` more in fresh, where they are also `ratio(round)` times as slow; all
    drift by a share from round to round."""

    def behave(variant: Variant, number: int) -> Script:
        random = Random(f"{variant.name} {number}")
        fresh = variant.name.startswith("fresh")
        factor = (1 + drift * number) * (ratio(number) if fresh else 1)

        def script(x: Exchange) -> Reply:
            after = random.lognormvariate(math.log(median), 0.3) * factor
            return Reply(after=int(after * MILLISECOND), connect=int(connect * MILLISECOND), client_delay=50_000)

        return script

    return behave


def compared(folder: Path, behave: Callable[[Variant, int], Script], written: str = "", **options: Any) -> Comparison:
    """The comparison of an experiment that is carried out so, and never without one."""
    rounds = options.pop("rounds", ROUNDS)
    write_experiment(folder, written or text(rounds), behave, rounds=rounds, **options)
    return comparison_of(folder)


def comparison_of(folder: Path) -> Comparison:
    comparison = assembled(folder).comparison
    assert comparison
    return comparison


def figure(comparison: Comparison, quantile: str = "p50", metric: str = "response", step: str = "get") -> Figure:
    named = (figure for figure in comparison.figures if (figure.metric, figure.step) == (metric, step))
    return next(figure for figure in named if figure.quantile == quantile)


def ratio_of(figure: Figure) -> tuple[float, float, float]:
    """The lower end of the ratio's interval, the ratio, and the upper end, all of which are known."""
    ends = figure.ratio_low, figure.ratio, figure.ratio_high
    low, ratio, high = (end for end in ends if end is not None)
    return low, ratio, high


def check(comparison: Comparison, name: str) -> Check:
    return next(check for check in comparison.checks if check.check == name)
