"""The figures of a run, from counts alone, so that a run that died can still be reported from its folder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from loadgen.analysis.groups import Grouped
from loadgen.analysis.latency import QUANTILES, latency, milliseconds, without_stamps
from loadgen.analysis.off_schedule import MEAN
from loadgen.analysis.per_second import Figure
from loadgen.analysis.shape import shape
from loadgen.analysis.silences import silences_of
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import CONNECTION_LABELS, Invoked, Outcome, Tally
from loadgen.net.counters import CONNECTION_COUNTERS
from loadgen.pacing import Groups
from loadgen.profile.model import Profile
from loadgen.record.attribution import ATTRIBUTED, attribution, attributions
from loadgen.record.environments import Environments
from loadgen.record.ledger import SKIPPED, Ledger
from loadgen.record.lifted import Lift
from loadgen.record.metrics import CENSORED, EVERY, HEADLINES, MOST_RECORDED, RECORDED, STAMPED, Metric, Shown
from loadgen.record.recorder import SeriesKey
from loadgen.record.recording import Recording
from loadgen.record.samples import Kind
from loadgen.record.samples import Sample as KeptSample
from loadgen.record.share import Part, Shares
from loadgen.result.latency import Latency, Resent
from loadgen.result.run import (
    Attempts,
    Attribution,
    Beside,
    ByConnection,
    Connections,
    ConsumedCapacity,
    Failure,
    Invocations,
    Items,
    Iterations,
    OffSchedule,
    OnConnections,
    Phase,
    PlannedRate,
    Requests,
    RunVariant,
    Sample,
    Skipped,
    Step,
    Stratum,
    WholeIteration,
)
from loadgen.result.shape import Shape
from loadgen.stats import Histogram, fraction
from loadgen.trust.network import Network, retried

MB_PER_GB = 1024
UNSENT = {"unsent_limit": "in-flight limit", "unsent_stopped": "stopped"}
UNREAD = "stopped or not known"  # instead of "stopped", where counts of nodes are missing
LABELS = tuple(enumerate(CONNECTION_LABELS))
TIMED = (Outcome.OK, Outcome.TIMEOUT)  # the exchanges that are in a percentile

Entry = tuple[SeriesKey, int, Histogram]
Series = dict[int, list[Entry]]
Sure = Callable[[Figure, Latency], Latency]  # figures, with their intervals


def _unsure(figure: Figure, timed: Latency) -> Latency:
    return timed


@dataclass(frozen=True, slots=True)
class Measured:
    """The raw material of one variant: what was planned, counted and recorded. `quantiles` are those to show; `network`
    has the kernel's figures, None if there are none; `asked` are parts of a time that are the profile's; `stopped` is
    when the run was stopped early, in ns after the start, None if it was not; `environments` are those that
    answered; `hosts` are the target's addresses that requests are counted by, with their numbers; `nodes` has the node
    of each worker, if the load came from nodes; `unread`: what some of them sent at last is not in the ledger."""

    plan: Plan
    ledger: Ledger
    recording: Recording
    quantiles: tuple[str, ...] = QUANTILES
    reasons: Mapping[Kind, int] = field(default_factory=dict)
    network: Network | None = None
    asked: Mapping[Part, str] = field(default_factory=dict)
    stopped: int | None = None
    environments: Environments = field(default_factory=Environments)
    hosts: Mapping[str, int] = field(default_factory=dict)
    nodes: Mapping[int, int] = field(default_factory=dict)
    unread: bool = False


def quantiles_of(profile: Profile) -> tuple[str, ...]:
    """The quantiles that every run shows, and those that the profile's thresholds and its primary figure name."""
    asked = [t.quantile for thresholds in profile.thresholds.values() for t in thresholds]
    if profile.experiment and profile.experiment.primary:
        asked.append(profile.experiment.primary.quantile)
    return tuple(dict.fromkeys((*QUANTILES, *(name for name in asked if name.startswith("p")))))


