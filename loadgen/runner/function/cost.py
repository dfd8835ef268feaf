"""What a load on a Lambda function costs: estimated by one call before it, counted while it goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from loadgen.aws.gateway_prices import door_price, region_of
from loadgen.aws.lambda_prices import DATE, MB_PER_GB, MS_PER_S, OWN, S_PER_HOUR, SOURCE, LambdaPrice, lambda_price
from loadgen.clock import MILLISECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.profile.function import TO_INVOKE, Function
from loadgen.profile.model import Profile
from loadgen.record.ledger import INVOKED, OUTCOMES, Ledger
from loadgen.result.check import PlannedFunction
from loadgen.result.run import Door, EstimatedCall, FunctionCost, LambdaPrices
from loadgen.result.tune import TuneCell
from loadgen.runner.function.calls import PERMISSIONS
from loadgen.runner.probe import ProbedExchange
from loadgen.runner.table.cost import beyond_limit

ARCHITECTURE = "x86_64"  # answers do not tell it; arm64 costs less


def price_for(function: Function, architecture: str = ARCHITECTURE) -> LambdaPrice:
    """The price that the profile gives, or that of the function's region."""
    own, region = function.prices, function.signing_region
    if own is None:
        return lambda_price(region, architecture)
    provisioned = own.provisioned_gb_second, own.provisioned_call_gb_second
    return LambdaPrice(region, architecture, own.gb_second, own.million_requests, DATE, *provisioned)


def prices_of(function: Function, price: LambdaPrice) -> LambdaPrices:
    """The price as a result has it."""
    own = function.prices is not None
    return LambdaPrices(
        price.region, function.signing_region, price.architecture, price.gb_second, price.million_requests,
        "" if own else price.date, OWN if own else SOURCE, price.provisioned, price.provisioned_call,
    )  # fmt: skip


HELD_AT_LEAST = 300.0  # s, to whose multiples AWS rounds the time of provisioned concurrency up


def provisioned_usd(price: LambdaPrice, cell: TuneCell, seconds: float) -> float | None:
    """US dollars for the provisioned environments of a cell, which are there for so long; None if no price is known."""
    if not cell.provisioned:
        return 0.0
    if price.provisioned is None:
        return None
    held = math.ceil(max(seconds, 1.0) / HELD_AT_LEAST) * HELD_AT_LEAST
    return price.hour(cell.memory or 0, cell.provisioned) * held / S_PER_HOUR


def permissions_of(function: Function) -> tuple[str, ...]:
    """What a run needs on the function."""
    return PERMISSIONS if function.force_cold else (TO_INVOKE,)


def planned_function(profile: Profile, plan: Plan) -> PlannedFunction:
    """What a load takes, and what its requests cost. What their duration costs, no call has told yet."""
    function = profile.target.function
    assert function
    price, calls = price_for(function), _calls_of(profile, plan)
    requests = None if calls is None else round(sum(calls.values()))
    return PlannedFunction(
        permissions=permissions_of(function),
        force_cold=function.force_cold,
        requests=requests,
        requests_usd=None if requests is None else round(price.requests(requests), 6),
        prices=prices_of(function, price),
        max_cost=profile.max_cost,
    )


def door_of(profile: Profile) -> Door | None:
    """What stands before the function, with the prices; of another architecture requests cost the same."""
    kind = profile.target.door
    if kind is None:
        return None
    door, asked = door_price(kind), region_of(profile.target.host)
    behind = lambda_price(asked, ARCHITECTURE)
    return Door(door.kind, door.million, behind.million_requests, door.region, door.date, door.source, asked)


def million_usd(profile: Profile) -> float | None:
    """US dollars for a million calls of the function that is the target, or that stands behind it, without their
    duration; None if there is none."""
    if function := profile.target.function:
        return price_for(function).million_requests
    door = door_of(profile)
    return None if door is None else door.million_usd + door.requests_usd


def planned_calls(profile: Profile) -> int | None:
    """How many requests a run is to send, of the phases and beside them; None if only the run shows it."""
    calls = _calls_of(profile, Plan.of(profile))
    return None if calls is None else round(sum(calls.values()))


def _calls_of(profile: Profile, plan: Plan) -> dict[tuple[str, str], float] | None:
    """How many calls of each step are planned, of the phases and beside them; None if only the run shows it."""
    iterations, streams = [run.planned(0, 1) for run in plan.runs], plan.streams
    if None in iterations or (streams and plan.length is None):
        return None
    total = sum(of for of in iterations if of)
    calls = {step: share * total for step, share in zip(plan.steps, _shares(profile), strict=True)}
    beside = {step: groups.before(plan.length or 0) * groups.at_once for step, groups in streams.items()}
    return calls | beside


