"""What a witness says of the workers: their p50 and p99 beside its own, and whether they lie in its interval.

Both saw the same seconds, so what the target did is in both. Given that, exchanges that came at random are as good as
drawn together, and the interval is the exact one for the workers' figure by the ranks of the witness's values
(`stats.order`). All intervals of a run together hold with `SURE`: each has its part of the rest.

Only what ought to be alike is compared:

- exchanges on connections of the kind that most of the workers' had: a witness sends so seldom that more of its own
  are opened anew
- the response, from due: what the generator adds before it sends is what is looked for
- the service instead, in a closed phase, which has nothing else, and where the workers waited for a connection of a
  pool that the profile caps: the witness has its own connections
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loadgen.analysis.latency import milliseconds
from loadgen.clock import MILLISECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import CONNECTION_LABELS, Outcome
from loadgen.profile.model import Profile
from loadgen.record.metrics import WAITED, Metric
from loadgen.record.recording import Recording
from loadgen.result.check import WitnessForecast
from loadgen.result.reason import Reason
from loadgen.runner.witness.load import EACH, judged, watched
from loadgen.stats import Histogram, fraction
from loadgen.stats import fewest as fewest_shown
from loadgen.stats.order import MOST, Between, between, fewest
from loadgen.trust.finding import Finding, Verdict

SIGNAL = "witness"
QUANTILES = ("p50", "p99")
SURE = 0.99
FINE, SHARE = MILLISECOND // 5, 0.01  # what loadgen promises of its own figures: within 0.2 ms and 1 %
LATE = MILLISECOND  # at p99: a witness that is, is none
INSIDE, NEAR, ABOVE, BELOW = "inside", "near", "above", "below"

Entry = dict[str, Any]


def confidence(plan: Plan) -> float:
    """That of each interval."""
    number = sum(judged(run) for run in plan.runs) * len(plan.steps) * len(QUANTILES)
    return 1 - (1 - SURE) / max(1, number)


def needed(plan: Plan) -> dict[str, int]:
    """How many exchanges a figure takes, by quantile."""
    return {name: fewest(fraction(name), EACH, confidence(plan)) for name in QUANTILES}


@dataclass(frozen=True, slots=True)
class _Both:
    """A metric of one step in one run: the workers' exchanges, and the witness's. Each is the ok ones, timeouts."""

    workers: tuple[Histogram, Histogram]
    witness: tuple[Histogram, Histogram]


def figures(plan: Plan, workers: Recording, witness: Recording, capped: bool = False) -> list[Entry]:
    """An entry for each quantile of each step in each phase that was watched. `plan` is the workers'; `capped` says
    that the profile caps their connections."""
    return [
        {**place, **_compared(name, run, plan, both)}
        for run in plan.runs
        if watched(run)
        for place, both in _places(run, plan, workers, witness, capped)
        for name in QUANTILES
    ]


def _places(
    run: PhaseRun, plan: Plan, workers: Recording, witness: Recording, capped: bool
) -> Iterator[tuple[Entry, _Both]]:
    for step, (scenario, name) in enumerate(plan.steps):
        slot = plan.slot(run.number, step)
        kinds = range(len(CONNECTION_LABELS))
        most = max(kinds, key=lambda kind: workers.total(Metric.SERVICE, slot=slot, connection=kind).count)
        metric = Metric.SERVICE if run.phase.closed or (capped and _waited(workers, slot)) else Metric.RESPONSE
        both = _Both(_values(workers, metric, slot, most), _values(witness, metric, slot, most))
        others = sum(_count(_values(witness, metric, slot, kind)) for kind in kinds if kind != most)
        yield (
            {
                "phase": run.name,
                "cycle": run.cycle or 1,
                "scenario": scenario,
                "step": name,
                "metric": metric.word,
                "connection": CONNECTION_LABELS[most],
                "workers": _count(both.workers),
                "exchanges": _count(both.witness),
                "left_out": others,
            },
            both,
        )


def _waited(workers: Recording, slot: int) -> bool:
    return (workers.total(Metric.WAIT, slot=slot, outcome=Outcome.OK).quantile(fraction("p99")) or 0) > WAITED


def _values(recording: Recording, metric: Metric, slot: int, kind: int) -> tuple[Histogram, Histogram]:
    workers = recording.total(metric, slot=slot, connection=kind, outcome=Outcome.OK)
    return workers, recording.total(metric, slot=slot, connection=kind, outcome=Outcome.TIMEOUT)


def _count(values: tuple[Histogram, Histogram]) -> int:
    return values[0].count + values[1].count


def _compared(name: str, run: PhaseRun, plan: Plan, both: _Both) -> Entry:
    p, (workers, late), (own, own_late) = fraction(name), both.workers, both.witness
    theirs = workers.quantile(p, late.count) if _count(both.workers) >= fewest_shown(name) else None
    interval = between(p, own, own_late.count, _count(both.workers), confidence(plan))
    why = None if interval and theirs is not None else _unknown(name, plan, both)
    said = _side(theirs, interval) if interval and theirs is not None else ""
    return {
        "quantile": name,
        "workers_ms": milliseconds(theirs),
        "witness_ms": milliseconds(own.quantile(p, own_late.count)),
        "low": milliseconds(interval.low) if interval else None,
        "high": milliseconds(interval.high) if interval else None,
        "says": said,
        "judged": bool(said) and judged(run),
        "why": why,
    }


def _unknown(name: str, plan: Plan, both: _Both) -> Reason:
    """Why nothing can be said."""
    workers, there = _count(both.workers), _count(both.witness)
    if not workers or not there:
        return Reason.of("none_ok", of="witness" if workers else "workers")
    least = fewest(fraction(name), workers / there, confidence(plan))
    if least >= MOST:
        return Reason.of("too_few_of_workers", count=workers)
    if there < least:
        return Reason.of("too_few_of_witness", count=there, needs=least)
    return Reason.of("workers_have_none", timeouts=both.workers[1].count)


def _side(value: int, interval: Between) -> str:
    """Where a figure lies: NEAR is out of the interval, by no more than figures are exact to."""
    low, high = interval
    if high is not None and value > high:
        return ABOVE if value > high * (1 + SHARE) + FINE else NEAR
    if low is not None and value < low:
        return BELOW if value < low * (1 - SHARE) - FINE else NEAR
    return INSIDE


def lateness(plan: Plan, witness: Recording) -> int | None:
    """The p99 of how late the witness itself was, in ns: in sending, or in reading. None if it sent nothing."""
    p99s = []
    for metric in (Metric.LAG, Metric.CLIENT_DELAY):
        total = Histogram()
        for run in filter(watched, plan.runs):
            for step in range(len(plan.steps)):
                total.add(witness.total(metric, slot=plan.slot(run.number, step)))
        p99s.append(total.quantile(fraction("p99")))
    return max((p99 for p99 in p99s if p99 is not None), default=None)


def finding(entries: list[Entry], late: int | None, folder: str) -> Finding:
    """The verdict's signal. A witness that was `late` itself has figures that are too high, never too low: workers who
    are above it are above the truth too; of workers who are below it nothing is known."""
    counted = [entry for entry in entries if entry["judged"]]
    above, below = ([entry for entry in counted if entry["says"] == side] for side in (ABOVE, BELOW))
    if above:
        return _disagreement("witness_above", above)
    if below and (late or 0) <= LATE:
        return _disagreement("witness_below", below, folder)
    if below:
        return Finding(SIGNAL, Reason.of("witness_late", p99_ms=milliseconds(late)))
    if not counted:
        return Finding(SIGNAL, Reason.of("witness_too_few"))
    rest = len(entries) - len(counted)
    return Finding(SIGNAL, Reason.of("witness_agrees", figures=len(counted), not_judged=rest))


def _disagreement(code: str, entries: list[Entry], folder: str | None = None) -> Finding:
    """Of the figures that disagree, the one that does most."""
    worst = max(entries, key=lambda entry: abs(entry["workers_ms"] / entry["witness_ms"] - 1))
    observed = Reason.of(
        code,
        **{name: worst[name] for name in ("phase", "step", "metric", "quantile", "workers_ms", "witness_ms")},
        cycle=worst["cycle"] if any(entry["cycle"] > 1 for entry in entries) else None,
        low_ms=worst["low"],
        high_ms=worst["high"],
        others=len(entries) - 1,
        folder=folder,
    )
    return Finding(SIGNAL, observed, Verdict.DEGRADED, Verdict.DEGRADED)


def forecast(profile: Profile) -> list[WitnessForecast]:
    """How many exchanges of each step a witness will have in each phase that it watches, of how many that it needs."""
    plan = Plan.of(profile)
    weights = sum(scenario.weight for scenario in profile.scenarios)
    shares = {scenario.name: scenario.weight / weights for scenario in profile.scenarios}
    least = needed(plan)
    return [
        WitnessForecast(
            phase=run.name,
            cycle=run.cycle or 1,
            scenario=scenario,
            step=step,
            judged=judged(run),
            exchanges=(expected := _expected(planned, shares[scenario])),
            needed=least,
            enough={name: expected is not None and expected >= number for name, number in least.items()},
        )
        for run in plan.runs
        if watched(run)
        for planned in (run.planned(0, 1) if run.phase.rate else None,)
        for scenario, step in plan.steps
    ]


def _expected(planned: int | None, share: float) -> int | None:
    return None if planned is None else round(planned * share / EACH)
