"""The reasons of an experiment: one line for several runs, and for a single run its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.experiment_sentences import EXPERIMENT_SENTENCES, RUNS, listed
from loadgen.report.sentences import sentence
from loadgen.result.reason import Reason

NAMED = 3  # runs of a kind that are named


def lines(reasons: Sequence[Reason]) -> Iterator[str]:
    """A line for each reason. Reasons that differ only in their run share one."""
    for code in dict.fromkeys(reason.code for reason in reasons):
        alike = [reason for reason in reasons if reason.code == code]
        if code in RUNS:
            yield _listed(code, alike)
        else:
            yield from map(sentence, alike)


def _listed(code: str, alike: Sequence[Reason]) -> str:
    try:
        return listed(code, [reason.values for reason in alike[:NAMED]], max(0, len(alike) - NAMED))
    except (KeyError, TypeError, ValueError, OverflowError):  # of values that are not as they should be
        return sentence(alike[0])


def of_figure(reason: Reason) -> str:
    """Why there is no figure, or no verdict on it: `fresh, round 3: needs 100 requests, there were 60`."""
    run = reason.run
    if run is None or reason.code in EXPERIMENT_SENTENCES:
        return sentence(reason)
    variant, number = run
    return f"{variant}, round {number}: {sentence(reason)}"