def _shares(profile: Profile) -> list[float]:
    """How many of each step an iteration sends, on average."""
    weights = sum(float(scenario.weight) for scenario in profile.scenarios)
    return [float(scenario.weight) / weights for scenario in profile.scenarios for _ in scenario.steps]


class Cost:
    """The cost of one plan."""

    def __init__(self, profile: Profile, plan: Plan, on_aws: bool) -> None:
        function = profile.target.function
        assert function
        self._profile, self._plan, self._on_aws = profile, plan, on_aws
        self._function, self._price = function, price_for(function)
        self._shares = _shares(profile)
        self._calls: dict[tuple[str, str], float] = {}  # MB times ms of a call, by scenario and step
        self.estimated: EstimatedCall | None = None

    # before

    def learn(self, probed: Sequence[ProbedExchange]) -> None:
        """Estimate by what one call of each step told. Of a cold start the handler counts alone: most calls of a load
        are warm. Nothing is estimated if a REPORT is missing."""
        told = {(of.scenario, of.step): of.exchange.invocation for of in probed}
        known = {step: of for step, of in told.items() if of and of.handler >= 0 and of.counts.memory}
        if set(known) != {*self._plan.steps, *self._plan.streams}:
            return
        ms = {step: math.ceil(of.handler / MILLISECOND) for step, of in known.items()}
        self._calls = {step: ms[step] * of.counts.memory for step, of in known.items()}
        shares = dict(zip(self._plan.steps, self._shares, strict=True))
        handler = sum(share * known[step].handler / MILLISECOND for step, share in shares.items()) / sum(self._shares)
        memory = max(of.counts.memory for of in known.values())
        self.estimated = EstimatedCall(memory, round(handler, 3), self._planned())

    def refusal(self) -> str:
        """Why the plan is refused, and what would fit; empty if it is within `max_cost`, or if nobody knows."""
        limit, usd = self._profile.max_cost, self.estimated.usd if self.estimated else None
        return "" if limit is None or usd is None or usd <= limit else beyond_limit(usd, limit)

    def _planned(self) -> float | None:
        """US dollars for all phases, and what goes on beside them; None if only the run shows how many calls there
        are."""
        calls = _calls_of(self._profile, self._plan)
        if calls is None:
            return None
        mb_ms = sum(number * self._calls[step] for step, number in calls.items())
        return self._price.gb_ms(mb_ms) + self._price.requests(sum(calls.values()))

    # while it goes on, and after

    def beyond(self, totals: Ledger, machines: int = 1) -> float | None:
        """What it has come to, in US dollars, if that is as much as the profile's `max_cost`; of several machines, as
        one's part of that."""
        limit = self._profile.max_cost and self._profile.max_cost / machines
        usd = self._usd(self._counts(totals)) if limit is not None else 0.0
        return usd if limit is not None and usd >= limit else None

    def result(self, totals: Ledger) -> FunctionCost:
        counts = self._counts(totals)
        return FunctionCost(
            usd=self._usd(counts),
            billed=self._on_aws,
            requests=counts.sent,
            reported=counts.reported,
            gb_seconds=round(counts.mb_ms / MB_PER_GB / MS_PER_S, 6),
            estimated=self.estimated,
            prices=prices_of(self._function, self._price),
            max_cost=self._profile.max_cost,
        )

    def _usd(self, counts: _Counts) -> float:
        return self._price.gb_ms(counts.mb_ms) + self._price.requests(counts.sent)

    def _counts(self, totals: Ledger) -> _Counts:
        """The requests on the wire, but for the throttled. Those that told nothing of their duration count with the
        mean of the others; where none did, with the estimate."""
        plan = self._plan
        cells = {name: np.array(getattr(totals, name).tolist()) for name in ("wired", "outcomes", "invoked")}
        throttled = cells["outcomes"].reshape(-1, OUTCOMES)[:, Outcome.THROTTLED]
        told = cells["invoked"].reshape(-1, len(INVOKED))
        sent, reports, mb_ms = 0, 0, 0.0
        for step, slots in plan.slots_by_step().items():
            number = max(0, int((cells["wired"] - throttled)[slots].sum()))
            reported, of = (int(told[slots, INVOKED.index(name)].sum()) for name in ("reports", "billed_memory"))
            mean = of / reported if reported else self._calls.get(step, 0.0)
            mb_ms += of + mean * max(0, number - reported)
            sent, reports = sent + number, reports + reported
        return _Counts(sent, reports, mb_ms)


class _Counts(NamedTuple):
    """The requests that are billed, the answers with a REPORT, and ms times MB of all."""

    sent: int
    reported: int
    mb_ms: float
