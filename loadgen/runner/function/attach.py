"""The additional work of a run whose target is a Lambda function: to watch its cost, and to force cold starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from loadgen.engine.machine import WHOLE, MachineShare
from loadgen.engine.plan import Plan
from loadgen.errors import PlanError
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile
from loadgen.record.ledger import Ledger
from loadgen.result.reason import Reason
from loadgen.result.run import FunctionCost
from loadgen.runner.destination import Destination
from loadgen.runner.function.cost import Cost
from loadgen.runner.function.force_cold import ForceCold, check_forced
from loadgen.runner.options import Options
from loadgen.runner.probe import ProbedExchange
from loadgen.runner.secrets import Keeper
from loadgen.runner.table.cost import billed
from loadgen.runner.table.items import Say


class OnFunction:
    """The cost of one run, and what forces its cold starts, if anything does."""

    def __init__(
        self,
        profile: Profile,
        plan: Plan,
        to: Destination,
        force_cold: ForceCold | None = None,
        share: MachineShare = WHOLE,
    ) -> None:
        self._profile, self.force_cold, self._share = profile, force_cold, share
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
        """Why the run must stop, if its cost has reached the profile's `max_cost`, or this machine's part of it."""
        limit = self._profile.max_cost and self._profile.max_cost / self._share.of
        spent = self._cost.beyond(totals, self._share.of)
        return None if spent is None else Reason.of("stopped_by_cost", limit_usd=limit, usd=spent)

    def cost(self, totals: Ledger) -> FunctionCost:
        """The cost of the load."""
        return self._cost.result(totals)


@asynccontextmanager
async def on_function(
    loaded: Loaded, plan: Plan, to: Destination, keeper: Keeper, options: Options, warn: Say
) -> AsyncIterator[OnFunction | None]:
    """The target's function, for as long as the block lasts; None if the target is none. What was changed is then
    restored, whatever happened. Raises PlanError if it must not be changed."""
    profile = loaded.profile
    if not profile.target.function:
        yield None
        return
    every = check_forced(profile, to.loopback, options.confirmed, options.share.of)
    force_cold = ForceCold(profile, to, keeper, every, loaded.secrets.hide, warn) if every else None
    try:
        yield OnFunction(profile, plan, to, force_cold, options.share)
    finally:
        if force_cold:
            await force_cold.end()
