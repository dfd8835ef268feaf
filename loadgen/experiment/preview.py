"""A planned experiment: its runs, how long they take, and whether there are the ports for all of them in a row."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.aws.lambda_prices import MILLION
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.errors import PlanError
from loadgen.experiment.primary import primary_of, too_few
from loadgen.experiment.share import limits_of, part_of, parts
from loadgen.fleet.nodes import Nodes
from loadgen.profile.model import Experiment, Profile
from loadgen.result.check import PlannedBeside, PlannedExperiment, PlannedVariant, PortsNeeded
from loadgen.runner.function.cost import million_usd, permissions_of, planned_calls
from loadgen.runner.limits import new_connections
from loadgen.runner.table.cost import Cost
from loadgen.stats.comparison import ROUNDS, detectable, level_at
from loadgen.trust.host import TIME_WAIT_SECONDS, Ports


def preview(
    experiment: Experiment, variants: Sequence[Profile], addresses: int, loopback: bool, nodes: Nodes | None = None
) -> PlannedExperiment:
    """What is compared, and how often. If the profile names no primary figure, one is proposed. Raises PlanError if a
    variant's run would be refused. The variants of a duet share the load. It comes from the `nodes`, if there are
    any."""
    names, looks = [name for name, _, _ in experiment.cells()], experiment.rounds
    share = parts(experiment)
    workers = [
        limits_of(name, variant, share, addresses, loopback, nodes).workers
        for name, variant in zip(names, variants, strict=True)
    ]
    parted = [part_of(variant, share) for variant in variants]
    planned = [_variant(*of) for of in zip(names, parted, workers, strict=True)]
    for name, variant in zip(names, parted, strict=True):
        _check_cost(name, variant)
    primary = primary_of(variants)
    calls, calls_usd = _function_calls(parted, looks[-1])
    return PlannedExperiment(
        variants=tuple(names),
        baseline=experiment.baseline or names[0],
        rounds=tuple(looks),
        duet=experiment.duet,
        margin=experiment.share,
        by_resolution=experiment.margin is None,
        primary=primary.text,
        too_few=too_few(primary, variants, share),
        proposed=experiment.primary is None,
        finds=_finds(looks, variants) if looks[-1] >= ROUNDS else None,
        each=tuple(planned),
        runs=tuple(look * len(names) for look in looks),
        pause_s=experiment.pause / SECOND,
        seconds=tuple(_seconds(experiment, planned, look) for look in looks),
        usd=_usd(parted, looks[-1]),
        ports=_ports(experiment, planned, addresses, loopback, nodes),
        function_calls=calls,
        function_calls_usd=calls_usd,
        function_permissions=_permissions(variants),
    )


def _finds(looks: Sequence[int], variants: Sequence[Profile]) -> float:
    """What the planned rounds find of any single variant, whatever the others turn out to be: the looks share the error
    probability, and so do the variants, of which one at each load is the baseline."""
    compared = max(1, len(variants) - len({variant.load for variant in variants}))
    return detectable(looks[-1], level_at(looks, looks[-1]) / compared)


def _variant(name: str, profile: Profile, workers: int) -> PlannedVariant:
    plan = Plan.of(profile)
    durations = [run.duration for run in plan.runs]
    planned = [run.planned(0, 1) for run in plan.runs]
    return PlannedVariant(
        name=name,
        client=profile.client,
        session=profile.session.reuse,
        workers=workers,
        seconds=sum(d for d in durations if d) / SECOND if all(durations) else None,
        iterations=sum(p for p in planned if p) if None not in planned else None,
        opened=0 if profile.session.reuse == "shared" else new_connections(profile),
        beside=planned_beside(plan),
    )


def planned_beside(plan: Plan) -> tuple[PlannedBeside, ...]:
    """What would go on beside the phases."""
    return tuple(
        PlannedBeside(
            run.name,
            groups.every / SECOND,
            groups.at_once,
            groups.after / SECOND,
            None if plan.length is None else groups.before(plan.length) * groups.at_once,
        )
        for run in plan.beside
        if (groups := run.groups)
    )


def _check_cost(name: str, profile: Profile) -> None:
    if profile.target.dynamodb and (why := Cost(profile, Plan.of(profile)).refusal(made=False)):
        raise PlanError(f"variant {name}: {why}")


def _seconds(experiment: Experiment, variants: Sequence[PlannedVariant], rounds: int) -> float | None:
    """How long all of it takes, pauses included; None if only the run shows when it ends."""
    lasts = [variant.seconds for variant in variants if variant.seconds is not None]
    if len(lasts) < len(variants):
        return None
    pause = experiment.pause / SECOND
    if experiment.duet:
        return rounds * (max(lasts) + pause) - pause
    return rounds * (sum(lasts) + len(lasts) * pause) - pause


def _usd(variants: Sequence[Profile], rounds: int) -> float | None:
    """What all runs would cost, as far as it is known; None if the target is no table."""
    costs = [Cost(profile, Plan.of(profile)).plan(made=False) for profile in variants if profile.target.dynamodb]
    priced = [cost.total.usd for cost in costs if cost.total.usd is not None]
    return rounds * sum(priced) if priced else None


def _function_calls(variants: Sequence[Profile], rounds: int) -> tuple[int | None, float | None]:
    """How many calls of functions all runs make, and what they cost without their duration; None if no variant's target
    is one, or if only the runs show it."""
    calls, usd = 0, 0.0
    priced = [(variant, million) for variant in variants if (million := million_usd(variant)) is not None]
    for variant, million in priced:
        planned = planned_calls(variant)
        if planned is None:
            return None, None
        calls, usd = calls + rounds * planned, usd + rounds * planned * million / MILLION
    return (calls, round(usd, 6)) if priced else (None, None)


def _permissions(variants: Sequence[Profile]) -> tuple[str, ...]:
    functions = [variant.target.function for variant in variants]
    return tuple(dict.fromkeys(name for of in functions if of for name in permissions_of(of)))


def _ports(
    experiment: Experiment, variants: Sequence[PlannedVariant], addresses: int, loopback: bool, nodes: Nodes | None
) -> PortsNeeded:
    """The new connections per minute over the runs in a row, on each of the nodes: the port of a closed connection
    rests for about a minute."""
    ports, machines = (nodes.ports, len(nodes)) if nodes else (Ports.read(), 1)
    round_s = _seconds(experiment, variants, 1)
    each = [-(-variant.opened // machines) for variant in variants]
    opened, most = sum(each), max(each)
    minute = most
    if round_s is not None:
        minute = max(most, round(opened * TIME_WAIT_SECONDS / max(round_s + experiment.pause / SECOND, 1)))
        minute = min(minute, opened * experiment.rounds[-1])
    free = (ports.count - ports.time_wait) * addresses
    return PortsNeeded(minute, free, minute <= free or (loopback and ports.reused_on_loopback))
