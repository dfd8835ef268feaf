"""The result of an experiment, put together from the folders of its runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

from loadgen.analysis.documents import decoded, document
from loadgen.analysis.rounds import over_rounds
from loadgen.analysis.standing import DOUBTS
from loadgen.clock import SECOND
from loadgen.errors import Exit, LoadgenError, PlanError, ProfileError, worst
from loadgen.experiment import comparison, ratios
from loadgen.experiment.costs import costs
from loadgen.experiment.judgement import judge
from loadgen.experiment.primary import primary_of
from loadgen.experiment.standing import TRUST
from loadgen.experiment.variants import result_of
from loadgen.files import why
from loadgen.profile.load import Loaded
from loadgen.result.experiment import (
    Comparison,
    Design,
    ExperimentMetadata,
    ExperimentResult,
    ExperimentVariant,
    Round,
    RoundPhase,
    RoundStep,
)
from loadgen.result.reason import Reason
from loadgen.result.run import Phase, RunResult, Threshold, Trust, Verdict
from loadgen.stats.looks import level_at
from loadgen.trust import host

ROUNDS = "rounds"
ASIDE = "-invalid"  # after the name of a round's folder: it was carried out once more
MOST_ROUNDS = 1000
KIND = "experiment"
JUDGED_TOGETHER = {Exit.INVALID, Exit.THRESHOLD, Exit.UNDECIDED}  # what a run's status says of its own figures alone
STOPPED = ("stopped_by_errors", "stopped_by_cost")  # the warnings of a run that was ended by a condition
GRADES: tuple[Verdict, ...] = ("VALID", "DEGRADED", "INVALID")

Results = Mapping[str, Mapping[int, RunResult]]  # by variant and round


def slug(name: str) -> str:
    """The name of a variant's folder. Variants whose names look alike are told apart by their number."""
    return re.sub(r"[^A-Za-z0-9_.=-]+", "-", name).strip("-.") or "variant"


def run_folder(folder: Path, number: int, name: str) -> Path:
    """The folder of a variant's run in round `number` (from 1)."""
    return folder / ROUNDS / f"{number:02d}" / slug(name)


def holds_invalid(folder: Path, number: int) -> bool:
    """Whether a run of that round is INVALID, and its user does not accept that."""
    results = (result_of(path.parent) for path in (folder / ROUNDS / f"{number:02d}").glob("*/result.json"))
    return any(result.trust.verdict == "INVALID" and not result.trust.accepted for result in results)


def put_aside(folder: Path, number: int) -> None:
    """Keep the runs of a round that is carried out once more, under another name. Raises PlanError if that cannot
    be."""
    path = folder / ROUNDS / f"{number:02d}"
    try:
        path.rename(_aside(folder, number))
    except OSError as error:
        raise PlanError(f"{path}: round {number} is to be run again, and cannot be renamed: {why(error)}") from None


def metadata(loaded: Loaded, began: int) -> ExperimentMetadata:
    """What is known of an experiment before its runs. `began` is wall-clock time in ns."""
    profile, experiment = loaded.profile, loaded.profile.experiment
    assert experiment
    names = [variant.name for variant in loaded.variants]
    if len({slug(name) for name in names}) < len(names):
        raise ProfileError("two variants have names that would give the same folder", key="experiment.variants")
    return ExperimentMetadata(
        name=profile.name,
        started=datetime.fromtimestamp(began / SECOND, UTC).isoformat(timespec="seconds"),
        client=profile.client,
        seed=profile.seed,
        host=host.description(),
        experiment=Design(
            looks=tuple(experiment.rounds),
            baseline=experiment.baseline or names[0],
            primary=primary_of([variant.profile for variant in loaded.variants]).text,
            margin=experiment.share,
            by_resolution=experiment.margin is None,
            duet=experiment.duet,
            seed=profile.seed,
            thresholds=ratios.texts(profile.thresholds),
        ),
        variants=tuple(ExperimentVariant(variant.name, dict(variant.values)) for variant in loaded.variants),
    )


