"""The additional work of a run whose target is a table: to look at the table, to prepare it, and to watch its cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadgen.engine.machine import WHOLE, MachineShare
from loadgen.engine.plan import Plan
from loadgen.errors import PlanError
from loadgen.profile.model import Profile
from loadgen.record.ledger import Ledger
from loadgen.result import run as result
from loadgen.result.reason import Reason
from loadgen.runner.destination import Destination
from loadgen.runner.secrets import Keeper
from loadgen.runner.table.calls import Api
from loadgen.runner.table.consumption import Units
from loadgen.runner.table.cost import Cost, billed
from loadgen.runner.table.items import Say
from loadgen.runner.table.lifecycle import PROVISIONED, Table

MADE_UP = Reason.of("made_up_keys")


@asynccontextmanager
async def on_table(
    profile: Profile,
    plan: Plan,
    to: Destination,
    keeper: Keeper,
    say: Say,
    warn: Say,
    share: MachineShare = WHOLE,
) -> AsyncIterator[OnTable | None]:
    """The target's table, ready for the load, for as long as the block lasts; None if the target is none."""
    if not profile.target.dynamodb:
        yield None
        return
    made = OnTable(profile, plan, to, keeper, say, warn, share)
    try:
        await made.begin()
        yield made
    finally:
        await made.end()


class OnTable:
    """The table and the cost of one run. `say` and `warn` get messages for the user. Of machines that `share` a load
    the first makes and fills the table, and none deletes it."""

    def __init__(
        self,
        profile: Profile,
        plan: Plan,
        to: Destination,
        keeper: Keeper,
        say: Say,
        warn: Say,
        share: MachineShare = WHOLE,
    ) -> None:
        self._profile, self._to, self._keeper, self._warn, self._share = profile, to, keeper, warn, share
        self._table = Table(profile, lambda: Api(profile, to, keeper.access), say, warn)
        self._cost = Cost(profile, plan)

    async def begin(self) -> None:
        """Check the plan against the table, and carry out `setup`. Raises TargetError, PlanError."""
        await self.check()
        if self._share.index == 1:
            await self._table.make()
            if self._share.of > 1 and self._profile.setup and self._profile.teardown:
                self._warn(Reason.of("table_kept", table=self._table.name))
        else:
            await self._table.wait()

    async def check(self, made: bool = True) -> None:
        """Look at the table, and refuse a plan that costs more than `max_cost`; `made`: with `setup`, if there is no
        table. Raises TargetError, PlanError."""
        if self._keeper.made_up:
            self._warn(MADE_UP)
        await self._table.look()
        description = self._table.description
        if description:
            self._cost.provisioned = description.billing == PROVISIONED
        if refusal := self._cost.refusal(made=made and not description):
            raise PlanError(f"{refusal}; `loadgen check` shows each phase")

    async def end(self) -> None:
        """Carry out `teardown`, unless that has been done, or other machines may still use the table."""
        await self._table.tear_down(keep=True if self._share.of > 1 else None)

    def describe(self) -> result.Table:
        """The table as a result has it."""
        return self._table.describe("made up" if self._keeper.made_up else None)

    def beyond(self, totals: Ledger) -> Reason | None:
        """Why the run must stop, if its cost has reached the profile's `max_cost`, or this machine's part of it."""
        limit, spent = self._profile.max_cost, self._cost.beyond(totals, self._setup, self._share.of)
        limit = limit and limit / self._share.of
        return Reason.of("stopped_by_cost", limit_usd=limit, usd=spent) if limit and spent else None

    def setup(self) -> result.Setup | None:
        """What was done to the table besides the load; None if the profile has no setup."""
        return self._table.setup()

    def cost(self, totals: Ledger) -> result.Cost:
        """The cost of the table's setup and of the load."""
        return self._cost.result(totals, self._setup, billed(self._to.origin.host))

    @property
    def _setup(self) -> Units:
        """The capacity that the writing of setup's items consumed: as the service reported it, or as estimated for
        those that were written."""
        setup, table = self._profile.setup, self._table
        if not setup or not setup.items or table.units:
            return Units(write=table.units)
        return self._cost.estimate.setup.times(table.loaded / setup.items)