def variant(m: Measured, sure: Sure = _unsure, name: str = "run") -> RunVariant:
    """One entry of a result's `variants`; `sure` adds the intervals."""
    series: Series = defaultdict(list)
    grouped = Grouped.of(m.recording, m.hosts, m.nodes)
    for (key, metric), histogram in m.recording.histograms.items():
        series[key.slot].append((key, metric, histogram))
    drained = m.ledger.iteration(m.plan.drain.number)["planned"]
    runs = (*m.plan.runs, m.plan.drain) if drained else m.plan.runs
    phases = tuple(_phase(m, run, series, grouped, sure) for run in runs)
    beside = tuple(_beside(m, run, run.groups, series, grouped) for run in m.plan.beside if run.groups)
    every = (*phases, *(stream.phase for stream in beside))
    counted = dict(zip(CONNECTION_COUNTERS, m.ledger.connections.tolist(), strict=True))
    return RunVariant(
        name=name,
        iterations=_all_iterations(phase.iterations for phase in phases),
        requests=_all_requests(phase.requests for phase in phases),
        connections=Connections(**counted, reused=sum(of.connections.reused for of in every)),
        network=m.network.to_result() if m.network else None,
        phases=phases,
        beside=beside,
    )


def _beside(m: Measured, run: PhaseRun, groups: Groups, series: Series, grouped: Grouped) -> Beside:
    phase = replace(_phase(m, run, series, grouped, _unsure), measured=True)
    return Beside(groups.every / SECOND, groups.at_once, groups.after / SECOND, phase)


def _phase(m: Measured, run: PhaseRun, series: Series, grouped: Grouped, sure: Sure) -> Phase:
    phase = run.phase
    slots = m.plan.slots_of(run)
    alone = [_step(m, run, slot, series[slot], sure) for slot in slots]
    steps = grouped.beside_each_other(alone, slots, run.measured, m.quantiles)
    cycles = max(other.cycle for other in m.plan.runs)
    return Phase(
        name=run.name,
        cycle=run.cycle or 1,
        cycles=cycles if run.cycle else 1,
        kind=phase.kind,
        measured=run.measured,
        seconds=run.duration / SECOND if run.duration else None,
        ran=_ran(m, run),
        rate=PlannedRate(*run.rates) if run.rates else None,
        arrivals=phase.arrivals if phase.rate else None,
        users=phase.users,
        iterations=_iterations(m.ledger.iteration(run.number), m.unread),
        requests=_all_requests(step.requests for step in steps),
        connections=_on_connections([item for slot in slots for item in series[slot]]),
        round_trip_ms=milliseconds(m.network.round_trip) if m.network else None,
        iteration_ms=tuple(_whole_iterations(m, run, slots, series, sure)),
        steps=steps,
        silences=silences_of(run, m.plan, m.recording.traffic, m.stopped) if run.measured else (),
    )


def _ran(m: Measured, run: PhaseRun) -> float | None:
    """The seconds for which a phase ran: fewer than planned if the run was stopped. None if not known."""
    if m.stopped is None or not run.duration:
        return run.duration / SECOND if run.duration else None
    before = [earlier.duration for earlier in m.plan.runs[: run.number]]
    measured = [duration for duration in before if duration is not None]
    return min(max(m.stopped - sum(measured), 0), run.duration) / SECOND if len(measured) == len(before) else None


