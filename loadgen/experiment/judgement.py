"""The judgement on the rounds of an experiment, from the folders of its runs, so that it can be judged again from
disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadgen.analysis.documents import foreign
from loadgen.errors import ProfileError
from loadgen.experiment import ratios
from loadgen.experiment.comparison import Question, compare, comparison_of
from loadgen.experiment.scaling import scaling
from loadgen.experiment.variants import read
from loadgen.result.experiment import Comparison, Design, ExperimentVariant, Scaling
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult, Threshold


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the runs show together. `thresholds` are those that compare two variants."""

    comparison: Comparison | None
    thresholds: tuple[Threshold, ...]
    scaling: tuple[Scaling, ...] = ()


def judge(
    folder: Path,
    design: Design,
    variants: Sequence[ExperimentVariant],
    results: Mapping[str, Mapping[int, RunResult]],
) -> Judgement:
    """The judgement on the experiment in that folder, over the complete rounds. `results` are the results of its runs,
    by variant and round. If a run's folder cannot be read, the comparison is not valid."""
    question = _question(folder, design, variants, [run for of in results.values() for run in of.values()])
    if not question.rounds:
        return Judgement(None, tuple(ratios.undecided(design.thresholds, Reason.of("no_round"))))
    try:
        compared = read(folder, variants, results, question.rounds)
        comparison = compare(compared, question)
        return Judgement(
            comparison,
            tuple(ratios.check(design.thresholds, compared, question)),
            tuple(scaling(compared, question.primary, question.rounds, design.baseline, comparison.why_not)),
        )
    except (ProfileError, OSError) as error:
        why = str(error)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        why = f"it {foreign(error)}"
    unreadable = Reason.of("unreadable", error=why)
    undecided = ratios.undecided(design.thresholds, unreadable)
    return Judgement(comparison_of(question, why_not=(unreadable,)), tuple(undecided))


def _question(
    folder: Path, design: Design, variants: Sequence[ExperimentVariant], runs: Sequence[RunResult]
) -> Question:
    try:
        return Question.of(design, variants, runs)
    except (ValueError, LookupError) as error:
        raise ProfileError(f"has no question that loadgen knows: {error}", file=str(folder / "run.json")) from None
