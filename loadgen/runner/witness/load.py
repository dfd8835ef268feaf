"""The load of a witness: one in `EACH` of the workers', at random, beside them in every phase.

It is a Poisson stream of its own, whatever the workers' arrivals are: who comes at random sees what a target is like on
average over time (Wolff 1982, "Poisson arrivals see time averages"), and given what the target did, each of its
exchanges is an independent draw of that.

In a closed phase it is one more user, with the same think time. A witness at random would see something else than the
users do, whose pace is the target's own: in a stall of a second they wait once each, it would a hundred times. One more
user is one of theirs.

A phase whose end the plan does not tell goes on until the workers have come to theirs. One in which all are due at once
it sits out: how long a request waits depends on its place among the others, and a few of the first tell nothing of it.
"""

from __future__ import annotations

import math
from fractions import Fraction

from loadgen.engine.plan import PhaseRun, Plan
from loadgen.errors import PlanError
from loadgen.profile.model import Phase, Profile
from loadgen.profile.units import format_rate
from loadgen.workload.draws import stream_of

EACH = 53  # 1.9 %; a prime, so that of rows and keys that come in turn it takes others each time around
FIRST = 10**12  # what its {{seq}} begin with, so that it writes none of the workers' items
_WITNESS = 11  # what a stream of the seed is for


def witness_load(profile: Profile) -> Profile:
    """The profile as the witness carries it out. Raises PlanError where there is nothing for it to see."""
    plan = Plan.of(profile)
    if not any(watched(run) for run in plan.runs):
        raise PlanError(
            "--witness: every measured phase is at-once, and how long each of those requests waits depends on its "
            "place among the others, which a witness does not have. Leave --witness out, or use a phase with rate"
        )
    highest = max((phase.rate.highest for phase in profile.load if phase.rate), default=0.0)
    if profile.max_rate and highest * (1 + 1 / EACH) > profile.max_rate:
        more = format_rate(math.ceil(highest * (1 + 1 / EACH)))
        raise PlanError(
            f"--witness: it adds 1/{EACH} to {format_rate(highest)}, which is more than max_rate allows, "
            f"{format_rate(profile.max_rate)}. Raise max_rate to {more}, or lower the rate"
        )
    seed = int(stream_of((profile.seed, _WITNESS)).integers(2**62))
    return profile.model_copy(
        update={"load": witness_phases(profile.load), "beside": (), "seed": seed, "thresholds": {}, "max_rate": None}
    )


def witness_plan(plan: Plan, seed: int) -> Plan:
    """The plan of a witness of `seed` beside workers who follow `plan`."""
    return Plan(witness_phases(plan.load), plan.cycles, seed, plan.steps, plan.longest, plan.metrics)


def witness_phases(load: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """The phases of a witness, each as long as the workers'."""
    return tuple(_witness_phase(phase) for phase in load)


def _witness_phase(phase: Phase) -> Phase:
    if not phase.rate:
        ends = phase.duration if phase.iterations is None else None
        load = {"users": 1} if phase.users else {"at_once": 0}
        return phase.model_copy(update={**load, "iterations": None, "duration": ends})
    ours = {"rate": phase.rate.scaled(Fraction(1, EACH)), "arrivals": "poisson"}
    return phase.model_copy(update={**ours, "duration": phase.length, "iterations": None})


def watched(run: PhaseRun) -> bool:
    """Whether the witness has figures of its own of it."""
    return run.measured and run.phase.kind != "at-once"


def judged(run: PhaseRun) -> bool:
    """Whether they must agree with the workers'. Evenly spaced arrivals see less of a queue than those at random."""
    return watched(run) and (run.phase.closed or run.phase.arrivals == "poisson")