def conclude(
    folder: Path,
    warnings: Sequence[Reason],
    done: int,
    *,
    interrupted: bool = False,
    failed: LoadgenError | None = None,
) -> ExperimentResult:
    """The result of the experiment, of which `done` rounds are complete. `failed` is the error that ended it early."""
    if failed:
        warnings = [*warnings, Reason.of("experiment_broken_off", error=str(failed))]
    result = assembled(folder, done, warnings)
    status = _status(result, interrupted, failed)
    return replace(result, interrupted=interrupted, complete=not (interrupted or failed), exit_status=int(status))


def _status(result: ExperimentResult, interrupted: bool, failed: LoadgenError | None) -> Exit:
    runs = [run for variant in result.variants for run in variant.rounds]
    statuses = {Exit(run.exit_status) for run in runs if run.exit_status} - JUDGED_TOGETHER
    found = {threshold.status for threshold in result.thresholds}
    if "failed" in found or any(warning.code in STOPPED for warning in result.warnings):
        statuses.add(Exit.THRESHOLD)
    if "undecided" in found:
        statuses.add(Exit.UNDECIDED)
    if _doubted(result.thresholds, result.comparison):
        statuses.add(Exit.INVALID)
    if interrupted:
        statuses.add(Exit.INTERRUPTED)
    if failed:
        statuses.add(failed.status)
    status = worst(statuses) if statuses else Exit.PASSED
    return failed.status if failed and status == Exit.PASSED else status


def _doubted(limits: Sequence[Threshold], comparison: Comparison | None) -> bool:
    """Whether INVALID runs are why a threshold, or the primary figure, cannot be decided; or were accepted."""
    if any(of.accepted or (of.why and of.why.code in DOUBTS) for of in limits):
        return True
    checks = comparison.checks if comparison else ()
    trust = next((check for check in checks if check.check == TRUST), None)
    return trust is not None and (not trust.ok or any(why.code == "accepted_run" for why in trust.why))


def assembled(folder: Path, done: int | None = None, warnings: Sequence[Reason] = ()) -> ExperimentResult:
    """The result of the experiment in `folder`, from what its runs wrote. `done` is the number of complete rounds, by
    default those in which every variant has a result. Raises ProfileError if it is no experiment's folder."""
    about = _metadata(folder)
    results = {variant.name: dict(_results(folder, variant.name)) for variant in about.variants}
    variants = tuple(
        replace(variant, rounds=tuple(_round(number, variant.name, of) for number, of in results[variant.name].items()))
        for variant in about.variants
    )
    complete = min((len(variant.rounds) for variant in variants), default=0) if done is None else done
    again = tuple(number for number in range(1, complete + 1) if _aside(folder, number).is_dir())
    design = replace(about.experiment, rounds=complete, order=_order(variants), again=again)
    runs = [(name, number, result) for name, of in results.items() for number, result in of.items()]
    judgement = judge(folder, design, variants, results)
    level = level_at(design.looks, complete)
    of_runs = [entry for name, of in results.items() for entry in _thresholds(name, of, level)]
    limits = (*of_runs, *judgement.thresholds)
    metadata = {field.name: getattr(about, field.name) for field in fields(ExperimentMetadata)}
    return ExperimentResult(
        **metadata | {"experiment": design, "variants": variants},
        target=runs[0][2].target if runs else None,
        duration_s=round(sum(result.duration_s for _, _, result in runs), 3),
        complete=True,
        interrupted=False,
        run=str(folder),
        exit_status=0,
        unusable=next((of.unusable.of_run(name, number) for name, number, of in runs if of.unusable), None),
        trust=_trust(runs, _doubted(limits, judgement.comparison)),
        warnings=(*warnings, *_warnings([result for _, _, result in runs], warnings)),
        thresholds=limits,
        comparison=judgement.comparison,
        scaling=judgement.scaling,
        costs=costs(results),
    )