def _step(m: Measured, run: PhaseRun, slot: int, series: list[Entry], sure: Sure) -> Step:
    scenario, step = m.plan.of_slot(slot)[1]
    outcomes = m.ledger.outcome(slot).tolist()
    metrics = {metric for _, metric, _ in series}
    recorded = sorted(metrics & set(range(RECORDED, RECORDED + MOST_RECORDED)))
    latency_ms = _latencies(m, run, slot, series, metrics, sure)
    headline = Metric.RESPONSE if _applies(run, Metric.RESPONSE) else Metric.SERVICE
    spread = _shape(m, series, headline)
    whose = _attributions(m, slot, series, headline, latency_ms)
    skipped = {name: m.ledger.skipped[slot * len(SKIPPED) + number] for number, name in enumerate(SKIPPED)}
    return Step(
        scenario=scenario,
        step=step,
        requests=Requests(
            m.ledger.sent[slot],
            m.ledger.wired[slot],
            {Outcome(number).word: count for number, count in enumerate(outcomes) if count},
        ),
        skipped=Skipped(**skipped),
        latency_ms=latency_ms,
        # on the step between two kinds of answers there is no one time to divide up
        whose_ms={name: of for name, of in whose.items() if not (spread and name in spread.on_step)},
        strata=_strata(m, run, slot, series, sure),
        by_connection=_by_connection(m, series),
        failures=_failures(m, run, slot, series),
        recorded_ms={m.plan.metrics[number - RECORDED]: _of(m, series, number) for number in recorded},
        off_schedule=_off_schedule(m, run, slot),
        shape=spread,
        attempts=_attempts(m, slot, series),
        items=_items(m.ledger.tally(slot)),
        capacity=_capacity(m.ledger.tally(slot)),
        invocations=_invocations(m.ledger.invoked_of(slot)),
    )


def _shape(m: Measured, series: list[Entry], headline: Metric) -> Shape | None:
    mine = (h for key, metric, h in series if metric == headline and key.outcome == Outcome.OK)
    return shape(Histogram.together(mine), m.quantiles)


def _latencies(
    m: Measured, run: PhaseRun, slot: int, series: list[Entry], metrics: set[int], sure: Sure
) -> dict[str, Latency]:
    step = slot % len(m.plan.steps)
    latency_ms = {
        metric.word: sure(Figure(run.number, step, metric), _of(m, series, metric))
        for metric in Metric
        if _is_shown(metric, run, metrics)
    }
    connect = Metric.CONNECT.word
    latency_ms[connect] = replace(latency_ms[connect], resent=_resent(series))
    return latency_ms


def _is_shown(metric: Metric, run: PhaseRun, metrics: set[int]) -> bool:
    """Whether a step has it among its latencies, of whose exchanges `metrics` are known."""
    where = metric.spec.shown
    return (where is Shown.ALWAYS and _applies(run, metric)) or (where is Shown.WHERE_ANY and metric in metrics)


