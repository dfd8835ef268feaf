"""What is asked of `loadgen tune`, the visits of it, and the profile of each."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from loadgen.errors import ProfileError
from loadgen.experiment.order import order, seed_of
from loadgen.profile.capacity import NoCondition, conditions
from loadgen.profile.document import Way
from loadgen.profile.function import Function, function_name, region_in
from loadgen.profile.load import Loaded, from_data, named_after
from loadgen.profile.model import Phase, Threshold
from loadgen.profile.units import quoted
from loadgen.result.tune import Start, TuneCell, TunePlan

BOUNDS = (128, 10240)  # MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
FEWEST = 5  # calls of a size, as Power Tuning has it
MOST_CELLS, MOST_ROUNDS = 64, 100
MOST_PROVISIONED = 10_000
CALLS, ROUNDS = 200, 4  # a p99 takes 100 warm calls at least
PHASE = "calls"
LATEST = "$LATEST"
VISITS = "visits"


@dataclass(frozen=True, slots=True)
class Matrix:
    """What is measured besides memory sizes: how environments start, with how many provisioned ones; versions and
    aliases that are there; other functions."""

    starts: tuple[tuple[Start, int], ...] = (("on-demand", 0),)
    qualifiers: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


NOTHING_MORE = Matrix()


@dataclass(frozen=True, slots=True)
class Visit:
    """A turn of a cell: its number, from 1, and its round, from 1."""

    number: int
    round: int
    cell: TuneCell

    @property
    def memory(self) -> int:
        return self.cell.memory

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
    if len(sizes) > MOST_CELLS:
        raise ProfileError(f"takes up to {MOST_CELLS} sizes, and these are {len(sizes)}", file="--memory")
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
    matrix: Matrix = NOTHING_MORE,
) -> TunePlan:
    """Raises ProfileError for a profile whose target cannot be tuned, for conditions that go with no size, and for
    cells that AWS does not allow."""
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
        raise ProfileError(
            problem, file=loaded.source, key="target.lambda.qualifier", remedy="Leave it out, and use --qualifier"
        )
    if function.force_cold:
        problem = "each visit begins with a cold start; force_cold goes with run"
        raise ProfileError(problem, file=loaded.source, key="target.lambda.force_cold", remedy="Leave it out")
    if not function.log_tail:
        problem = "without the log there is no REPORT, which tells what is billed"
        raise ProfileError(problem, file=loaded.source, key="target.lambda.log_tail", remedy="Leave it out")
    for other in matrix.also:
        _check_other(other, function)
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
        cells=cells_of(function.name, sizes, matrix),
    )


def _check_other(name: str, function: Function) -> None:
    """Another function must be one, in the same region. Raises ProfileError."""
    try:
        own = region_in(function_name(name))
    except ValueError as error:
        raise ProfileError(str(error), file="--also") from None
    if own not in (None, function.signing_region) and not function.endpoint:
        raise ProfileError(
            f"it is in {own}, and {function.name} in {function.signing_region}", file="--also",
            remedy="Compare functions of one region",
        )  # fmt: skip


def starts_of(text: str) -> tuple[tuple[Start, int], ...]:
    """`on-demand,snapstart,provisioned=5`: each with its number of environments. Raises ProfileError."""
    starts: list[tuple[Start, int]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        if "+" in part:
            raise ProfileError("AWS does not allow SnapStart with provisioned concurrency", file="--start")
        name, given, number = part.partition("=")
        if name == "provisioned" and number.isdecimal() and 1 <= int(number) <= MOST_PROVISIONED:
            starts.append(("provisioned", int(number)))
        elif name in ("on-demand", "snapstart") and not given:
            starts.append(("snapstart" if name == "snapstart" else "on-demand", 0))
        else:
            remedy = "Use on-demand, snapstart, or provisioned=5"
            raise ProfileError(f"{quoted(part)} is no way to start", file="--start", remedy=remedy)
    if not starts:
        raise ProfileError("names nothing", file="--start", remedy="Use on-demand, snapstart, or provisioned=5")
    return tuple(dict.fromkeys(starts))


def qualifiers_of(text: str, starts: Sequence[tuple[Start, int]]) -> tuple[str, ...]:
    """`live,7`. Raises ProfileError for what is none, and for starts that do not go with them."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if wrong := [of for of in names if not re.fullmatch(r"\$LATEST|[A-Za-z0-9_-]{1,128}", of)]:
        raise ProfileError(f"{quoted(wrong[0])} is not a version or an alias", file="--qualifier")
    for start, _ in starts:
        if start == "snapstart" and names:
            problem = f"{names[0]} keeps what it was published with"
            raise ProfileError(problem, file="--qualifier", remedy="Use --memory with --start snapstart")
        if start == "provisioned" and LATEST in names:
            raise ProfileError("AWS allows provisioned concurrency on versions and aliases only", file="--qualifier")
    return names


