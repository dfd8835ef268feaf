"""The headline of a result that says nothing of its target: nothing was answered, or everything failed."""

from __future__ import annotations

from loadgen.exchange import Outcome
from loadgen.report.sentences import sentence
from loadgen.report.words import clean
from loadgen.result.capacity import CapacityResult
from loadgen.result.experiment import ExperimentResult
from loadgen.result.run import RunResult
from loadgen.result.tune import TuneResult
from loadgen.runner.advice import redirected, remedy

Unusable = RunResult | ExperimentResult | CapacityResult | TuneResult


def unusable(result: Unusable) -> str:
    """Why, and what to do about it; empty for a result that does say something."""
    why = result.unusable
    if why is None:
        return ""
    url = result.target.url if result.target else ""
    advice = _advice(result, url, str(why.values.get("outcome")), str(why.values.get("reason")))
    return clean(f"{url}: {sentence(why)}{f'. {advice}' if advice else ''}")


def _advice(result: Unusable, url: str, outcome: str, reason: str) -> str:
    """Where a redirect leads, a sample of it tells."""
    for sample in result.samples.failed if isinstance(result, RunResult) else ():
        if (sample.outcome, sample.reason) == (outcome, reason) and sample.location:
            return redirected(sample.status, sample.location)
    named = Outcome.__members__.get(outcome.upper())
    return remedy(url, named, reason) if named is not None else ""