def decided(folder: Path, done: int) -> bool:
    """Whether the look after `done` rounds decides everything, so that the experiment can end."""
    whole = assembled(folder, done)
    of_two = {text for texts in whole.experiment.thresholds.values() for text in texts}
    if any(of.status == "undecided" and (of.counts or of.text in of_two) for of in whole.thresholds):
        return False
    return whole.comparison is not None and comparison.decided(whole.comparison)


def _aside(folder: Path, number: int) -> Path:
    return folder / ROUNDS / f"{number:02d}{ASIDE}"


def _metadata(folder: Path) -> ExperimentMetadata:
    path = folder / "run.json"
    content = document(path)
    if content.get("kind") != KIND:
        raise ProfileError("is not an experiment's folder", file=str(folder))
    return decoded(ExperimentMetadata, content, path)


def _results(folder: Path, name: str) -> Iterator[tuple[int, RunResult]]:
    """The results of a variant's runs, by round."""
    for number in range(1, MOST_ROUNDS + 1):
        run = run_folder(folder, number, name)
        if not run.parent.is_dir():
            break
        if (run / "result.json").is_file():
            yield number, result_of(run)


def _round(number: int, name: str, result: RunResult) -> Round:
    whole = result.variant
    return Round(
        round=number,
        folder=run_folder(Path(), number, name).as_posix(),
        started=result.started,
        trust=result.trust.verdict,
        accepted=result.trust.accepted,
        reasons=result.trust.reasons,
        exit_status=result.exit_status,
        duration_s=result.duration_s,
        iterations=whole.iterations,
        requests=whole.requests,
        connections=whole.connections,
        phases=tuple(map(_phase, whole.phases)),
        session=result.session,
        client=result.client,
        target=result.target.url,
        seed=result.seed,
    )


def _phase(phase: Phase) -> RoundPhase:
    steps = tuple(RoundStep(step.scenario, step.step, step.requests, step.skipped) for step in phase.steps)
    return RoundPhase(phase.name, phase.cycle, phase.measured, phase.iterations, phase.requests, steps)


def _thresholds(name: str, results: Mapping[int, RunResult], level: float) -> list[Threshold]:
    """The thresholds of single variants, over the rounds."""
    return over_rounds(name, {number: result.thresholds for number, result in results.items()}, level)


def _trust(runs: Sequence[tuple[str, int, RunResult]], doubted: bool) -> Trust | None:
    """The worst verdict of the runs, and the run that it comes from; None if there is no run. INVALID runs that take
    nothing down leave the experiment DEGRADED."""
    if not runs:
        return None
    worst_of: Verdict = max((result.trust.verdict for _, _, result in runs), key=GRADES.index)
    reasons = tuple(
        replace(signal, variant=name, round=number)
        for name, number, result in runs
        if result.trust.verdict == worst_of != "VALID"
        for signal in result.trust.reasons[:1]
    )
    accepted = any(result.trust.accepted for _, _, result in runs)
    verdict: Verdict = "DEGRADED" if worst_of == "INVALID" and not doubted else worst_of
    return Trust(verdict=verdict, accepted=accepted, reasons=reasons, figures=(), signals=())


def _warnings(results: Sequence[RunResult], said: Sequence[Reason]) -> list[Reason]:
    """The warnings of the runs besides those `said` of the whole, each once, and in how many runs it was given."""
    given: list[tuple[Reason, int]] = []
    for warning in [warning for result in results for warning in result.warnings if warning not in said]:
        at = next((at for at, (other, _) in enumerate(given) if other == warning), None)
        if at is None:
            given.append((warning, 1))
        else:
            given[at] = (warning, given[at][1] + 1)
    return [
        warning if count == len(results) else warning.with_values(in_runs=count, of_runs=len(results))
        for warning, count in given
    ]


def _order(variants: Sequence[ExperimentVariant]) -> tuple[tuple[str, ...], ...]:
    """The variants of each round, in the order in which they ran."""
    runs = sorted((run.round, run.started, variant.name) for variant in variants for run in variant.rounds)
    numbers = dict.fromkeys(number for number, _, _ in runs)
    return tuple(tuple(name for of, _, name in runs if of == number) for number in numbers)
