"""How a capacity is measured: how many steps, and how long each is, so that all of it takes about as long as asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from loadgen.clock import SECOND
from loadgen.errors import ProfileError
from loadgen.profile.capacity import NoCondition
from loadgen.profile.capacity import conditions as parsed
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile, Threshold
from loadgen.profile.units import format_duration
from loadgen.result.capacity import CapacityPlan
from loadgen.runner.table.cost import billed

FOR = 8 * 60 * SECOND
STEPS = (18, 30)  # that are measured: at least, and at most
LONG = 8.0  # s: steps are longer before there are more of them
SHORTEST = 0.5
# A queue that grows by a tenth of the time breaks a limit on the latency after ten times that limit: a shorter step
# would take a rate for kept that is more than 10 % above what the target can do.
LIMITS = 10
SEARCH = 9  # steps of a search, about: eight doublings and halves from 10/s to some hundreds a second
BETWEEN = 1.2  # s from a step's end to the next one's beginning
LEAD_IN = (0.25, 0.2, 3.0)  # s at least; of the measured time; s at most
SEARCHED = (0.5, 0.4, 6.0)  # likewise, the measured time of a step of the search
FIRST = 10.0  # requests a second, where the profile has no rate


def conditions(texts: Sequence[str]) -> tuple[Threshold, ...]:
    """The conditions of `--keep`, each of which may hold several, separated by commas. Raises ProfileError."""
    try:
        return parsed(texts)
    except NoCondition as error:
        raise ProfileError(error.problem, file="--keep", remedy=error.remedy) from None


def allowed(of: Threshold) -> float:
    """The share of requests that may be beyond the condition's limit."""
    return of.value if of.kind == "errors" else round(1 - (of.fraction or 0.0), 12)


def plan_of(
    loaded: Loaded,
    keep: Sequence[Threshold] = (),
    lasts: int | None = None,
    max_rate: float | None = None,
    first: float | None = None,
) -> CapacityPlan:
    """The plan of a measurement that takes about `lasts` ns. What is not given is the profile's, or the default. Raises
    ProfileError for what is too short, or goes with no profile."""
    profile, own = loaded.profile, loaded.profile.capacity
    if own:
        keep, lasts = keep or own.keep.conditions, lasts or own.duration
        max_rate, first = max_rate or own.max_rate, first or own.first
    each = variants_of(loaded)
    keep, lasts = keep or conditions(()), lasts or FOR * len(each)
    shortest = max([SHORTEST, *(LIMITS * of.value / SECOND for of in keep if of.kind != "errors")])
    steps, step_s = _divided(lasts / SECOND, shortest, len(each))
    first = first or _first(profile)
    most = max_rate or profile.max_rate
    return CapacityPlan(
        keep=tuple(of.text for of in keep),
        first_rate=min(first, most) if most else first,
        max_rate=most,
        for_s=lasts / SECOND,
        steps=steps,
        step_s=step_s,
        lead_in_s=lead_in(step_s),
        search_s=search(step_s),
        seed=profile.seed,
        thresholds=tuple(of.text for of in own.thresholds) if own else (),
        variants=tuple(each) if profile.experiment else (),
    )


def variants_of(loaded: Loaded) -> dict[str, Profile]:
    """The profile of each variant, the baseline's first; without an experiment that of the profile, without a name.
    Raises ProfileError for variants that a capacity cannot tell apart, or that are not measured alike."""
    experiment = loaded.profile.experiment
    if not experiment:
        return {"": loaded.profile}
    each = {variant.name: variant.profile for variant in loaded.variants}
    for name, profile in each.items():
        if profile.capacity != loaded.profile.capacity:
            problem = f"variant {name} has a capacity of its own, and they would not be compared"
            raise ProfileError(problem, file=loaded.source, key="capacity", remedy="Leave it out of the variant")
    for (name, profile), (other, again) in combinations(each.items(), 2):
        if profile.load != again.load and _without_load(profile) == _without_load(again):
            problem = f"variants {name} and {other} differ in their load only, which a capacity does not use"
            raise ProfileError(problem, file=loaded.source, key="experiment", remedy="Leave one of them out")
    baseline = experiment.baseline or next(iter(each))
    return {baseline: each[baseline], **each}


def _without_load(profile: Profile) -> Profile:
    return profile.model_copy(update={"load": (), "experiment": None, "thresholds": {}})


def _divided(seconds: float, shortest: float, variants: int) -> tuple[int, float]:
    """How many steps each variant has, and how long each is, in seconds: at least `shortest`."""
    least, most = STEPS
    for steps in range(most, least - 1, -1):
        long_ones = variants * takes(steps, max(LONG, shortest))
        if long_ones <= seconds or (steps == least and variants * takes(steps, shortest) <= seconds):
            low, high = shortest, max(600.0, shortest)
            for _ in range(40):
                middle = (low + high) / 2
                low, high = (middle, high) if variants * takes(steps, middle) <= seconds else (low, middle)
            return steps, float(f"{low:.2g}" if low < 10 else f"{low:.0f}")
    raise ProfileError(
        f"{format_duration(round(seconds * SECOND))} is too short for {variants * least} steps of {shortest:g} s",
        file="--for",
        remedy=f"Allow {format_duration(math.ceil(variants * takes(least, shortest)) * SECOND)} or more",
    )  # fmt: skip


def takes(steps: int, step_s: float) -> float:
    """How long all of it takes for one variant, in seconds, about."""
    return steps * (step_s + lead_in(step_s) + BETWEEN) + SEARCH * (search(step_s) + lead_in(step_s) + BETWEEN)


def lead_in(step_s: float) -> float:
    return _part(step_s, LEAD_IN)


def search(step_s: float) -> float:
    return _part(step_s, SEARCHED)


def _part(step_s: float, of: tuple[float, float, float]) -> float:
    least, share, most = of
    return round(min(most, max(least, share * step_s)), 2)


def _first(profile: Profile) -> float:
    """The rate of the profile's first measured phase that has one."""
    rates = [phase.rate for phase in profile.measured if phase.rate]
    return rates[0].highest if rates else FIRST


def bounded(profile: Profile, plan: CapacityPlan, loopback: bool) -> None:
    """Raises ProfileError for a load that somebody else has to bear or to pay, and that nothing bounds."""
    if profile.target.service and billed(profile.target.host) and profile.max_cost is None:
        raise ProfileError("a capacity on AWS needs max_cost", key="max_cost", remedy="Set it: --set 'max_cost=$1.50'")
    if not loopback and plan.max_rate is None:
        problem = "the target is not on this machine, and nothing bounds the rate"
        raise ProfileError(problem, file="--max-rate", remedy="Give the highest rate that you may send: 500/s")
