"""A run before its load: all that is known of it, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from loadgen.clock import SECOND, wall
from loadgen.engine.engine import Share
from loadgen.engine.machine import MachineShare
from loadgen.engine.plan import Plan
from loadgen.fleet.messages import Assignment
from loadgen.net.children import withheld
from loadgen.net.names import Address
from loadgen.pacing import share
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile, StopIf
from loadgen.record.ledger import Ledger
from loadgen.redaction import Secrets
from loadgen.result import run as result
from loadgen.result.codec import map_text, to_json
from loadgen.result.run import Metadata
from loadgen.runner.destination import Destination
from loadgen.runner.function.attach import OnFunction
from loadgen.runner.limits import Limits, limits, workers_for
from loadgen.runner.metadata import metadata
from loadgen.runner.nodes import fit_for_nodes, limits_on
from loadgen.runner.options import Options
from loadgen.runner.secrets import Keeper
from loadgen.runner.shared import check_shareable, plan_of, shared
from loadgen.runner.table.attach import OnTable
from loadgen.runner.until.decided import UntilDecided
from loadgen.runner.until.goal import Decided, Goal
from loadgen.runner.until.until import Until
from loadgen.runner.warnings import Warnings
from loadgen.runner.witness.load import EACH, witness_load
from loadgen.store import RunFolder


@dataclass(frozen=True, slots=True)
class Checked:
    """The profile's plan, for which there are the resources where its load comes from. `witness_load` is the profile of
    a witness, if there is to be one."""

    plan: Plan
    limits: Limits
    until: Until | UntilDecided | None
    witness_load: Profile | None

    @classmethod
    def of(cls, profile: Profile, options: Options, to: Destination) -> Self:
        """Raises PlanError if the plan cannot be carried out. Sends nothing."""
        plan = Plan.of(profile)
        until = _until(profile, options.until, plan) if options.until else None
        witness = witness_load(profile) if options.witness else None
        nodes, machines = options.nodes, options.share.of
        if machines > 1:
            check_shareable(profile, plan)
        if nodes:
            fit_for_nodes(bool(profile.session.bind), options.witness)
            bounds = limits_on(nodes, profile, len(to.addresses), to.loopback)
        else:
            workers = workers_for(profile, machines)
            bounds = limits(profile, workers, len(to.addresses), to.loopback, machines)
        return cls(plan.opened(until.runs) if until else plan, bounds, until, witness)


def _until(profile: Profile, goal: Goal | Decided, plan: Plan) -> Until | UntilDecided:
    return UntilDecided(goal, plan, profile.thresholds) if isinstance(goal, Decided) else Until(goal, plan)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that can begin. `table` and `function` are what the target is, None if it is none; `began` is wall-clock
    time in ns; `part` is what the result says of a load that is shared with other machines; `description` is the
    content of run.json."""

    loaded: Loaded
    options: Options
    to: Destination
    keeper: Keeper
    table: OnTable | None
    checked: Checked
    warn: Warnings
    folder: RunFolder
    began: int
    part: result.SharedLoad | None
    description: dict[str, Any]
    assignments: tuple[Assignment, ...]
    function: OnFunction | None = None

    @classmethod
    def of(
        cls,
        loaded: Loaded,
        options: Options,
        to: Destination,
        keeper: Keeper,
        table: OnTable | None,
        checked: Checked,
        warn: Warnings,
        function: OnFunction | None = None,
    ) -> Self:
        """Make the run's folder. Raises ProfileError if there is one already, or if it is needed and cannot be
        written."""
        folder = RunFolder(options.out, warn, options.needed, loaded.secrets.hide)
        began = options.start_at or wall()  # the payloads are drawn from it: with one start they are one machine's
        part = shared(options, plan_of(loaded, checked.plan))
        about = metadata(loaded.profile, to, table, began, checked.limits.workers, part)
        until = checked.until.result(None, complete=False) if checked.until else None
        nodes = len(options.nodes) if options.nodes else 0
        description = described(about, checked.plan, until, loaded.secrets, nodes)
        folder.begin(loaded.resolved, description)
        work = assignments(loaded.profile, to, keeper, checked, folder, began, options.share)
        return cls(loaded, options, to, keeper, table, checked, warn, folder, began, part, description, work, function)

    @property
    def secrets(self) -> Secrets:
        """The values that must not be in anything that is written."""
        return self.loaded.secrets

    @property
    def stop_if(self) -> StopIf | None:
        """The condition that ends the run early, if there is one."""
        return self.loaded.profile.stop_if

    def metadata(self) -> Metadata:
        """What is known of the run so far, besides its figures."""
        workers = self.checked.limits.workers
        return metadata(self.loaded.profile, self.to, self.table, self.began, workers, self.part)


def described(
    metadata: Metadata, plan: Plan, until: result.Until | None, secrets: Secrets, nodes: int = 0
) -> dict[str, Any]:
    """The content of run.json, which is all that remains of a run that dies. `nodes` is how many the load comes
    from, if not from this machine."""
    looks = {"until": to_json(until)} if until else {}
    looks |= {"from_nodes": nodes} if nodes else {}
    return map_text({**to_json(metadata), **looks, "plan": plan.describe()}, secrets.hide)


def assignments(
    profile: Profile,
    to: Destination,
    keeper: Keeper,
    checked: Checked,
    folder: RunFolder,
    began: int,
    machine: MachineShare,
) -> tuple[Assignment, ...]:
    """The tasks of the workers. This makes room for their ledgers."""
    limits, plan = checked.limits, checked.plan
    n = machine.all(limits.workers)
    size = Ledger.size(len(plan.all_runs), plan.slots)
    rate = profile.max_rate
    gap = round(SECOND * n * (1 + bool(checked.witness_load) / EACH) / rate) if rate else 0
    numbers = [(number, machine.worker(number, limits.workers)) for number in range(limits.workers)]
    function = profile.target.function
    lap = (function.force_cold if function else None) or 0
    return tuple(
        Assignment(
            profile=profile,
            origin=to.origin,
            addresses=_from(to.addresses, index),
            ca=to.ca,
            share=Share(index, n, max(1, share(limits.in_flight, index, n)), gap, lap=lap),
            connections=share(limits.connections, index, n),
            preopen=share(limits.preopen, index, n),
            ledger=folder.make_room(number, size),
            payloads=(began,),
            access=keeper.lent,
            environment={} if keeper.lent is keeper.access else withheld(),
        )
        for number, index in numbers
    )


def _from(addresses: tuple[Address, ...], index: int) -> tuple[Address, ...]:
    """All addresses, beginning with the one at that position, so that workers begin with different ones."""
    first = index % len(addresses)
    return addresses[first:] + addresses[:first]
