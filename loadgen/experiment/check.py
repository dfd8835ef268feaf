"""What a profile would do, without sending anything: requests, times, connections, and which figures have enough
requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from loadgen.analysis.latency import QUANTILES
from loadgen.aws.auth import named_by
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.errors import TargetError
from loadgen.experiment.preview import planned_beside, preview
from loadgen.fleet.nodes import Nodes
from loadgen.net.names import Address, Origin, is_loopback, resolve
from loadgen.net.thread import in_thread
from loadgen.profile.dynamodb import Throughput
from loadgen.profile.model import Profile
from loadgen.result.check import (
    CheckResult,
    PlannedConnections,
    PlannedNode,
    PlannedPhase,
    PlannedRequest,
    PlannedTable,
    PlannedTarget,
    PlannedWitness,
    TailTime,
)
from loadgen.result.run import PlannedRate, Provisioned
from loadgen.result.selftest import Ports
from loadgen.runner.destination import ways
from loadgen.runner.function.cost import planned_function
from loadgen.runner.limits import new_connections
from loadgen.runner.nodes import fit_for_nodes, limits_for
from loadgen.runner.table.cost import Cost, billed
from loadgen.runner.witness.agreement import forecast
from loadgen.runner.witness.load import EACH
from loadgen.runner.witness.witness import disturbances
from loadgen.stats import fraction
from loadgen.stats.intervals import SHORTEST, events, interval_after, needed
from loadgen.trust import host
from loadgen.workload.draws import Unknown
from loadgen.workload.scenarios import ScenarioWork, StepWork, Workload

API_GATEWAY = "execute-api"
PRECISION = 0.1  # the error of the tail's probability that is allowed, as a share of it
BODY = 400  # bytes of a request's body that are shown


def check(
    profile: Profile, variants: Sequence[Profile] = (), witness: bool = False, nodes: Nodes | None = None
) -> CheckResult:
    """What a run of the profile would be; `variants` are those of an experiment. It would come from the `nodes`, if
    there are any. Raises LoadgenError if the run would be refused."""
    plan = Plan.of(profile)
    if nodes:
        fit_for_nodes(bool(profile.session.bind), witness)
    addresses, loopback, unusable = _addresses(profile)
    bounds = limits_for(profile, max(1, len(addresses)), loopback, nodes)
    count = bounds.workers
    ports = host.Ports.read()
    seconds = [run.duration for run in plan.runs]
    return CheckResult(
        name=profile.name,
        target=_target(profile),
        addresses=tuple(dict.fromkeys(address.host for address in addresses)),
        unusable=unusable,
        on_aws=billed(profile.target.host),
        behind_api=named_by(profile.target.host)[0] == API_GATEWAY,
        client=profile.client,
        session=profile.session.reuse,
        workers=count,
        nodes=tuple(_nodes(nodes, profile, count)) if nodes else (),
        seconds=sum(s for s in seconds if s) / SECOND if all(seconds) else None,
        phases=tuple(_phases(plan, profile)),
        beside=planned_beside(plan),
        requests=tuple(_requests(profile)),
        connections=PlannedConnections(
            most=bounds.connections,
            before_the_load=bounds.preopen,
            opened_in_the_busiest_minute=0 if profile.session.reuse == "shared" else new_connections(profile),
        ),
        in_flight_limit=bounds.in_flight,
        descriptors=host.descriptors(),
        ports=Ports(ports.count, ports.time_wait, ports.reused_on_loopback),
        setup=_table(profile),
        cost=Cost(profile, plan).plan() if profile.target.dynamodb else None,
        function=planned_function(profile, plan) if profile.target.function else None,
        thresholds={name: tuple(t.text for t in texts) for name, texts in profile.thresholds.items()},
        witness=_witness(profile, count + (loopback or profile.target.sandbox)) if witness else None,
        experiment=(
            preview(profile.experiment, variants, max(1, len(addresses)), loopback, nodes)
            if profile.experiment
            else None
        ),
    )


def _nodes(nodes: Nodes, profile: Profile, workers: int) -> Iterator[PlannedNode]:
    """What each of the nodes would get of the load."""
    highest = max((phase.rate.highest for phase in profile.load if phase.rate), default=None)
    for node in nodes.nodes:
        about, ahead, ports = node.about, node.clock.ahead, node.about.room.ports
        yield PlannedNode(
            node=node.number,
            host=about.host,
            address=about.address,
            cpus=about.cpus,
            workers=workers // len(nodes),
            rate=None if highest is None else highest / len(nodes),
            descriptors=about.room.descriptors,
            ports=Ports(ports.count, ports.time_wait, ports.reused_on_loopback),
            clock_ahead_ms=round(ahead.ns / MILLISECOND, 3),
            clock_error_ms=round(ahead.error / MILLISECOND, 3),
        )


def _witness(profile: Profile, others: int) -> PlannedWitness:
    """What a witness could judge; `others` is the number of the other processes."""
    return PlannedWitness(EACH, tuple(disturbances(profile, others)), tuple(forecast(profile)))


def _target(profile: Profile) -> PlannedTarget:
    table, function = profile.target.dynamodb, profile.target.function
    called = ":".join(filter(None, (function.name, function.qualifier))) if function else None
    return PlannedTarget(profile.target.url, profile.target.sandbox, table.table if table else None, called)


def _addresses(profile: Profile) -> tuple[tuple[Address, ...], bool, str | None]:
    """The ways to the target, whether it is on this machine, and why its name does not resolve. AWS's own names are not
    looked up here: some of them are known only with the credentials."""
    service = profile.target.service
    if profile.target.sandbox or (service and not service.endpoint):
        return (), profile.target.sandbox, None
    try:
        addresses = asyncio.run(in_thread(partial(resolve, Origin.of(profile.target.url))))
    except TargetError as error:
        return (), False, str(error)
    return ways(profile, addresses), is_loopback(addresses), None


def _table(profile: Profile) -> PlannedTable | None:
    """How the table would be created if it does not exist."""
    setup = profile.setup
    if not setup:
        return None
    capacity = setup.capacity
    units = Provisioned(capacity.reads, capacity.writes) if isinstance(capacity, Throughput) else None
    return PlannedTable(dict(setup.key), units, setup.items, profile.teardown)


def _phases(plan: Plan, profile: Profile) -> Iterator[PlannedPhase]:
    rarest, share = _rarest(profile)
    only = len(profile.scenarios[0].steps) if len(profile.scenarios) == 1 else None
    for run in plan.runs:
        yield _phase(run, rarest, share, only)


def _phase(run: PhaseRun, rarest: str | None, share: float, steps: int | None) -> PlannedPhase:
    """`rarest` is a scenario that has `share` of the iterations; `steps` are those of each iteration, if it is
    known."""
    phase = run.phase
    iterations = run.planned(0, 1)
    return PlannedPhase(
        name=run.name,
        cycle=run.cycle,
        kind=phase.kind,
        measured=run.measured,
        rate=PlannedRate(*run.rates) if run.rates else None,
        arrivals=phase.arrivals if phase.rate else None,
        users=phase.users,
        seconds=run.duration / SECOND if run.duration else None,
        iterations=iterations,
        rarest=rarest,
        quantiles=tuple(name for name in QUANTILES if iterations and iterations * share * (1 - fraction(name)) >= 1),
        sharp=tuple(_tail_times(run, iterations and iterations * share, share)),
        requests=iterations * steps if iterations and steps else None,
    )


def _rarest(profile: Profile) -> tuple[str | None, float]:
    """The scenario that is drawn least often, and its share of the iterations; None if there is only one."""
    rarest = min(profile.scenarios, key=lambda scenario: scenario.weight)
    share = rarest.weight / sum(scenario.weight for scenario in profile.scenarios)
    return (rarest.name if len(profile.scenarios) > 1 else None), share


def _tail_times(run: PhaseRun, iterations: float | None, share: float) -> list[TailTime]:
    """For p99, p99.9 and p99.99: the time in which this share of the phase's rate gives enough requests to know the
    tail's probability to 10 %."""
    rate = run.mean_rate and share * run.mean_rate
    lasts = (run.duration or 0) / SECOND >= SHORTEST
    times = []
    for name in ("p99", "p99.9", "p99.99"):
        requests = events(fraction(name), PRECISION)
        seconds = needed(fraction(name), PRECISION, rate) if rate else None
        enough = bool(iterations and iterations >= requests and lasts)
        times.append(TailTime(name, requests, seconds, enough, interval_after(fraction(name), rate) if rate else None))
    return times


def _requests(profile: Profile) -> Iterator[PlannedRequest]:
    base = "" if profile.target.sandbox else profile.target.prefix
    workload = Workload(profile, base)
    for scenario in (*workload.scenarios, *workload.beside):
        for step in scenario.steps:
            yield _request(scenario, step)


def _request(scenario: ScenarioWork, step: StepWork) -> PlannedRequest:
    """The step's request as iteration 0 would send it. A value that comes from an earlier answer is shown by its
    name."""
    if step.constant:
        request = step.constant
    else:
        assert step.render
        request = step.render(Unknown(scenario.values(0)), 0)
    return PlannedRequest(
        scenario=scenario.name,
        step=step.name,
        operation=request.operation or None,
        method=request.method,
        path=request.path,
        headers=dict(request.headers),
        body=request.body[:BODY].decode("utf-8", "replace"),
        body_bytes=len(request.body),
        timeout_s=step.timeout / SECOND,
    )
