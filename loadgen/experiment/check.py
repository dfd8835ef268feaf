"""What a profile would do, without sending anything: requests, times, connections, and what the figures could know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadgen.analysis.latency import QUANTILES
from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.errors import TargetError
from loadgen.experiment.preview import ahead
from loadgen.net.names import Origin, is_loopback, resolve
from loadgen.profile.dynamodb import Throughput
from loadgen.profile.model import Profile
from loadgen.runner.limits import limits, new_connections, workers_for
from loadgen.runner.table.cost import Cost, billed
from loadgen.runner.witness.agreement import forecast
from loadgen.runner.witness.load import EACH
from loadgen.runner.witness.witness import warnings
from loadgen.stats import fraction
from loadgen.stats.intervals import SECONDS, events, needed
from loadgen.trust.host import Ports, descriptors
from loadgen.workload.draws import Unknown
from loadgen.workload.scenarios import Workload

PRECISION = 0.1  # how well the tail's probability is to be known, as a share of it


def check(profile: Profile, workers: str, variants: Sequence[Profile] = (), witness: bool = False) -> dict[str, Any]:
    """A plan in plain values, for `report.check`; `variants` are those of an experiment. Raises LoadgenError where the
    run would be refused."""
    plan, count = Plan.of(profile), workers_for(profile, workers)
    addresses, loopback, unusable = _addresses(profile)
    bounds = limits(profile, count, max(1, len(addresses)), loopback)
    ports = Ports.read()
    seconds = [run.duration for run in plan.runs]
    cost = Cost(profile, plan) if profile.target.dynamodb else None
    return {
        "name": profile.name,
        "target": _target(profile),
        "addresses": addresses,
        "unusable": unusable,
        "on_aws": billed(profile.target.host),
        "client": profile.client,
        "session": profile.session.reuse,
        "workers": count,
        "seconds": sum(s for s in seconds if s) / SECOND if all(seconds) else None,
        "phases": [_phase(run, profile) for run in plan.runs],
        "requests": [_request(profile, name, step) for name, step in plan.steps],
        "connections": {
            "most": bounds.connections,
            "before_the_load": bounds.preopen,
            "opened_in_the_busiest_minute": 0 if profile.session.reuse == "shared" else new_connections(profile),
        },
        "in_flight_limit": bounds.in_flight,
        "descriptors": descriptors(),
        "ports": {"count": ports.count, "resting": ports.time_wait},
        "setup": _setup(profile),
        "cost": cost.plan() | {"billed": billed(profile.target.host), "refusal": cost.refusal()} if cost else None,
        "thresholds": {name: [t.text for t in texts] for name, texts in profile.thresholds.items()},
        "witness": _witness(profile, count + (loopback or profile.target.sandbox)) if witness else None,
        "experiment": (
            ahead(profile.experiment, variants, workers, max(1, len(addresses)), loopback)
            if profile.experiment
            else None
        ),
    }


def _witness(profile: Profile, others: int) -> dict[str, Any]:
    """What a witness beside `others` processes would have to go by."""
    return {"each": EACH, "warnings": warnings(profile, others), "steps": forecast(profile)}


def _target(profile: Profile) -> str:
    where = "the sandbox (simulated)" if profile.target.sandbox else profile.target.url
    table = profile.target.dynamodb
    return f"table {table.table} at {where.rstrip('/')}" if table else where


def _addresses(profile: Profile) -> tuple[list[str], bool, str | None]:
    """Where the target is, whether that is this machine, and why its name does not resolve. AWS's own names are looked
    up when it matters, not here: one of them is only known with the credentials."""
    table = profile.target.dynamodb
    if profile.target.sandbox or (table and not table.endpoint):
        return [], profile.target.sandbox, None
    try:
        addresses = resolve(Origin.of(profile.target.url))
    except TargetError as error:
        return [], False, str(error)
    return [address.host for address in addresses], is_loopback(addresses), None


def _setup(profile: Profile) -> dict[str, Any] | None:
    """What is done before and after the load, if there is no such table."""
    setup = profile.setup
    if not setup:
        return None
    capacity = setup.capacity
    units = {"read": capacity.reads, "write": capacity.writes} if isinstance(capacity, Throughput) else None
    return {"key": dict(setup.key), "provisioned": units, "items": setup.items, "teardown": profile.teardown}


def _phase(run: PhaseRun, profile: Profile) -> dict[str, Any]:
    phase = run.phase
    iterations = run.planned(0, 1)
    rarest, share = _rarest(profile)
    fewest = min(len(scenario.steps) for scenario in profile.scenarios)
    return {
        "name": run.name,
        "cycle": run.cycle,
        "kind": phase.kind,
        "measured": run.measured,
        "rate": str(phase.rate) if phase.rate else None,
        "arrivals": phase.arrivals if phase.rate else None,
        "users": phase.users,
        "seconds": run.duration / SECOND if run.duration else None,
        "iterations": iterations,
        "rarest": rarest,
        "quantiles": [name for name in QUANTILES if iterations and iterations * share * (1 - fraction(name)) >= 1],
        "sharp": _sharpness(run, iterations and iterations * share, share),
        "requests": iterations * fewest if iterations and len(profile.scenarios) == 1 else None,
    }


def _rarest(profile: Profile) -> tuple[str | None, float]:
    """The scenario that is drawn least often, and its share of the iterations; None where there is no other."""
    scenario = min(profile.scenarios, key=lambda each: each.weight)
    share = scenario.weight / sum(each.weight for each in profile.scenarios)
    return (scenario.name if len(profile.scenarios) > 1 else None), share


def _sharpness(run: PhaseRun, iterations: float | None, share: float) -> list[dict[str, Any]]:
    """For p99, p99.9 and p99.99: the time that this share of the phase's rate would need for its tail to be known
    within 10 %."""
    rate = run.mean_rate and share * run.mean_rate
    found = []
    for name in ("p99", "p99.9", "p99.99"):
        requests = events(fraction(name), PRECISION)
        seconds = needed(fraction(name), PRECISION, rate) if rate else None
        lasts = (run.duration or 0) / SECOND >= SECONDS
        enough = bool(iterations and iterations >= requests and lasts)
        found.append({"quantile": name, "requests": requests, "seconds": seconds, "enough": enough})
    return found


def _request(profile: Profile, scenario: str, step: str) -> dict[str, Any]:
    """The step's request as iteration 0 would send it; a value that only an answer can give is shown by its name."""
    base = "" if profile.target.sandbox else profile.target.prefix
    found = next(work for work in Workload(profile, base).scenarios if work.name == scenario)
    compiled = next(work for work in found.steps if work.name == step)
    if compiled.constant:
        request = compiled.constant
    else:
        assert compiled.render
        request = compiled.render(Unknown(found.values(0)), 0)
    return {
        "scenario": scenario,
        "step": step,
        "line": request.operation or f"{request.method} {request.path}",
        "headers": dict(request.headers),
        "body": request.body[:400].decode("utf-8", "replace"),
        "body_bytes": len(request.body),
        "timeout_s": compiled.timeout / SECOND,
    }
