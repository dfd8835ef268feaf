"""What is asked of `loadgen tune`, the visits of it, and the profile of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from loadgen.errors import ProfileError
from loadgen.experiment.order import order, seed_of
from loadgen.profile.capacity import NoCondition, conditions
from loadgen.profile.document import Way
from loadgen.profile.load import Loaded, from_data, named_after
from loadgen.profile.model import Phase, Threshold
from loadgen.result.tune import TunePlan

BOUNDS = (128, 10240)  # MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
FEWEST = 5  # calls of a size, as Power Tuning has it
MOST_SIZES, MOST_ROUNDS = 64, 100
CALLS, ROUNDS = 200, 4  # a p99 takes 100 warm calls at least
PHASE = "calls"
LATEST = "$LATEST"
VISITS = "visits"


@dataclass(frozen=True, slots=True)
class Visit:
    """A turn of a size: its number, from 1, its round, from 1, and the memory in MB."""

    number: int
    round: int
    memory: int

    @property
    def folder(self) -> str:
        """The folder of its run, below that of the whole."""
        return f"{VISITS}/{self.number:03d}"


def sizes_of(text: str) -> tuple[int, ...]:
    """`128,512,1024`. Raises ProfileError."""
    parts = [part.strip().removesuffix("MB").strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and BOUNDS[0] <= int(part) <= BOUNDS[1] for part in parts if part):
        low, high = BOUNDS
        raise ProfileError(f"expected sizes from {low} to {high} MB, as in 128,512,1769", file="--memory")
    sizes = tuple(sorted({int(part) for part in parts}))
    if not 2 <= len(sizes) <= MOST_SIZES:
        raise ProfileError(f"takes 2 to {MOST_SIZES} sizes, and these are {len(sizes)}", file="--memory")
    return sizes


def loaded_of(
    function: str, region: str | None, endpoint: str | None, payload: str | None, sets: Sequence[str] = ()
) -> Loaded:
    """The profile of a function that is named by itself. `payload` is JSON. Raises ProfileError."""
    try:
        event = {} if payload is None else {"payload": json.loads(payload)}
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"is not JSON: {error}", file="--payload") from None
    target: dict[str, Any] = {"function": function}
    target |= {key: value for key, value in (("region", region), ("endpoint", endpoint)) if value is not None}
    data = {
        "name": named_after(function.rpartition(":")[2]),
        "target": {"lambda": target},
        "load": [{"name": PHASE, "users": 1, "iterations": CALLS}],
        "scenarios": [{"name": "call", "steps": [{"name": "call", "Invoke": event}]}],
    }
    places: dict[Way, str] = {
        ("target", "lambda"): "FUNCTION",
        ("target", "lambda", "function"): "FUNCTION",
        ("target", "lambda", "region"): "--region",
        ("target", "lambda", "endpoint"): "--endpoint",
        ("scenarios", 0, "steps", 0, "Invoke", "payload"): "--payload",
    }
    return from_data(data, function, places, sets=sets)


def plan_of(
    loaded: Loaded,
    sizes: Sequence[int],
    calls: int = CALLS,
    rounds: int = ROUNDS,
    rate: float | None = None,
    keep: Sequence[str] = (),
    max_usd: float | None = None,
) -> TunePlan:
    """Raises ProfileError for a profile whose target cannot be tuned, or for conditions that go with no size."""
    profile = loaded.profile
    function = profile.target.function
    if function is None:
        raise ProfileError(
            "its target is no Lambda function", file=loaded.source, remedy="Use target: {lambda: {function: NAME}}"
        )
    if profile.experiment:
        raise ProfileError("its experiment goes with run", file=loaded.source, remedy="Leave it out")
    if function.qualifier not in (None, LATEST):
        problem = f"{function.qualifier} keeps the memory that it was published with"
        raise ProfileError(problem, file=loaded.source, key="target.lambda.qualifier", remedy="Leave it out")
    if function.force_cold:
        problem = "each visit begins with a cold start; force_cold goes with run"
        raise ProfileError(problem, file=loaded.source, key="target.lambda.force_cold", remedy="Leave it out")
    if not function.log_tail:
        problem = "without the log there is no REPORT, which tells what is billed"
        raise ProfileError(problem, file=loaded.source, key="target.lambda.log_tail", remedy="Leave it out")
    steps = [step for scenario in profile.scenarios for step in scenario.steps]
    if not all(step.reports for step in steps):
        problem = "a step does not wait for the function, and gets no REPORT"
        raise ProfileError(problem, file=loaded.source, remedy="Use type: request")
    return TunePlan(
        function=function.name,
        sizes=tuple(sizes),
        calls=calls,
        rounds=min(rounds, calls),
        rate=rate,
        keep=tuple(of.text for of in conditions_of(keep)),
        seed=profile.seed,
        max_usd=profile.max_cost if max_usd is None else max_usd,
    )


def conditions_of(texts: Sequence[str]) -> tuple[Threshold, ...]:
    """The conditions of --keep, each text of which may hold several; none without one. Raises ProfileError."""
    if not texts:
        return ()
    try:
        return conditions(texts)
    except NoCondition as error:
        raise ProfileError(error.problem, file="--keep", remedy=error.remedy) from None


def visits_of(plan: TunePlan) -> tuple[Visit, ...]:
    """All visits, in their order. In each round every size has its turn once, in an order that is drawn and balanced
    (`order`), so that what drifts meanwhile does so for all of them."""
    sizes = plan.sizes
    turns = [(number, sizes[at]) for number in range(1, plan.rounds + 1) for at in order(plan.seed, number, len(sizes))]
    return tuple(Visit(at, number, memory) for at, (number, memory) in enumerate(turns, 1))


def profile_of(loaded: Loaded, plan: TunePlan, visit: Visit) -> Loaded:
    """The profile of a visit's run: the work of the profile, and the load of the plan. The visits of a round have the
    same arrivals and payloads."""
    profile = loaded.profile
    offer = {"users": 1} if plan.rate is None else {"rate": f"{plan.rate:.15g}/s"}
    phase = Phase.model_validate({"name": PHASE, "iterations": plan.each, **offer})
    scenarios = tuple(scenario.model_copy(update={"split_by": ()}) for scenario in profile.scenarios)
    changed = {
        "load": (phase,),
        "cycles": 1,
        "thresholds": {},
        "capacity": None,
        "max_cost": None,  # it is that of all visits together
        "scenarios": scenarios,
        "seed": seed_of(plan.seed, visit.round),
    }
    return replace(loaded, profile=profile.model_copy(update=changed), variants=())
