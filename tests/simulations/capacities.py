"""Targets in virtual time whose capacity is known: queues with several servers, a throttle, a cap on connections, and a
machine that is too slow; and the measurement of their capacity, step by step, as `loadgen capacity` makes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cache
from heapq import heapreplace

import numpy as np
from numpy.typing import NDArray
from streams import Floats, Random, arrivals, random, solved

from loadgen.experiment.capacity.course import Next, next_step
from loadgen.experiment.capacity.judgement import capacity_of
from loadgen.experiment.capacity.steps import above
from loadgen.result.capacity import CapacityPlan, CapacityStep, HighestRate, StepCondition
from loadgen.result.run import Attribution
from loadgen.stats.settling import settling

ERRORS = 0.001  # of the requests may be refused, if a server says nothing else


@dataclass(frozen=True)
class Server:
    """`servers` that take an exponential time of `service` s for a request, in the order in which they come.

    `throttle`: it refuses what is above that rate, with a bucket of `burst`; `errors` is the share that may be
    refused. `limited_by`: whose the time of the slow
    requests is, and what is to be named.
    """

    name: str
    servers: int
    service: float
    limit: float  # s: of the percentile
    quantile: float = 0.99
    throttle: float | None = None
    burst: float = 5.0
    errors: float = ERRORS
    limited_by: str = "limit_target"

    @property
    def keep(self) -> tuple[str, ...]:
        return f"p{100 * self.quantile:g} < {1e3 * self.limit:g}ms", f"errors < {100 * self.errors:g}%"

    @property
    def capacity(self) -> float:
        """The rate at which the share of requests beyond the limit is what the percentile allows; or at which the
        throttle refuses what the errors may be."""
        most = self.servers / self.service
        queue = solved(lambda rate: self.beyond(min(rate, most)), 1 - self.quantile)
        return min(queue, _lets_in(self) if self.throttle else math.inf)

    def beyond(self, rate: float) -> float:
        """The share of requests that take longer than the limit, in the long run: Erlang's C and the sum of an
        exponential wait and an exponential service."""
        served, free = 1 / self.service, self.servers / self.service - rate
        if free <= 0:
            return 1.0
        load = rate * self.service
        terms = [load**k / math.factorial(k) for k in range(self.servers)]
        last = load**self.servers / math.factorial(self.servers) * self.servers / (self.servers - load)
        waits = last / (sum(terms) + last)
        of_service, of_wait = math.exp(-served * self.limit), math.exp(-free * self.limit)
        if math.isclose(free, served):
            return (1 - waits) * of_service + waits * (1 + served * self.limit) * of_service
        return (1 - waits) * of_service + waits * (free * of_service - served * of_wait) / (free - served)


@dataclass(frozen=True)
class Drawn:
    """The measured part of a step: what came in each bin, and how many were in flight at its beginning and end."""

    counts: Floats
    totals: Floats  # ns
    beyond: int
    refused: int
    grown: int
    value_ms: float  # the percentile


def draw(dice: Random, server: Server, rate: float, lead: float, lasts: float) -> Drawn:
    """A step of that many seconds at this rate, from an idle target, with a lead-in."""
    due = arrivals(dice, rate, lead + lasts)
    taken = _let_in(due, server) if server.throttle else np.ones(len(due), bool)
    mine, free = due[taken], [0.0] * server.servers
    done = np.empty(len(mine))
    for at, (now, service) in enumerate(zip(mine.tolist(), dice.exponential(server.service, len(mine)), strict=True)):
        done[at] = max(now, free[0]) + service
        heapreplace(free, done[at])
    measured, number = mine >= lead, max(20, int(lasts))
    edges = lead + lasts * np.arange(number + 1) / number
    took = done - mine
    return Drawn(
        counts=np.histogram(due, edges)[0],
        totals=np.histogram(mine, edges, weights=took * 1e9)[0],
        beyond=int((took[measured] > server.limit).sum()),
        refused=int((~taken[due >= lead]).sum()),
        value_ms=1e3 * float(np.quantile(took[measured], server.quantile)) if measured.any() else 0.0,
        grown=int((done >= lead + lasts).sum() - ((mine < lead) & (done >= lead)).sum()),
    )


def _let_in(due: Floats, server: Server) -> NDArray[np.bool_]:
    """Which of the arrivals a token bucket lets in."""
    assert server.throttle
    tokens, before, taken = server.burst, 0.0, np.ones(len(due), bool)
    for at, now in enumerate(due.tolist()):
        tokens, before = min(server.burst, tokens + (now - before) * server.throttle), now
        taken[at] = tokens >= 1
        tokens -= taken[at]
    return taken


@cache
def _lets_in(server: Server) -> float:
    """The rate at which the throttle refuses as many as `errors` allows, from one long stream: what a bucket refuses of
    arrivals at random has no simple formula."""
    assert server.throttle
    low, high = 0.2, 1.05
    for _ in range(9):
        middle = (low + high) / 2
        due = arrivals(random(72), middle * server.throttle, 1500)
        low, high = (middle, high) if 1 - _let_in(due, server).mean() < server.errors else (low, middle)
    return (low + high) / 2 * server.throttle


def facts(server: Server, plan: CapacityPlan, step: Next, drawn: Drawn) -> CapacityStep:
    """The step as the command would have it."""
    lasts = plan.step_s if step.stage == "measure" else plan.search_s
    count = int(drawn.counts.sum())
    grew = settling(drawn.counts.astype(int), drawn.totals, lasts / len(drawn.counts))
    unsettled = grew is not None and all(of.grew for of in grew)
    latency, errors = plan.keep
    return CapacityStep(
        number=step.number,
        stage=step.stage,
        rate=step.rate,
        completed=(count - drawn.refused - drawn.grown) / lasts,
        seconds=lasts,
        requests=count,
        failed=drawn.refused,
        conditions=(
            StepCondition(latency, "", count - drawn.refused, drawn.beyond, 1 - server.quantile, drawn.value_ms),
            StepCondition(errors, "", count, drawn.refused, server.errors, None),
        ),
        above=above(unsettled, count, drawn.grown, 0),
        failures={"throttled: 429": drawn.refused} if drawn.refused else {},
        tail=_tail(server, drawn.value_ms),
        unsent={},
        core=None,
        trust="VALID",
        folder="",
    )


def _tail(server: Server, value: float) -> Attribution:
    """Whose time the percentile is: beyond that of an idle target, most of it is of what sets the limit."""
    more = 0.8 * max(0.0, value + 1e3 * server.service * math.log(1 - server.quantile))
    wait, own = (more * (server.limited_by == code) for code in ("limit_connections", "limit_machine"))
    return Attribution(value, value - wait - own, 0.0, wait, 0.0, 0.0, own, False, 10)


@dataclass
class Measurement:
    """One measurement of a capacity, as far as it came."""

    plan: CapacityPlan
    steps: list[CapacityStep] = field(default_factory=list)

    @property
    def capacity(self) -> HighestRate:
        return capacity_of(self.plan, self.steps)

    @property
    def seconds(self) -> float:
        lead = self.plan.lead_in_s
        return sum(step.seconds + lead for step in self.steps)


def measured(server: Server, plan: CapacityPlan, seed: int) -> Measurement:
    """A measurement with that seed."""
    return of_variants({"": server}, plan, seed)


def of_variants(servers: dict[str, Server], plan: CapacityPlan, seed: int) -> Measurement:
    """A measurement of several targets, by the name of the variant that each is the target of."""
    made, dice = Measurement(replace(plan, seed=seed)), random(71, seed)
    while step := next_step(made.plan, made.steps):
        server, lasts = servers[step.variant], plan.step_s if step.stage == "measure" else plan.search_s
        drawn = draw(dice, server, step.rate, plan.lead_in_s, lasts)
        made.steps.append(replace(facts(server, plan, step, drawn), variant=step.variant))
    return made
