"""The goal of `--until 'burst response p99 within 5%'` or `--until decided`, and whether a profile can reach it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from loadgen.clock import SECOND
from loadgen.errors import ProfileError
from loadgen.profile import units
from loadgen.profile.experiment import Primary
from loadgen.profile.load import Loaded
from loadgen.profile.model import Phase, Profile
from loadgen.profile.part import did_you_mean

METRICS = ("response", "service", "operation", "iteration")
LIMIT = 10 * 60 * SECOND  # by default, unless the phase itself is longer
OPTION, AT_MOST = "--until", "--at-most"
DECIDED = "decided"
ROUNDS_INSTEAD = "an experiment has planned looks of its own", "Use experiment.rounds: [10, 20]"


@dataclass(frozen=True, slots=True)
class Goal:
    """The figure, and how precise it must be, as a share of it. Its phase takes from `least` to `limit` ns."""

    figure: Primary
    within: float
    limit: int
    text: str
    least: int = 0

    @classmethod
    def parse(cls, text: str, at_most: str | None = None) -> Self:
        """`burst response p99 within 5%`. Raises ProfileError. The limit is 0 if none is given."""
        named, within, share = text.rpartition(" within ")
        try:
            limit = units.duration(at_most) if at_most is not None else 0
        except ValueError as error:
            raise ProfileError(str(error), file=AT_MOST) from None
        try:
            if not within:
                problem = "says not how well: expected for example 'burst response p99 within 5%'"
                raise ValueError(f"{units.quoted(text)} {problem}")
            goal = cls(Primary.parse(named), units.share(share), limit, text.strip())
        except ValueError as error:
            raise ProfileError(str(error), file=OPTION) from None
        if not 0 < goal.within < 1:
            raise ProfileError(f"within {share.strip()} is not a precision: expected for example 5%", file=OPTION)
        if at_most is not None and not limit:
            raise ProfileError("is too short: expected more than 0", file=AT_MOST)
        return goal


@dataclass(frozen=True, slots=True)
class Decided:
    """All thresholds are to be decided. The phases that have some which requests decide take at most `most` ns each, or
    as long as planned; `phases` are their planned durations, by name."""

    most: int
    phases: Mapping[str, int] = field(default_factory=dict)

    def limit(self, phase: str) -> int:
        return max(self.most, self.phases[phase])

    def first(self, phase: str) -> int:
        """When the phase is first looked at, in seconds: as planned, if it had no goal."""
        return max(1, math.ceil(self.phases[phase] / SECOND))


def goal_of(text: str, at_most: str | None = None) -> Goal | Decided:
    """What `--until` asks for. Raises ProfileError."""
    if text.strip() != DECIDED:
        return Goal.parse(text, at_most)
    try:
        most = units.duration(at_most) if at_most is not None else LIMIT
    except ValueError as error:
        raise ProfileError(str(error), file=AT_MOST) from None
    if not most:
        raise ProfileError("is too short: expected more than 0", file=AT_MOST)
    return Decided(most)


def until_decided(loaded: Loaded, goal: Decided) -> tuple[Loaded, Decided]:
    """The profile with its phases as long as they may take, and the goal with these phases. Raises ProfileError if they
    do not fit together."""
    profile = loaded.profile
    of_requests = {
        name for name, every in profile.thresholds.items() if any(of.fraction or of.kind == "errors" for of in every)
    }
    phases = [phase for phase in profile.measured if phase.name in of_requests and phase.kind != "at-once"]
    if problem := _undecidable(profile, phases):
        raise ProfileError(problem[0], file=OPTION, remedy=problem[1])
    goal = replace(goal, phases={phase.name: phase.duration or 0 for phase in phases})
    load = tuple(
        phase.model_copy(update={"duration": goal.limit(phase.name)}) if phase in phases else phase
        for phase in profile.load
    )
    return replace(loaded, profile=profile.model_copy(update={"load": load})), goal


def _undecidable(profile: Profile, phases: Sequence[Phase]) -> tuple[str, str] | None:
    if profile.experiment:
        return ROUNDS_INSTEAD
    if not phases:
        return "there is no threshold that more requests would decide", "Set one: thresholds: {NAME: [errors < 1%]}"
    if profile.cycles > 1:
        return f"{phases[0].name} runs {profile.cycles} times", "Use --set cycles=1"
    return next(filter(None, (_endless(phase) for phase in phases)), None)


def prolonged(loaded: Loaded, goal: Goal) -> tuple[Loaded, Goal]:
    """The profile with the phase as long as the limit, and the goal with a limit. Raises ProfileError if they do not
    fit together."""
    profile = loaded.profile
    if problem := _problem(profile, goal):
        raise ProfileError(problem[0], file=OPTION, remedy=problem[1])
    phase = next(phase for phase in profile.load if phase.name == goal.figure.phase)
    assert phase.duration
    goal = replace(goal, limit=goal.limit or max(LIMIT, phase.duration), least=phase.duration)
    if goal.limit < phase.duration:
        lasts, most = units.format_duration(phase.duration), units.format_duration(goal.limit)
        raise ProfileError(
            f"{most} is less than the {lasts} that {phase.name} takes", file=AT_MOST, remedy="Allow more"
        )
    load = tuple(p.model_copy(update={"duration": goal.limit}) if p is phase else p for p in profile.load)
    return replace(loaded, profile=profile.model_copy(update={"load": load})), goal


def _problem(profile: Profile, goal: Goal) -> tuple[str, str] | None:
    """What is wrong with the goal, and what to do about it."""
    figure = goal.figure
    phases = {phase.name: phase for phase in profile.measured}
    steps = [step.name for scenario in profile.scenarios for step in scenario.steps]
    if profile.experiment:
        return ROUNDS_INSTEAD
    if figure.phase not in phases:
        return f"no measured phase is called {figure.phase}", did_you_mean(figure.phase, [*phases])
    if figure.metric not in METRICS:
        return f"a run does not go on for the sake of {figure.metric}", f"Use one of {', '.join(METRICS)}"
    if figure.step and (figure.step not in steps or figure.metric == "iteration"):
        names = [] if figure.metric == "iteration" else steps
        return f"{figure.metric} has no step {figure.step}", did_you_mean(figure.step, names) if names else "Name none"
    if profile.cycles > 1:
        return f"{figure.phase} runs {profile.cycles} times", "Use --set cycles=1"
    return _unfit(phases[figure.phase], figure.metric)


def _unfit(phase: Phase, metric: str) -> tuple[str, str] | None:
    if phase.closed and metric == "response":
        return "a closed load has no due time, and so no response", "Use service"
    return _endless(phase)


def _endless(phase: Phase) -> tuple[str, str] | None:
    """Why a phase cannot go on."""
    if phase.rate and not phase.rate.steady:
        return f"{phase.name} has a rate that changes, and so a longer phase has another latency", "Use a steady rate"
    if phase.iterations or not phase.duration:
        return f"{phase.name} does not end by time", "Give it for: 30s"
    return None
