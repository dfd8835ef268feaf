"""One step: the profile of its run, and what that tells of its rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.experiment.capacity.course import Next
from loadgen.experiment.capacity.plan import allowed, variants_of
from loadgen.experiment.order import seed_of
from loadgen.experiment.variants import core_of
from loadgen.profile.load import Loaded
from loadgen.profile.model import Phase, Profile, Threshold
from loadgen.result.capacity import CapacityPlan, CapacityStep, StepCondition
from loadgen.result.reason import Reason
from loadgen.result.run import Attribution, RunResult
from loadgen.result.run import Phase as MeasuredPhase
from loadgen.runner.function.cost import planned_function
from loadgen.runner.table.cost import Cost

LEAD_IN, STEP = "lead-in", "step"  # the phases of a step's run
BEHIND = 0.05  # of what was started: if the requests in flight grew by more, the rate was not reached
SOME = 10  # requests more in flight: fewer are chance, and no queue
OPEN, FEWEST = 4, 100  # times the rate and the limit on the latency; iterations that may be open in any case
HELD_BACK = 0.01  # of the iterations: if more were not started, it was not offered
STEPS = "steps"


def folder_of(number: int) -> str:
    """The folder of a step's run, below that of the whole."""
    return f"{STEPS}/{number:02d}"


def profile_of(loaded: Loaded, plan: CapacityPlan, keep: Sequence[Threshold], step: Next) -> Loaded:
    """The profile of a step's run, which is that of its variant: an unmeasured phase at its rate, and a measured
    one."""
    of = variants_of(loaded)[step.variant]
    measured = plan.step_s if step.stage == "measure" else plan.search_s
    phases = [phase for phase in of.measured if phase.rate]
    offer = {"rate": f"{step.rate:.15g}/s", "arrivals": phases[0].arrivals if phases else "poisson"}
    load = tuple(
        Phase.model_validate({"name": name, "for": f"{lasts:g}s", "measure": name == STEP, **offer})
        for name, lasts in ((LEAD_IN, plan.lead_in_s), (STEP, measured))
    )
    changed = {
        "load": load,
        "cycles": 1,
        "thresholds": {STEP: tuple(keep)},
        "experiment": None,
        "in_flight_limit": _open_at_most(of, keep, step.rate),
        "max_rate": None,  # no step is above it, and it would make the arrivals of the last ones even
        "seed": seed_of(plan.seed, step.number),
    }
    return replace(loaded, profile=of.model_copy(update=changed), variants=())


def _open_at_most(profile: Profile, keep: Sequence[Threshold], rate: float) -> int:
    """How many iterations may be open at once. A rate far above the capacity shows after some of them, and more would
    only keep the target busy, and this machine, long after the step. Below the capacity, no more than the rate times
    the limit are open, but for one in a hundred (Little's law)."""
    longest = max((of.value / SECOND for of in keep if of.kind == "latency"), default=1.0)
    own = profile.in_flight_limit
    most = max(FEWEST, math.ceil(OPEN * rate * longest))
    return most if own is None else min(own, most)


def planned_usd(profile: Profile, steps: Sequence[CapacityStep]) -> float:
    """What a step's run costs as it is planned; of a function, by what a call of the `steps` before it did. Nothing if
    its target is neither a table nor a function, or a table that is not billed so."""
    plan = Plan.of(profile)
    if profile.target.dynamodb:
        return Cost(profile, plan).plan(made=False).total.usd or 0.0
    function, paid = profile.target.function, [step for step in steps if step.usd and step.requests]
    if function is None or not paid:
        return 0.0
    each = sum(step.usd or 0.0 for step in paid) / sum(step.requests for step in paid)
    return each * (planned_function(profile, plan).requests or 0)


