"""What the steps of each variant need to reach their target: secrets, a destination, a table."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from loadgen.engine.plan import Plan
from loadgen.experiment.capacity.plan import bounded, variants_of
from loadgen.experiment.rounds import place_of
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile
from loadgen.result.capacity import CapacityPlan
from loadgen.runner.destination import Destination, destination
from loadgen.runner.options import Options
from loadgen.runner.progress import Display
from loadgen.runner.secrets import Keeper, keeper
from loadgen.runner.table.attach import on_table
from loadgen.runner.table.items import Say


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the steps of a variant go, and the secrets of their requests."""

    to: Destination
    secrets: Keeper


async def reach(
    loaded: Loaded, plan: CapacityPlan, options: Options, display: Display, warn: Say, stack: AsyncExitStack
) -> dict[str, Reached]:
    """What each variant needs, until `stack` is closed. Variants of the same target share it, and its table. Raises
    LoadgenError if a target cannot be reached, or for a load that nothing bounds."""
    places = dict[str, Destination]()
    reached = dict[str, Reached]()
    makers = dict[str, tuple[Profile, Reached]]()
    for name, profile in variants_of(loaded).items():
        key = place_of(profile)
        secrets = await keeper(profile, options.sandbox_at, loaded.secrets)
        if key not in places:
            going = destination(profile, options.start_sandbox, options.sandbox_at, secrets.account)
            places[key] = await stack.enter_async_context(going)
        reached[name] = Reached(places[key], secrets)
        makers.setdefault(key, (profile, reached[name]))
        bounded(profile, plan, places[key].loopback)
    for profile, at in makers.values():
        if profile.target.dynamodb:
            table = on_table(profile, Plan.of(profile), at.to, at.secrets, display.message, warn)
            await stack.enter_async_context(table)
    return reached
