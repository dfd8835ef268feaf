"""What the measurement of a capacity would send, about, and what that would cost."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.engine.plan import Plan
from loadgen.experiment.capacity.plan import SEARCH, takes, variants_of
from loadgen.profile.load import Loaded
from loadgen.profile.model import Phase, Profile
from loadgen.result.capacity import CapacityPlan, CapacityPreview
from loadgen.runner.table.cost import Cost

OF_SEARCH = 0.6  # of the capacity: the rates of a search, on the average


def preview(loaded: Loaded, plan: CapacityPlan) -> CapacityPreview:
    """The measured steps are at about the capacity, half of the search is below it."""
    each = [_requests(profile) for profile in variants_of(loaded).values()]
    measured = plan.steps * (plan.step_s + plan.lead_in_s)
    searched = SEARCH * (plan.search_s + plan.lead_in_s)
    most = None if plan.max_rate is None else round((measured + searched) * plan.max_rate * sum(each))
    return CapacityPreview(
        name=loaded.profile.name,
        target=loaded.profile.target.url,
        plan=plan,
        seconds=round(len(each) * takes(plan.steps, plan.step_s), 1),
        runs=len(each) * (plan.steps + SEARCH),
        requests_each=round((measured + OF_SEARCH * searched) * sum(each), 1),
        requests_at_most=most,
        usd_at_most=_total([_usd(profile, plan, measured + searched) for profile in variants_of(loaded).values()]),
    )


def _requests(profile: Profile) -> float:
    """The requests of an iteration, about."""
    weights = [float(scenario.weight) for scenario in profile.scenarios]
    return sum(len(of.steps) * weight for of, weight in zip(profile.scenarios, weights, strict=True)) / sum(weights)


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _usd(profile: Profile, plan: CapacityPlan, seconds: float) -> float | None:
    if not profile.target.dynamodb or plan.max_rate is None:
        return None
    whole = Phase.model_validate({"name": "whole", "rate": f"{plan.max_rate:.15g}/s", "for": f"{seconds:.0f}s"})
    load = profile.model_copy(update={"load": (whole,), "thresholds": {}, "experiment": None})
    return Cost(load, Plan.of(load)).plan().total.usd
