"""The additional work of a run whose target is a Lambda function: to watch its cost."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.engine.plan import Plan
from loadgen.errors import PlanError
from loadgen.profile.model import Profile
from loadgen.record.ledger import Ledger
from loadgen.result.reason import Reason
from loadgen.result.run import FunctionCost
from loadgen.runner.destination import Destination
from loadgen.runner.function.cost import Cost
from loadgen.runner.probe import ProbedExchange
from loadgen.runner.table.cost import billed


class OnFunction:
    """The cost of one run."""

    def __init__(self, profile: Profile, plan: Plan, to: Destination) -> None:
        self._profile = profile
        self._cost = Cost(profile, plan, billed(to.origin.host))

    @property
    def needs_a_call(self) -> bool:
        """Whether the calls before the load are needed, also of a sandbox: to estimate what the load costs."""
        return self._profile.max_cost is not None

    def learn(self, probed: Sequence[ProbedExchange]) -> None:
        """Refuse a plan that costs more than `max_cost` by what the calls before the load told. Raises PlanError."""
        self._cost.learn(probed)
        if refusal := self._cost.refusal():
            raise PlanError(refusal)

    def beyond(self, totals: Ledger) -> Reason | None:
        """Why the run must stop, if its cost has reached the profile's `max_cost`."""
        spent = self._cost.beyond(totals)
        return None if spent is None else Reason.of("stopped_by_cost", limit_usd=self._profile.max_cost, usd=spent)

    def cost(self, totals: Ledger) -> FunctionCost:
        """The cost of the load."""
        return self._cost.result(totals)


def on_function(profile: Profile, plan: Plan, to: Destination) -> OnFunction | None:
    """That of the target's function; None if the target is none."""
    return OnFunction(profile, plan, to) if profile.target.function else None
