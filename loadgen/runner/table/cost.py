"""What a load on a DynamoDB table costs: reckoned before it, counted while it goes on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loadgen.aws.prices import SOURCE, exact_dollars, price
from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import Outcome
from loadgen.profile.dynamodb import Throughput
from loadgen.profile.model import Profile
from loadgen.record.ledger import OUTCOMES, TALLY, Ledger
from loadgen.result import run as result
from loadgen.result.check import DrainCost, PhaseCost, PlannedCost, TotalCost, UnitsCost
from loadgen.runner.table.consumption import Estimate, Units


class Cost:
    """The cost of one plan. `provisioned`: the table is not billed by request, so that there are units alone."""

    def __init__(self, profile: Profile, plan: Plan) -> None:
        assert profile.target.dynamodb
        self._profile, self._plan = profile, plan
        self.region = profile.target.dynamodb.signing_region
        self.estimate = Estimate.of(profile)
        self.provisioned = bool(profile.setup and isinstance(profile.setup.capacity, Throughput))
        weights = sum(float(scenario.weight) for scenario in profile.scenarios)
        self._shares = [float(scenario.weight) / weights for scenario in profile.scenarios for _ in scenario.steps]
        of_steps = [units.times(share) for units, share in zip(self.estimate.steps, self._shares, strict=True)]
        self._iteration = _sum(of_steps)

    def usd(self, units: Units) -> float | None:
        """US dollars, None if the table is not billed by request."""
        return None if self.provisioned else price(self.region).cost(*units)

    def _prices(self) -> result.Prices:
        by = price(self.region)
        return result.Prices(by.region, by.read, by.write, SOURCE, by.date)

    # before

    def plan(self, made: bool = True) -> PlannedCost:
        """What the plan comes to, by phase and as a whole; `made`: `setup` makes and fills the table. What a phase's
        users will do is not known before, and None."""
        phases = [self._phase(run) for run in self._plan.runs]
        setup = self._cost(self.estimate.setup if made else Units())
        load = _sum([Units(phase.read_units or 0, phase.write_units or 0) for phase in phases])
        whole = self._cost(load.plus(Units(setup.read_units, setup.write_units)))
        limit = self._profile.max_cost
        return PlannedCost(
            region=self.region,
            prices=None if self.provisioned else self._prices(),
            billing="provisioned" if self.provisioned else "on-demand",
            billed=billed(self._profile.target.host),
            phases=tuple(phases),
            setup=setup,
            drain=self._drain(),
            total=TotalCost(
                whole.read_units, whole.write_units, whole.usd, sum(phase.requests or 0 for phase in phases)
            ),
            complete=all(phase.requests is not None for phase in phases),
            assumed=self.estimate.assumed,
            max_cost=limit,
            refused=limit is not None and whole.usd is not None and whole.usd > limit,
        )

    def refusal(self, made: bool = True) -> str:
        """Why the plan is refused, by `refusal`."""
        return refusal(self.plan(made))

    def _phase(self, run: PhaseRun) -> PhaseCost:
        iterations = run.planned(0, 1)
        if iterations is None:
            return PhaseCost(run.name, run.cycle)
        requests, cost = round(iterations * sum(self._shares)), self._cost(self._iteration.times(iterations))
        return PhaseCost(run.name, run.cycle, requests, cost.read_units, cost.write_units, cost.usd)

    def _drain(self) -> DrainCost | None:
        """What the arrivals after the last phase come to at the most: they go on until the last answer is there."""
        if not self._plan.keeps_firing:
            return None
        rate = self._plan.drain.phase.rate
        assert rate
        seconds = self._plan.drain_limit / SECOND
        cost = self._cost(self._iteration.times(rate.highest * seconds))
        return DrainCost(cost.read_units, cost.write_units, cost.usd, seconds)

    def _cost(self, units: Units) -> UnitsCost:
        return UnitsCost(round(units.read, 3), round(units.write, 3), self.usd(units))

    # while it goes on, and after

    def so_far(self, totals: Ledger, setup: Units) -> Units:
        """What was consumed until now: the requests on the wire, but for the throttled, by the mean of those that told
        what they consumed; where none did, by the estimate."""
        counts = _Counts.of(totals, len(self.estimate.steps))
        of_steps = [
            (estimate if mean is None else mean).times(sent)
            for estimate, mean, sent in zip(self.estimate.steps, counts.means, counts.sent, strict=True)
        ]
        return _sum(of_steps).plus(setup)

    def beyond(self, totals: Ledger, setup: Units, machines: int = 1) -> float | None:
        """What it has come to, in US dollars, if that is as much as the profile's `max_cost`; of several machines, as
        one's part of that."""
        limit = self._profile.max_cost and self._profile.max_cost / machines
        spent = self.usd(self.so_far(totals, setup)) if limit else None
        return spent if spent is not None and limit is not None and spent >= limit else None

    def result(self, totals: Ledger, setup: Units, on_aws: bool) -> result.Cost:
        """As a result has it; `on_aws`: it is really billed."""
        counts = _Counts.of(totals, len(self.estimate.steps))
        computed = _sum([of.times(sent) for of, sent in zip(self.estimate.steps, counts.sent, strict=True)])
        guessed = any(mean is None and sent for mean, sent in zip(counts.means, counts.sent, strict=True))
        cost = self._cost(self.so_far(totals, setup))
        return result.Cost(
            read_units=cost.read_units,
            write_units=cost.write_units,
            usd=cost.usd,
            billed=on_aws,
            billing="provisioned" if self.provisioned else "on-demand",
            region=self.region,
            prices=None if self.provisioned else self._prices(),
            setup_write_units=round(setup.write, 3),
            sampled=result.SampledUnits(counts.sampled, counts.sampled_units.read, counts.sampled_units.write),
            computed=result.ComputedUnits(computed.read, computed.write),
            assumed=tuple(self.estimate.assumed) if guessed else (),
            max_cost=self._profile.max_cost,
        )


