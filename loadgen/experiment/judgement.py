"""What the rounds of an experiment come to, from the folders of its runs: it can be judged again from the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loadgen.errors import ProfileError
from loadgen.experiment import ratios
from loadgen.experiment.comparison import Question, compare
from loadgen.experiment.scaling import scaling
from loadgen.experiment.variants import read


def judgement(folder: Path, whole: dict[str, Any]) -> dict[str, Any]:
    """`comparison`, `scaling` and `thresholds` of the experiment in that folder, over the rounds that are complete;
    `whole` is its result so far: its `experiment`, `variants`, and the thresholds that its runs were held to. Runs that
    cannot be read are a comparison that is not valid."""
    question, held = Question.of(whole["experiment"], whole["variants"]), whole["thresholds"]
    of_two = whole["experiment"].get("thresholds", {})
    if not question.rounds:
        undecided = ratios.undecided(of_two, "no round is complete")
        return {"comparison": None, "scaling": [], "thresholds": [*held, *undecided]}
    try:
        arms = read(folder, whole["variants"], question.rounds)
        return {
            "comparison": compare(arms, question),
            "scaling": scaling(arms, question.primary, question.rounds),
            "thresholds": [*held, *ratios.check(of_two, arms, question)],
        }
    except (ProfileError, OSError) as error:
        why = str(error)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        why = f"a run's folder is not as loadgen wrote it: {type(error).__name__}: {error}"
    nothing: dict[str, Any] = {key: [] for key in ("checks", "figures", "parts", "curves")}
    told = question.told() | {"valid": False, "why_not": [why], **nothing}
    return {"comparison": told, "scaling": [], "thresholds": [*held, *ratios.undecided(of_two, why)]}
