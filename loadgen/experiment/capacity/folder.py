"""The folder of a measured capacity, and its result, which is made from what its steps wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

from loadgen.analysis.documents import decoded, document
from loadgen.clock import SECOND
from loadgen.errors import Exit, LoadgenError, ProfileError, worst
from loadgen.experiment.capacity.course import Next, next_step
from loadgen.experiment.capacity.judgement import capacity_of, deciding, of_variants, ratios
from loadgen.experiment.capacity.plan import conditions
from loadgen.experiment.capacity.steps import STEP, folder_of, step_of
from loadgen.experiment.capacity.thresholds import thresholds_of
from loadgen.experiment.variants import result_of
from loadgen.profile.load import Loaded
from loadgen.result.capacity import CapacityMetadata, CapacityPlan, CapacityResult, CapacityStep
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult, Trust, Verdict
from loadgen.trust import host

KIND = "capacity"
MOST = 1000  # steps that a folder may have
GRADES: tuple[Verdict, ...] = ("VALID", "DEGRADED", "INVALID")


def metadata(loaded: Loaded, plan: CapacityPlan, began: int) -> CapacityMetadata:
    """What is known before the first step. `began` is wall-clock time in ns."""
    return CapacityMetadata(
        name=loaded.profile.name,
        started=datetime.fromtimestamp(began / SECOND, UTC).isoformat(timespec="seconds"),
        client=loaded.profile.client,
        seed=plan.seed,
        host=host.description(),
        plan=plan,
    )


def read_metadata(folder: Path) -> CapacityMetadata:
    """Raises ProfileError for what is no folder of a capacity."""
    path = folder / "run.json"
    content = document(path)
    if content.get("kind") != KIND:
        raise ProfileError("is not the folder of a capacity", file=str(folder))
    return decoded(CapacityMetadata, content, path)


def steps_in(folder: Path, plan: CapacityPlan) -> list[tuple[CapacityStep, RunResult]]:
    """The complete steps of a folder, in their order, which the course gives again."""
    keep, made = conditions(plan.keep), list[tuple[CapacityStep, RunResult]]()
    for _ in range(MOST):
        step = next_step(plan, [of for of, _ in made])
        if step is None or (result := _complete(folder, step)) is None:
            break
        made.append((step_of(plan, keep, step, result), result))
    return made


def _complete(folder: Path, step: Next) -> RunResult | None:
    """The result of that step's run; None if it has none, or was cut short by its user."""
    run = folder / folder_of(step.number)
    if not (run / "result.json").is_file():
        return None
    result = result_of(run)
    phases = {phase.name for phase in result.variant.phases}
    return result if usable(result) and STEP in phases else None


def usable(result: RunResult) -> bool:
    """Whether a step's run came to its end, or to that of a condition to stop."""
    return result.exit_status not in (Exit.INTERRUPTED, Exit.WORKER_LOST, Exit.BUG) and not result.interrupted


def assembled(
    folder: Path,
    warnings: Sequence[Reason] = (),
    *,
    interrupted: bool = False,
    failed: LoadgenError | None = None,
) -> CapacityResult:
    """The result of the capacity in `folder`, from what its steps wrote. `failed` is the error that ended it early.
    Raises ProfileError if it is no such folder."""
    about = read_metadata(folder)
    made = steps_in(folder, about.plan)
    steps, runs = [step for step, _ in made], [result for _, result in made]
    variants = of_variants(about.plan, steps)
    if failed:
        warnings = [*warnings, Reason.of("capacity_broken_off", error=str(failed))]
    result = CapacityResult(
        **{field.name: getattr(about, field.name) for field in fields(CapacityMetadata)},
        target=runs[0].target if runs else None,
        session=runs[0].session if runs else None,
        duration_s=round(sum(of.duration_s for of in runs), 3),
        complete=not failed and not interrupted and next_step(about.plan, steps) is None,
        interrupted=interrupted,
        run=str(folder),
        exit_status=0,
        unusable=_unusable(about.plan, made),
        trust=None,
        warnings=tuple(warnings),
        thresholds=(),
        capacity=variants[0].capacity if variants else capacity_of(about.plan, steps),
        variants=variants,
        ratios=tuple(ratios(variants)),
        steps=tuple(steps),
    )
    result = replace(result, trust=_trust(result, runs), thresholds=tuple(thresholds_of(result)))
    return replace(result, exit_status=int(_status(result, failed)))


def _unusable(plan: CapacityPlan, made: Sequence[tuple[CapacityStep, RunResult]]) -> Reason | None:
    """Why nothing is known of a target: of the first step of a variant."""
    first = {step.variant: result.unusable for step, result in reversed(made)}
    return next((first[name] for name in plan.names if first.get(name)), None)


def _trust(result: CapacityResult, runs: Sequence[RunResult]) -> Trust | None:
    """The worst verdict of the steps that the capacity rests on: those that kept the conditions, near it. Where this
    machine is the limit, that is the result, and nothing against it."""
    mine = [runs[step.number - 1] for of in result.each for step in deciding(of.capacity, result.steps_of(of.name))]
    if not mine:
        return None
    worst_of: Verdict = max((of.trust.verdict for of in mine), key=GRADES.index)
    share = sum(of.trust.verdict == worst_of for of in mine) / len(mine)
    if worst_of == "INVALID" and share <= 0.5:
        worst_of = "DEGRADED"
    reasons = [of.trust.reasons[0] for of in mine if of.trust.reasons and of.trust.verdict != "VALID"][:1]
    return Trust(verdict=worst_of, accepted=False, reasons=tuple(reasons), figures=(), signals=())


def _status(result: CapacityResult, failed: LoadgenError | None) -> Exit:
    statuses = set[Exit]()
    if result.unusable:
        statuses.add(Exit.UNUSABLE)
    if result.interrupted:
        statuses.add(Exit.INTERRUPTED)
    if failed:
        statuses.add(failed.status)
    became = {of.status for of in result.thresholds}
    if "failed" in became:
        statuses.add(Exit.THRESHOLD)
    # where thresholds say what the capacity has to be, a bound of it may decide them all
    unknown = any(of.capacity.rate is None for of in result.each)
    if "undecided" in became or (unknown and not became):
        statuses.add(Exit.UNDECIDED)
    if result.trust and result.trust.verdict == "INVALID":
        statuses.add(Exit.INVALID)
    status = worst(statuses)
    return failed.status if failed and status == Exit.PASSED else status
