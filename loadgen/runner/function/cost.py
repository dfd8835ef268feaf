"""What a load on a Lambda function costs: estimated by one call before it, counted while it goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from loadgen.aws.lambda_prices import DATE, MB_PER_GB, MS_PER_S, OWN, SOURCE, LambdaPrice, lambda_price
from loadgen.clock import MILLISECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.profile.function import TO_INVOKE, Function
from loadgen.profile.model import Profile
from loadgen.record.ledger import INVOKED, OUTCOMES, Ledger
from loadgen.result.check import PlannedFunction
from loadgen.result.run import EstimatedCall, FunctionCost, LambdaPrices
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


def planned_function(profile: Profile, plan: Plan) -> PlannedFunction:
    """What a load takes, and what its requests cost. What their duration costs, no call has told yet."""
    function = profile.target.function
    assert function
    price, iterations = price_for(function), [run.planned(0, 1) for run in plan.runs]
    known = [of for of in iterations if of is not None]
    requests = round(sum(known) * sum(_shares(profile))) if len(known) == len(iterations) else None
    return PlannedFunction(
        permissions=(TO_INVOKE,),
        requests=requests,
        requests_usd=None if requests is None else round(price.requests(requests), 6),
        prices=prices_of(function, price),
        max_cost=profile.max_cost,
    )


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
        if set(known) != set(self._plan.steps):
            return
        ms = {step: math.ceil(of.handler / MILLISECOND) for step, of in known.items()}
        self._calls = {step: ms[step] * of.counts.memory for step, of in known.items()}
        shares = dict(zip(self._plan.steps, self._shares, strict=True))
        handler = sum(shares[step] * of.handler / MILLISECOND for step, of in known.items()) / sum(self._shares)
        memory = max(of.counts.memory for of in known.values())
        self.estimated = EstimatedCall(memory, round(handler, 3), self._planned())

    def refusal(self) -> str:
        """Why the plan is refused, and what would fit; empty if it is within `max_cost`, or if nobody knows."""
        limit, usd = self._profile.max_cost, self.estimated.usd if self.estimated else None
        return "" if limit is None or usd is None or usd <= limit else beyond_limit(usd, limit)

    def _planned(self) -> float | None:
        """US dollars for all phases; None if users set the pace of one."""
        iterations = [run.planned(0, 1) for run in self._plan.runs]
        if any(of is None for of in iterations):
            return None
        mb_ms = sum(share * self._calls[step] for share, step in zip(self._shares, self._plan.steps, strict=True))
        each = self._price.gb_ms(mb_ms) + self._price.requests(sum(self._shares))
        return each * sum(of for of in iterations if of)

    # while it goes on, and after

    def beyond(self, totals: Ledger) -> float | None:
        """What it has come to, in US dollars, if that is as much as the profile's `max_cost`."""
        limit = self._profile.max_cost
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
        steps = self._plan.steps
        wired = np.frombuffer(totals.wired, np.int64).reshape(-1, len(steps)).sum(axis=0)
        outcomes = np.frombuffer(totals.outcomes, np.int64).reshape(-1, len(steps), OUTCOMES).sum(axis=0)
        invoked = np.frombuffer(totals.invoked, np.int64).reshape(-1, len(steps), len(INVOKED)).sum(axis=0)
        reports, billed = (invoked[:, INVOKED.index(name)].tolist() for name in ("reports", "billed_memory"))
        sent = np.maximum(wired - outcomes[:, Outcome.THROTTLED], 0).tolist()
        mb_ms = 0.0
        for step, number, told, of in zip(steps, sent, reports, billed, strict=True):
            mean = of / told if told else self._calls.get(step, 0.0)
            mb_ms += of + mean * max(0, number - told)
        return _Counts(sum(sent), sum(reports), mb_ms)


class _Counts(NamedTuple):
    """The requests that are billed, the answers with a REPORT, and ms times MB of all."""

    sent: int
    reported: int
    mb_ms: float
