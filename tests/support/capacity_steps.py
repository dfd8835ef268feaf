"""Steps of a capacity, as their runs would have told them, and the folder of one, from engines in virtual time."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path

from engine_harness import Script
from run_folders import write_run

from loadgen.clock import SECOND
from loadgen.experiment.capacity.course import Next, next_step
from loadgen.experiment.capacity.folder import metadata, steps_in
from loadgen.experiment.capacity.judgement import capacity_of, of_variants, ratios
from loadgen.experiment.capacity.plan import conditions, plan_of
from loadgen.experiment.capacity.steps import folder_of, profile_of
from loadgen.profile.load import Loaded, load
from loadgen.result.capacity import (
    CapacityMetadata,
    CapacityPlan,
    CapacityResult,
    CapacityStep,
    Stage,
    StepCondition,
)
from loadgen.result.codec import to_json
from loadgen.result.reason import Reason
from loadgen.result.run import Attribution, Trust, Verdict

LATENCY, ERRORS = "p99 < 100ms", "errors < 1%"
TEXT = "name: c\ntarget: http://127.0.0.1:1\nload: [{name: a, rate: 20/s, for: 1s}]\n"
BEGAN = 1_700_000_000 * SECOND


def loaded() -> Loaded:
    return load("c.yaml", text=TEXT)


def plan(**changed: object) -> CapacityPlan:
    made = replace(plan_of(loaded(), conditions([LATENCY])), steps=6, step_s=2.0, lead_in_s=0.5, search_s=1.0)
    return replace(made, **changed)  # type: ignore[arg-type]


def step(
    rate: float,
    share: float = 0.0,
    *,
    number: int = 1,
    stage: Stage = "measure",
    requests: int = 1000,
    failures: dict[str, int] | None = None,
    own: float = 0.0,
    wait: float = 0.0,
    above: Reason | None = None,
    trust: Verdict = "VALID",
    unsent: int = 0,
) -> CapacityStep:
    """A step with so many requests, of which that share took longer than allowed."""
    failed = sum((failures or {}).values())
    return CapacityStep(
        number=number,
        stage=stage,
        rate=rate,
        completed=rate,
        seconds=requests / rate,
        requests=requests,
        failed=failed,
        conditions=(
            StepCondition(LATENCY, "", requests - failed, round(share * (requests - failed)), 0.01, 80.0),
            StepCondition(ERRORS, "", requests, failed, 0.01, None),
        ),
        above=above,
        failures=failures or {},
        tail=Attribution(100.0, 100 * (1 - own - wait), 0.0, 100 * wait, 0.0, 0.0, 100 * own, False, 10),
        unsent={"limit": unsent} if unsent else {},
        core=0.03,
        trust=trust,
        folder=folder_of(number),
    )


def write_capacity(folder: Path, behave: Callable[[Next], Script], most: int = 100, **changed: object) -> Path:
    """Carry out so many steps in virtual time."""
    of, about = loaded(), plan(**changed)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(to_json(metadata(of, about, BEGAN))))
    (folder / "profile.json").write_text(json.dumps(of.resolved))
    for _ in range(most):
        due = next_step(about, [made for made, _ in steps_in(folder, about)])
        if due is None:
            break
        profile = profile_of(of, about, conditions(about.keep), due).profile
        write_run(folder / folder_of(due.number), profile, behave(due), "2026-01-01T00:00:00+00:00")
    return folder


def rising(rates: Sequence[float], at: float = 160.0) -> list[CapacityStep]:
    """Steps of a target whose share beyond the limit rises evenly, and is the allowed 1 % at that rate; but for the
    chance that makes every second step a little worse."""
    return [
        step(rate, min(0.6, 0.01 * math.exp((rate - at) / 7 + 0.2 * (number % 2))), number=number)
        for number, rate in enumerate(rates, start=1)
    ]


def capacity_result(steps: Sequence[CapacityStep], **changed: object) -> CapacityResult:
    """The result that these steps amount to."""
    about = metadata(loaded(), plan(), BEGAN)
    result = CapacityResult(
        **{field.name: getattr(about, field.name) for field in fields(CapacityMetadata)},
        target=None,
        session=None,
        duration_s=84.5,
        complete=True,
        interrupted=False,
        run="runs/capacity-c",
        exit_status=0,
        trust=Trust("VALID", False, (), (), ()),
        warnings=(),
        thresholds=(),
        capacity=capacity_of(about.plan, steps),
        steps=tuple(steps),
    )
    return replace(result, **changed)  # type: ignore[arg-type]


RATES = [126.0, 131.0, 138.0, 142.0, 147.0, 151.0, 155.0, 158.0, 162.0, 166.0, 171.0, 175.0, 180.0, 186.0]


def of_both() -> CapacityResult:
    """The capacities of two variants, of which the second breaks at 0.8 of the rate of the first."""
    names = ("shared", "fresh")
    each = [rising(RATES), rising([0.8 * rate for rate in RATES], 128.0)]
    steps = [replace(of, variant=name) for name, made in zip(names, each, strict=True) for of in made]
    about = plan(variants=names)
    variants = of_variants(about, steps)
    compared = {"variants": variants, "ratios": tuple(ratios(variants)), "capacity": variants[0].capacity}
    return capacity_result(steps, plan=about, **compared)