def _resent(series: list[Entry]) -> Resent | None:
    """Connects that took as long as one whose first packet is sent again."""
    counts = retried(Histogram.together([histogram for _, metric, histogram in series if metric == Metric.CONNECT]))
    return Resent(counts.connects, counts.age // SECOND) if counts.age else None


def _attributions(
    m: Measured, slot: int, series: list[Entry], headline: Metric, latency_ms: dict[str, Latency]
) -> dict[str, Attribution]:
    """Whose time the ok exchanges took, if all of them have shares: a run's folder keeps none. This machine's share of
    a percentile is that of the verdict on the run, of which timeouts are a part."""
    shares, every = (_shares(m, slot, outcomes) for outcomes in ((Outcome.OK,), TIMED))
    timed = sum(h.count for key, metric, h in series if metric == headline and key.outcome == Outcome.OK)
    if not shares.count or shares.count != timed:
        return {}
    lift = Lift(every, m.asked)
    lifted = {name: of.share for name in ATTRIBUTED if (of := lift.of(name))}
    return attributions(shares, latency_ms[headline.word], lifted, m.asked)


def _shares(m: Measured, slot: int, outcomes: Collection[Outcome]) -> Shares:
    every = m.recording.shares.items()
    return Shares.together(shares for key, shares in every if key.slot == slot and key.outcome in outcomes)


def _off_schedule(m: Measured, run: PhaseRun, slot: int) -> dict[str, OffSchedule]:
    """How much of each tail of a scheduled load did not leave as planned. Timeouts are in it, and iterations that
    were not started, which would have been the slowest."""
    shares = _shares(m, slot, TIMED)
    if run.phase.closed or not shares.count:
        return {}
    unsent = m.ledger.iteration(run.number)["unsent_limit"]
    tails = {MEAN: Fraction(1), **{name: 1 - fraction(name) for name in m.quantiles}}
    return {name: _off(shares, tail, unsent) for name, tail in tails.items()}


def _off(shares: Shares, share: Fraction, unsent: int) -> OffSchedule:
    tail = shares.slowest(share)
    requests, displaced, waited = (round(tail[part]) for part in (Part.COUNT, Part.OFF_SCHEDULE, Part.WAITED))
    return OffSchedule(requests + unsent, displaced + unsent, waited)


def _attempts(m: Measured, slot: int, series: list[Entry]) -> Attempts | None:
    """How many attempts the operations of a step took, and how they ended, if a step may take several."""
    ended: Counter[str] = Counter()
    for key, metric, histogram in series:
        if metric == Metric.OPERATION:
            ended[Outcome(key.outcome).word] += histogram.count
    attempts = m.ledger.sent[slot]
    operations = attempts - m.ledger.repeated[slot]
    if not ended and attempts == operations:
        return None
    return Attempts(operations, attempts, round(attempts / operations, 6) if operations else None, dict(ended))


def _items(tally: Tally) -> Items | None:
    return Items(tally.items, tally.left) if tally.items else None


def _capacity(tally: Tally) -> ConsumedCapacity | None:
    return ConsumedCapacity(tally.sampled, tally.read / 1000, tally.written / 1000) if tally.sampled else None


def _invocations(of: Invoked) -> Invocations | None:
    if not of.answers:
        return None
    return Invocations(
        answers=of.answers,
        reports=of.reports,
        told=of.told,
        prepared=of.prepared,
        billed_ms=of.billed,
        billed_gb=round(of.billed_memory / MB_PER_GB / 1000, 6),
        memory_mb=of.memory or None,
        memory_used_mb=of.memory_used or None,
    )


def _applies(run: PhaseRun, metric: Metric) -> bool:
    return not (run.phase.closed and metric.spec.scheduled)


def _of(m: Measured, series: list[Entry], metric: int, **wanted: object) -> Latency:
    """The figures of a metric: of ok exchanges, with timeouts as censored values if a timeout cuts this metric
    short."""
    matching = [
        (key, histogram)
        for key, of, histogram in series
        if of == metric and all(getattr(key, name) == value for name, value in wanted.items())
    ]
    every = metric in EVERY
    values = Histogram.together([h for key, h in matching if every or key.outcome == Outcome.OK])
    late = (
        Histogram.together([h for key, h in matching if key.outcome == Outcome.TIMEOUT]) if metric in CENSORED else None
    )
    timed = latency(values, late, m.quantiles)
    if metric in STAMPED:
        return without_stamps(timed, _of(m, series, Metric.SERVICE, outcome=Outcome.OK, **wanted).count - values.count)
    return timed


def _strata(m: Measured, run: PhaseRun, slot: int, series: list[Entry], sure: Sure) -> tuple[Stratum, ...]:
    strata, step = [], slot % len(m.plan.steps)
    unassigned = sum(
        histogram.count
        for key, metric, histogram in series
        if metric == Metric.SIGN and key.outcome == Outcome.TIMEOUT and not key.stratum
    )
    for stratum in sorted({key.stratum for key, _, _ in series if key.stratum}):
        every = {
            metric.word: sure(Figure(run.number, step, metric, stratum), _of(m, series, metric, stratum=stratum))
            for metric in HEADLINES
        }
        if latency_ms := {name: block for name, block in every.items() if block.count}:
            strata.append(Stratum(stratum, max(block.count for block in latency_ms.values()), latency_ms, unassigned))
    return tuple(strata)


def _by_connection(m: Measured, series: list[Entry]) -> dict[str, ByConnection]:
    services = {label: _of(m, series, Metric.SERVICE, connection=number) for number, label in LABELS}
    return {label: ByConnection(service.count, service) for label, service in services.items() if service.count}


def _failures(m: Measured, run: PhaseRun, slot: int, series: list[Entry]) -> tuple[Failure, ...]:
    """The failures by class, with their reasons and how long they took: to the answer, or until it was certain."""
    metric = Metric.RESPONSE if _applies(run, Metric.RESPONSE) else Metric.SERVICE
    failures = []
    for number, count in enumerate(m.ledger.outcome(slot).tolist()):
        if count and number != Outcome.OK:
            mine = [h for key, of, h in series if key.outcome == number and of == metric]
            reasons = {why: n for (at, of, why), n in m.reasons.items() if (at, of) == (slot, number) and why}
            latency_ms = {metric.word: latency(Histogram.together(mine), quantiles=m.quantiles)}
            failures.append(Failure(Outcome(number).word, count, reasons, latency_ms))
    return tuple(failures)


def _whole_iterations(
    m: Measured, run: PhaseRun, slots: Sequence[int], series: Series, sure: Sure
) -> Iterable[WholeIteration]:
    """By scenario and stratum; the empty stratum is all of them. An iteration of one step is that step's operation."""
    several = {scenario for scenario, _ in m.plan.steps if [name for name, _ in m.plan.steps].count(scenario) > 1}
    for step, slot in enumerate(slots):
        scenario = m.plan.of_slot(slot)[1][0]
        metrics = {metric for _, metric, _ in series[slot]}
        single = Metric.OPERATION if Metric.OPERATION in metrics else Metric.RESPONSE
        metric = Metric.ITERATION if scenario in several else single
        strata = {key.stratum for key, of, _ in series[slot] if of == metric}
        for stratum in ("", *sorted(strata - {""})) if strata else ():
            whole = _of(m, series[slot], metric, **({"stratum": stratum} if stratum else {}))
            if whole.count:
                yield WholeIteration(scenario, stratum, sure(Figure(run.number, step, metric, stratum), whole))


def _on_connections(series: list[Entry]) -> OnConnections:
    """How many exchanges were on each kind of connection, of those that got one."""
    count = dict.fromkeys(CONNECTION_LABELS, 0)
    for key, metric, histogram in series:
        if metric == Metric.SERVICE:
            count[CONNECTION_LABELS[key.connection]] += histogram.count
    return OnConnections(**count)


def _iterations(fields: dict[str, int], unread: bool) -> Iterations:
    words = UNSENT | ({"unsent_stopped": UNREAD} if unread else {})
    unsent = {word: fields[name] for name, word in words.items() if fields[name]}
    kept = {name: fields[name] for name in ("planned", "started", "completed", "failed", "cut_short")}
    return Iterations(**kept, unsent=sum(unsent.values()), unsent_why=unsent)


def _all_iterations(parts: Iterable[Iterations]) -> Iterations:
    every = tuple(parts)
    return Iterations(
        planned=sum(part.planned for part in every),
        started=sum(part.started for part in every),
        completed=sum(part.completed for part in every),
        failed=sum(part.failed for part in every),
        cut_short=sum(part.cut_short for part in every),
        unsent=sum(part.unsent for part in every),
        unsent_why=_added(part.unsent_why for part in every),
    )


def _all_requests(parts: Iterable[Requests]) -> Requests:
    every = tuple(parts)
    outcomes = _added(part.outcomes for part in every)
    return Requests(sum(part.sent for part in every), sum(part.on_wire for part in every), outcomes)


def _added(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def sample(m: Measured, kept: KeptSample) -> Sample:
    """An exchange that was kept, in the form of a result."""
    run, (scenario, step) = m.plan.of_slot(kept.slot)
    times = {name: ns for name, ns in kept.times.items() if ns > 0 or name != Metric.WAIT_DELAY.word}
    return Sample(
        phase=run.name,
        cycle=run.cycle or 1,
        scenario=scenario,
        step=step,
        outcome=kept.outcome,
        reason=kept.reason,
        method=kept.method,
        path=kept.path,
        status=kept.status,
        second=kept.second,
        attempt=kept.attempt,
        connection=kept.connection,
        request_id=kept.request_id,
        headers=kept.headers,
        message=kept.message,
        location=kept.location,
        wordless=kept.wordless,
        times_ms={name: round(ns / MILLISECOND, 6) for name, ns in times.items()},
        whose_ms=attribution(kept.times, not run.phase.closed, m.asked),
    )
