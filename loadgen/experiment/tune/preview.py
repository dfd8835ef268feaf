"""What the tuning of a function would do, and what that would cost."""

from __future__ import annotations

from loadgen.clock import MILLISECOND
from loadgen.experiment.tune.plan import visits_of
from loadgen.profile.load import Loaded
from loadgen.result.tune import TunePlan, TunePreview
from loadgen.runner.function.cells import permissions_of
from loadgen.runner.function.cost import price_for, prices_of, provisioned_usd

MOST_MB = 10240  # of a version whose memory is not known before
HELD_S = 900.0  # s that provisioned environments are taken to be there for a visit, at the most


def preview(loaded: Loaded, plan: TunePlan) -> TunePreview:
    """An iteration counts with all steps of its longest scenario, and each call as long as the client waits for it."""
    profile, function = loaded.profile, loaded.profile.target.function
    assert function
    steps = max(len(scenario.steps) for scenario in profile.scenarios)
    every = [step.timeout or profile.timeout for scenario in profile.scenarios for step in scenario.steps]
    each_ms = max(every) / MILLISECOND
    price, calls = price_for(function), plan.each * steps
    visits = visits_of(plan)
    held = sum(provisioned_usd(price, visit.cell, HELD_S) or 0.0 for visit in visits)
    return TunePreview(
        name=profile.name,
        target=profile.target.url,
        plan=plan,
        requests=calls * len(visits),
        usd_at_most=round(
            held + sum(price.calls(visit.memory or MOST_MB, calls * each_ms, calls) for visit in visits), 4
        ),
        prices=prices_of(function, price),
        each_ms=each_ms,
        permissions=permissions_of(plan),
    )