def step_of(plan: CapacityPlan, keep: Sequence[Threshold], step: Next, result: RunResult) -> CapacityStep:
    """What the run of a step tells."""
    phase = next(phase for phase in result.variant.phases if phase.name == STEP)
    lasts = phase.ran or phase.seconds or 0.0
    started, failed = phase.iterations.started, phase.requests.failed
    grown = _grown(phase)
    settling = phase.settling
    unsent = sum(phase.iterations.unsent_why.values())
    shown = _shown(phase, keep)
    return CapacityStep(
        number=step.number,
        stage=step.stage,
        rate=step.rate,
        completed=round(max(0.0, phase.iterations.completed - grown) / lasts, 3) if lasts else 0.0,
        seconds=round(lasts, 3),
        requests=phase.requests.sent,
        failed=failed,
        conditions=tuple(_conditions(result, phase, keep)),
        above=above(settling is not None and settling.settled == "no", started, grown, unsent),
        failures=_failures(phase),
        tail=shown,
        unsent={name: count for name, count in phase.iterations.unsent_why.items() if count},
        core=core_of(result),
        trust=result.trust.verdict,
        folder=folder_of(step.number),
        usd=result.usd,
        variant=step.variant,
    )


def above(unsettled: bool, started: float, grown: float, unsent: float) -> Reason | None:
    """What shows, besides the conditions, that a rate is above the capacity: the phase did not settle; or fewer were
    completed than started, so that those in flight grew by `grown`; or some were not even started."""
    if unsettled:
        return Reason.of("step_not_settled")
    if grown > max(SOME, BEHIND * started):
        return Reason.of("step_not_reached", share=round(1 - grown / started, 4))
    if unsent > HELD_BACK * (started + unsent):
        return Reason.of("step_not_offered", share=round(started / (started + unsent), 4))
    return None


def _grown(phase: MeasuredPhase) -> float:
    """By how many the requests in flight grew from the phase's beginning to its end: what of it was answered after the
    end, without as many as were in flight at its beginning, which is taken from its median."""
    settling = phase.settling
    if settling is None or settling.answered is None or not phase.ran:
        return 0.0
    outcomes = phase.requests.outcomes
    late = (1 - settling.answered) * (outcomes.get("ok", 0) + outcomes.get("timeout", 0))
    medians = [step.latency(phase.headline) for step in phase.steps]
    known = [of.quantile("p50").value or 0.0 for of in medians if of]
    per_second = phase.requests.sent / phase.ran
    at_first = per_second * min(known, default=0.0) / 1000
    return max(0.0, late - at_first)


def _conditions(result: RunResult, phase: MeasuredPhase, keep: Sequence[Threshold]) -> list[StepCondition]:
    made = []
    for of in keep:
        if of.kind == "errors":
            sent = phase.requests.sent
            made.append(StepCondition(of.text, "", sent, phase.requests.failed, allowed(of), None))
            continue
        for entry in result.thresholds:
            if entry.text == of.text and entry.phase == STEP and entry.counts:
                counts, value = entry.counts, entry.value_ms
                made.append(StepCondition(of.text, entry.step, counts.requests, counts.beyond, allowed(of), value))
    return made


def _failures(phase: MeasuredPhase) -> dict[str, int]:
    """The failed requests by outcome class and reason."""
    counts: dict[str, int] = {}
    for step in phase.steps:
        for failure in step.failures:
            for reason, count in failure.reasons.items():
                name = f"{failure.outcome}: {reason}"
                counts[name] = counts.get(name, 0) + count
    return counts


def _shown(phase: MeasuredPhase, keep: Sequence[Threshold]) -> Attribution | None:
    """Whose time the slow requests are: of the condition's percentile, or of the next one that was taken apart, in the
    step that takes longest."""
    asked = [of.quantile for of in keep if of.kind == "latency"]
    tails = [
        tail
        for step in phase.steps
        if (tail := next((part for name in (*asked, "p99", "p90", "mean") if (part := step.attribution(name))), None))
    ]
    return max(tails, key=lambda tail: tail.value, default=None)
