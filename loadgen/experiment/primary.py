"""The primary figure of an experiment whose profile names none. It is fixed before the first run."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.engine.plan import Plan
from loadgen.profile.experiment import Primary
from loadgen.profile.model import Phase, Profile, Scenario
from loadgen.result.check import TooFewRequests
from loadgen.stats import fewest, fraction

EVENTS = 10  # each round is to have so many independent events beyond the quantile
FINEST_FIRST = ("p99.9", "p99", "p95", "p90", "p50")
# how many slow requests count as one, as they come together: before a run that is not known, and at a third of a
# target's capacity a queue makes it about 3
TOGETHER = 3


def primary_of(variants: Sequence[Profile]) -> Primary:
    """The profile's own primary figure, or the proposed one."""
    experiment = variants[0].experiment
    return (experiment and experiment.primary) or propose(
        variants, len(variants) if experiment and experiment.duet else 1
    )


def propose(variants: Sequence[Profile], parts: int = 1) -> Primary:
    """The metric that a user waits for, in the phase with the highest rate, at the highest quantile that every measured
    phase of every variant has enough requests for: `EVENTS` independent requests are expected beyond it in each round.
    It is the mean if there are too few requests even for the median; it is the median if only the run shows how many
    there are. The load is divided by `parts`."""
    first = variants[0]
    phase = max(first.measured, key=_rate)
    scenario = max(first.scenarios, key=lambda scenario: scenario.weight)
    step = scenario.steps[0].name if len(first.scenarios) > 1 and len(scenario.steps) == 1 else ""
    counts = [count for profile in variants for count in _counts(profile, scenario.name, parts)]
    words = (phase.name, step, _metric(scenario, phase, first), _finest(counts))
    return Primary.parse(" ".join(filter(None, words)))


def too_few(primary: Primary, variants: Sequence[Profile], parts: int = 1) -> TooFewRequests | None:
    """The least number of requests that a run would have for the primary figure, and the number that it takes, if that
    is more: then no run has enough. None if only a run shows how many there are."""
    counts = [
        count
        for profile in variants
        for count in _counts(profile, _scenario_of(primary, profile).name, parts, primary.phase)
        if count is not None
    ]
    needs = 1 if primary.quantile == "mean" else fewest(primary.quantile)
    return TooFewRequests(round(min(counts)), needs) if counts and min(counts) < needs else None


def _scenario_of(primary: Primary, profile: Profile) -> Scenario:
    named = [scenario for scenario in profile.scenarios if primary.step in [step.name for step in scenario.steps]]
    return max(named or profile.scenarios, key=lambda scenario: scenario.weight)


def _rate(phase: Phase) -> float:
    return phase.rate.highest if phase.rate else 0.0


def _metric(scenario: Scenario, phase: Phase, profile: Profile) -> str:
    if len(scenario.steps) > 1:
        return "iteration"
    again = profile.retries or scenario.steps[0].unprocessed == "resend"
    return "operation" if again else "service" if phase.closed else "response"


def _counts(profile: Profile, name: str, parts: int, phase: str = "") -> list[float | None]:
    """The number of iterations of that scenario in each measured run of a phase, or of the given phase."""
    weights = {scenario.name: scenario.weight for scenario in profile.scenarios}
    share = weights.get(name, 0.0) / sum(weights.values())
    planned = (run.planned(0, 1) for run in Plan.of(profile).runs if run.measured and phase in ("", run.name))
    return [None if count is None else count * share / parts for count in planned]


def _finest(counts: Sequence[float | None]) -> str:
    if None in counts:
        return "p50"
    least = min(count for count in counts if count is not None)
    return next((name for name in FINEST_FIRST if least * (1 - fraction(name)) >= EVENTS * TOGETHER), "mean")