class _Counts(NamedTuple):
    """By step: how many requests can have consumed something, and the mean of those that told; None if none did."""

    sent: list[int]
    means: list[Units | None]
    sampled: int
    sampled_units: Units

    @classmethod
    def of(cls, totals: Ledger, steps: int) -> _Counts:
        wired = np.frombuffer(totals.wired, np.int64).reshape(-1, steps).sum(axis=0)
        outcomes = np.frombuffer(totals.outcomes, np.int64).reshape(-1, steps, OUTCOMES).sum(axis=0)
        tallies = np.frombuffer(totals.tallies, np.int64).reshape(-1, steps, len(TALLY)).sum(axis=0)
        sent = np.maximum(wired - outcomes[:, Outcome.THROTTLED], 0)
        calls, read, written = (tallies[:, TALLY.index(name)] for name in ("sampled", "read", "written"))
        means = [
            Units(r / n / 1000, w / n / 1000) if n else None
            for n, r, w in zip(calls.tolist(), read.tolist(), written.tolist(), strict=True)
        ]
        return cls(sent.tolist(), means, int(calls.sum()), Units(int(read.sum()) / 1000, int(written.sum()) / 1000))


def refusal(plan: PlannedCost) -> str:
    """Why a plan beyond the profile's `max_cost` is refused, and what would fit; empty if it is within."""
    limit, total, setup = plan.max_cost, plan.total.usd, plan.setup.usd
    if not plan.refused or limit is None or total is None or setup is None:
        return ""
    return beyond_limit(total, limit, setup)


def beyond_limit(total: float, limit: float, setup: float = 0.0) -> str:
    """Why a plan of so many US dollars is refused, `setup` of which are for setup's items, and what would fit."""
    if setup >= limit:
        return f"max_cost: setup's items alone cost {exact_dollars(setup)}, and {exact_dollars(limit)} are allowed"
    aside = f" ({exact_dollars(setup)} of it to load setup's items)" if setup else ""
    fits = int(100 * (limit - setup) / (total - setup))
    part = f"{fits}% of the load would fit" if fits else "less than 1% of it would fit"
    return (
        f"max_cost: this would cost about {exact_dollars(total)}{aside}, and {exact_dollars(limit)} are allowed: "
        f"{part}. Lower the load, or raise max_cost"
    )


def billed(host: str) -> bool:
    """Whether calls to that host cost anything: whether it is one of AWS's own."""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws"))


def _sum(parts: list[Units]) -> Units:
    total = Units()
    for part in parts:
        total = total.plus(part)
    return total
