"""What the measurement of a capacity would send, about, and what that would cost."""

from __future__ import annotations

from loadgen.engine.plan import Plan
from loadgen.experiment.capacity.plan import SEARCH, takes
from loadgen.profile.load import Loaded
from loadgen.profile.model import Phase
from loadgen.result.capacity import CapacityPlan, CapacityPreview
from loadgen.runner.table.cost import Cost

OF_SEARCH = 0.6  # of the capacity: the rates of a search, on the average


def preview(loaded: Loaded, plan: CapacityPlan) -> CapacityPreview:
    """The measured steps are at about the capacity, half of the search is below it."""
    profile = loaded.profile
    measured = plan.steps * (plan.step_s + plan.lead_in_s)
    searched = SEARCH * (plan.search_s + plan.lead_in_s)
    each = sum(len(scenario.steps) * float(scenario.weight) for scenario in profile.scenarios)
    each /= sum(float(scenario.weight) for scenario in profile.scenarios)
    most = None if plan.max_rate is None else round((measured + searched) * plan.max_rate * each)
    return CapacityPreview(
        name=profile.name,
        target=profile.target.url,
        plan=plan,
        seconds=round(takes(plan.steps, plan.step_s), 1),
        runs=plan.steps + SEARCH,
        requests_each=round((measured + OF_SEARCH * searched) * each, 1),
        requests_at_most=most,
        usd_at_most=_usd(loaded, plan, measured + searched),
    )


def _usd(loaded: Loaded, plan: CapacityPlan, seconds: float) -> float | None:
    profile = loaded.profile
    if not profile.target.dynamodb or plan.max_rate is None:
        return None
    whole = Phase.model_validate({"name": "whole", "rate": f"{plan.max_rate:.15g}/s", "for": f"{seconds:.0f}s"})
    load = profile.model_copy(update={"load": (whole,), "thresholds": {}})
    return Cost(load, Plan.of(load)).plan().total.usd