def cells_of(function: str, sizes: Sequence[int], matrix: Matrix) -> tuple[TuneCell, ...]:
    """All combinations; none if there is nothing more than memory sizes. Raises ProfileError if that is too few, or too
    many."""
    functions = tuple(dict.fromkeys((function, *matrix.also)))
    number = len(functions) * len(matrix.starts) * (len(sizes) + len(matrix.qualifiers))
    if not 2 <= number <= MOST_CELLS:
        are = f"and {'this is' if number == 1 else 'these are'} {number}"
        if matrix == NOTHING_MORE:
            problem = f"takes 2 to {MOST_CELLS} sizes, {are}"
            raise ProfileError(problem, file="--memory", remedy="Use for example 512,1024")
        remedy = f"{'Add to' if number < 2 else 'Shorten'} --memory, --start, --qualifier or --also"
        raise ProfileError(f"takes 2 to {MOST_CELLS} cells, {are}", file="--memory", remedy=remedy)
    if matrix == NOTHING_MORE:
        return ()
    return tuple(
        TuneCell(of, memory, _name(of if len(functions) > 1 else "", memory, qualifier, start, number),
                 qualifier, start, number)
        for of in functions
        for memory, qualifier in (*((size, None) for size in sizes), *((0, name) for name in matrix.qualifiers))
        for start, number in matrix.starts
    )  # fmt: skip


def _name(function: str, memory: int, qualifier: str | None, start: Start, number: int) -> str:
    begins = "" if start == "on-demand" else f"{start}={number}" if number else start
    short = function.rpartition(":")[2]
    return " ".join(filter(None, (short, qualifier or f"{memory} MB", begins)))


def conditions_of(texts: Sequence[str]) -> tuple[Threshold, ...]:
    """The conditions of --keep, each text of which may hold several; none without one. Raises ProfileError."""
    if not texts:
        return ()
    try:
        return conditions(texts)
    except NoCondition as error:
        raise ProfileError(error.problem, file="--keep", remedy=error.remedy) from None


def visits_of(plan: TunePlan) -> tuple[Visit, ...]:
    """All visits, in their order. In each round every cell has its turn once, in an order that is drawn and balanced
    (`order`), so that what drifts meanwhile does so for all of them."""
    cells = plan.every_cell
    turns = [(number, cells[at]) for number in range(1, plan.rounds + 1) for at in order(plan.seed, number, len(cells))]
    return tuple(Visit(at, number, cell) for at, (number, cell) in enumerate(turns, 1))


def calling(loaded: Loaded, function: str, qualifier: str | None = None) -> Loaded:
    """The profile with another function, or another version of it, as its target."""
    target = loaded.profile.target
    assert target.function
    called = target.function.model_copy(update={"name": function, "qualifier": qualifier})
    changed = target.model_copy(update={"function": called})
    return replace(loaded, profile=loaded.profile.model_copy(update={"target": changed}))


def profile_of(loaded: Loaded, plan: TunePlan, visit: Visit, qualifier: str | None = None) -> Loaded:
    """The profile of a visit's run: the work of the profile, and the load of the plan. The visits of a round have the
    same arrivals and payloads. `qualifier` is what the visit's cell is called by."""
    if visit.cell.name:
        loaded = calling(loaded, visit.cell.function, qualifier)
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
