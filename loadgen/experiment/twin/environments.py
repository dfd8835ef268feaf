"""How many environments there may be, and when one that is idle ends: what makes the twin start cold as often as the
target of the run did. The arrivals are those of the run, so that only the pool is tried."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.profile.model import Profile
from loadgen.profile.sandbox import Environments, SandboxSettings
from loadgen.workload.scenarios import Workload

MOST = 1000  # environments: the concurrency that an AWS account has at first
CLOSE = 0.1  # of the cold starts: from here on the values are taken to be the same
SHORTEST = SECOND // 2  # that an idle environment is tried to live
TRIES = 12

Colds = Mapping[int, int]  # by run of a phase
Serve = Callable[[int, bytes, bytes], tuple[int, bool, bool]]
"""A function's answer to a request at an instant, by method and path: when it is ready, whether it was cold, and
whether it is a success."""
MakeServe = Callable[[SandboxSettings], Serve]


@dataclass(frozen=True, slots=True)
class Pooled:
    """The settings of the pool. `idle_low` and `idle_high` are the ends of what would do as well; None if idle cannot
    be told, and so is its default. `told_max`: the run shows the greatest number."""

    environments: Environments
    told_max: bool = False
    idle_low: int | None = None
    idle_high: int | None = None


def pooled(
    profile: Profile, plan: Plan, settings: SandboxSettings, colds: Colds, make: MakeServe, names: Sequence[bytes]
) -> Pooled:
    """The pool whose cold starts are those of the run, by run of a phase. `settings` have a pool as large as AWS's
    default and with the default idle time; `names` are the requests of the steps, as `GET /orders`."""
    pool = settings.environments
    assert pool
    if any(run.phase.kind != "open" for run in plan.runs):
        return Pooled(pool)

    def off(tried: Environments) -> tuple[float, int]:
        """How far off the cold starts are, as a share of all; and how many there are."""
        found = _cold_starts(profile, plan, make(settings.model_copy(update={"environments": tried})), settings, names)
        wrong = sum(abs(found[number] - colds.get(number, 0)) for number in {*found, *colds})
        return wrong / max(1, sum(colds.values())), found.total()

    total = sum(colds.values())
    apart, many = off(pool)
    if apart <= CLOSE:
        return Pooled(pool)
    if many > total * (1 + CLOSE):
        return _limited(pool, total, apart, off)
    return _ending(pool, plan, apart, off)


def _limited(pool: Environments, total: int, apart: float, off: Callable[[Environments], tuple[float, int]]) -> Pooled:
    """The greatest number of environments, if one gives as many cold starts as the run had."""
    low, high = 1, max(2, min(pool.max, 2 * total))
    best = (apart, pool)
    while low <= high:
        middle = (low + high) // 2
        tried = pool.model_copy(update={"max": middle})
        wrong, many = off(tried)
        best = min(best, (wrong, tried), key=lambda of: of[0])
        low, high = (middle + 1, high) if many < total else (low, middle - 1)
    return Pooled(best[1], told_max=best[1] is not pool)


def _ending(pool: Environments, plan: Plan, apart: float, off: Callable[[Environments], tuple[float, int]]) -> Pooled:
    """The idle time, if one gives as many cold starts as the run had."""
    longest = sum(run.duration or 0 for run in plan.runs)
    factor = (max(longest, 2 * SHORTEST) / SHORTEST) ** (1 / TRIES)
    tried = [(off(pool.model_copy(update={"idle": idle}))[0], idle) for idle in _rising(factor)]
    best = min(tried)[0]
    if best >= apart:
        return Pooled(pool)
    near = [idle for wrong, idle in tried if wrong <= best + CLOSE / 2]
    idle = round((near[0] * near[-1]) ** 0.5 / (SECOND // 10)) * (SECOND // 10)
    if off(pool.model_copy(update={"idle": idle}))[0] > best + CLOSE / 2:
        idle = min(tried)[1]
    return Pooled(pool.model_copy(update={"idle": idle}), idle_low=near[0], idle_high=near[-1])


def _rising(factor: float) -> list[int]:
    return [round(SHORTEST * factor**step / (SECOND // 10)) * (SECOND // 10) for step in range(TRIES)]


def _cold_starts(
    profile: Profile, plan: Plan, serve: Serve, settings: SandboxSettings, names: Sequence[bytes]
) -> Counter[int]:
    """How many requests of each run of a phase start cold, if each is sent when it is due or when the answer before it
    has come."""
    workload, turns = Workload(profile), count()
    found: Counter[int] = Counter()
    waiting: list[tuple[int, int, int, int, int]] = []  # (instant, turn, run, iteration, step of its scenario)
    arrivals = _arrivals(plan)
    following = next(arrivals, None)
    while following or waiting:
        if following and (not waiting or following[0] <= waiting[0][0]):
            (now, run, index), place = following, 0
            following = next(arrivals, None)
        else:
            now, _, run, index, place = heapq.heappop(waiting)
        steps = workload.scenario(index).steps
        method, _, path = names[steps[place].number].partition(b" ")
        ready, cold, answered = serve(now, method, path)
        found[run] += cold
        if answered and place + 1 < len(steps):
            think = steps[place + 1].think
            then = ready + settings.rtt + (think(index) if think else 0)
            heapq.heappush(waiting, (then, next(turns), run, index, place + 1))
    return found


def _arrivals(plan: Plan) -> Iterator[tuple[int, int, int]]:
    """(instant, run, iteration) of what arrives in the phases, one after the other."""
    start, index = 0, 0
    for run in plan.runs:
        for block in run.schedule().blocks():
            for due in block.tolist():
                yield start + due, run.number, index
                index += 1
        start += run.duration or 0
