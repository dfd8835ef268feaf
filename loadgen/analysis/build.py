"""What is kept of a run as one plain value, `loadgen.result/1`: built from counts alone, so that a run that died can
still be reported from what it left on disk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from loadgen.analysis.latency import QUANTILES, figures, milliseconds
from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import CONNECTION_LABELS, Outcome, Tally
from loadgen.net.counters import CONNECTION_COUNTERS
from loadgen.profile.model import Profile
from loadgen.record.attribution import whose
from loadgen.record.ledger import SKIPPED, Ledger
from loadgen.record.metrics import MOST_RECORDED, RECORDED, Metric
from loadgen.record.recorder import SeriesKey
from loadgen.record.recording import Recording
from loadgen.record.samples import Kind, Sample
from loadgen.record.share import Shares
from loadgen.stats import Histogram
from loadgen.trust.network import Network, retried

SCHEMA = "loadgen.result/1"
SHOWN = (
    Metric.RESPONSE, Metric.SERVICE, Metric.CONNECT, Metric.LAG, Metric.WAIT, Metric.CLIENT_DELAY,
    Metric.SIGN, Metric.DNS, Metric.TCP, Metric.TLS, Metric.HANDSHAKE_CPU, Metric.WAIT_DELAY,
    Metric.CONNECT_DELAY,
)  # fmt: skip
RARE = (Metric.OPERATION, Metric.BACKOFF, Metric.BUILD)  # only of steps that have them
HEADLINES = (Metric.RESPONSE, Metric.SERVICE)
CENSORED = (*HEADLINES, Metric.ITERATION, Metric.OPERATION)
OURS = (Metric.LAG, Metric.SIGN, Metric.BACKOFF, Metric.BUILD)  # without the target: of all, whatever became of them
UNSENT = {"unsent_limit": "in-flight limit", "unsent_stopped": "stopped"}
LABELS = tuple(enumerate(CONNECTION_LABELS))

Entry = tuple[SeriesKey, int, Histogram]
Series = dict[int, list[Entry]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The raw material of one variant: what was planned, counted and recorded. `quantiles` are those to be shown;
    `network` is what the kernel told of it, None where it told nothing; `holds_back`, whether retries are adaptive;
    `stopped` is when the run was stopped early, in ns after the start, None if it was not."""

    plan: Plan
    ledger: Ledger
    recording: Recording
    quantiles: tuple[str, ...] = QUANTILES
    reasons: Mapping[Kind, int] = field(default_factory=dict)
    network: Network | None = None
    holds_back: bool = False
    stopped: int | None = None


def quantiles_of(profile: Profile) -> tuple[str, ...]:
    """Those that every run shows, and those that the profile's thresholds and its primary figure name."""
    asked = [t.quantile for thresholds in profile.thresholds.values() for t in thresholds]
    if profile.experiment and profile.experiment.primary:
        asked.append(profile.experiment.primary.quantile)
    return tuple(dict.fromkeys((*QUANTILES, *(name for name in asked if name.startswith("p")))))


def variant(m: Measured, name: str = "run") -> dict[str, Any]:
    """One entry of a result's `variants`."""
    series: Series = defaultdict(list)
    for (key, metric), histogram in m.recording.histograms.items():
        series[key.slot].append((key, metric, histogram))
    runs = m.plan.all_runs if m.ledger.iteration(m.plan.drain.number)["planned"] else m.plan.runs
    phases = [_phase(m, run, series) for run in runs]
    connections = dict(zip(CONNECTION_COUNTERS, m.ledger.connections.tolist(), strict=True))
    connections["reused"] = sum(phase["connections"]["reused"] for phase in phases)
    return {
        "name": name,
        "iterations": _sum([phase["iterations"] for phase in phases]),
        "requests": _sum([phase["requests"] for phase in phases]),
        "connections": connections,
        "network": m.network.told() if m.network else None,
        "phases": phases,
    }


def _phase(m: Measured, run: PhaseRun, series: Series) -> dict[str, Any]:
    phase = run.phase
    slots = [m.plan.slot(run.number, step) for step in range(len(m.plan.steps))]
    steps = [_step(m, run, slot, series[slot]) for slot in slots]
    iterations = _iterations(m.ledger.iteration(run.number))
    cycles = max(other.cycle for other in m.plan.runs)
    return {
        "name": run.name,
        "cycle": run.cycle or 1,
        "cycles": cycles if run.cycle else 1,
        "kind": phase.kind,
        "measured": run.measured,
        "seconds": run.duration / SECOND if run.duration else None,
        "ran": _ran(m, run),
        "rate": {"planned": phase.rate.start, "planned_end": phase.rate.end} if phase.rate else None,
        "arrivals": phase.arrivals if phase.rate else None,
        "users": phase.users,
        "iterations": iterations,
        "requests": _sum([step["requests"] for step in steps]),
        "connections": _labels([item for slot in slots for item in series[slot]]),
        "round_trip_ms": milliseconds(m.network.round_trip) if m.network else None,
        "iteration_ms": _iteration_times(m, slots, series),
        "steps": steps,
    }


def _ran(m: Measured, run: PhaseRun) -> float | None:
    """The seconds for which a phase ran, which are fewer than it has where the run was stopped. None if that is not
    known."""
    if m.stopped is None or not run.duration:
        return run.duration / SECOND if run.duration else None
    before = [earlier.duration for earlier in m.plan.runs[: run.number]]
    known = [duration for duration in before if duration is not None]
    return min(max(m.stopped - sum(known), 0), run.duration) / SECOND if len(known) == len(before) else None


def _step(m: Measured, run: PhaseRun, slot: int, series: list[Entry]) -> dict[str, Any]:
    scenario, step = m.plan.of_slot(slot)[1]
    outcomes = m.ledger.outcome(slot).tolist()
    metrics = {metric for _, metric, _ in series}
    own = sorted(metrics & set(range(RECORDED, RECORDED + MOST_RECORDED)))
    headline = Metric.RESPONSE if _applies(run, Metric.RESPONSE) else Metric.SERVICE
    shown = (*(metric for metric in SHOWN if _applies(run, metric)), *(metric for metric in RARE if metric in metrics))
    latency = {metric.word: _of(m, series, metric) for metric in shown}
    latency["connect"]["notes"] += _retried(series)
    return {
        "scenario": scenario,
        "step": step,
        "requests": {
            "sent": m.ledger.sent[slot],
            "on_wire": m.ledger.wired[slot],
            "outcomes": {Outcome(number).word: count for number, count in enumerate(outcomes) if count},
        },
        **_attempts(m, slot, series),
        **_tally(m.ledger.tally(slot)),
        "skipped": {name: m.ledger.skipped[slot * len(SKIPPED) + number] for number, name in enumerate(SKIPPED)},
        "latency_ms": latency,
        "whose_ms": whose(_shares(m, slot, series, headline), latency[headline.word], m.holds_back),
        "strata": _strata(m, series),
        "by_connection": _by_connection(m, series),
        "failures": _failures(m, run, slot, series),
        "recorded_ms": {m.plan.metrics[number - RECORDED]: _of(m, series, number) for number in own},
    }


def _retried(series: list[Entry]) -> list[str]:
    """What there is to say of connects that took as long as one whose first packet is sent again."""
    found = retried(_together([histogram for _, metric, histogram in series if metric == Metric.CONNECT]))
    if not found.age:
        return []
    why = "the target's queue for new connections was full, or the packet lost. That is not how long the target takes"
    after = f"mostly after {found.age // SECOND} s"
    return [f"the first packets of {found.connects:,} connects were sent again, {after}, by how long they took: {why}"]


def _shares(m: Measured, slot: int, series: list[Entry], headline: Metric) -> Shares:
    """Of the ok exchanges, if it is of all of them: none is kept in a folder."""
    mine = (key for key in m.recording.shares if key.slot == slot and key.outcome == Outcome.OK)
    shares = Shares.together(m.recording.shares[key] for key in mine)
    seen = sum(h.count for key, metric, h in series if metric == headline and key.outcome == Outcome.OK)
    return shares if shares.count == seen else Shares()


def _attempts(m: Measured, slot: int, series: list[Entry]) -> dict[str, Any]:
    """How many attempts its operations took, and how they ended, where one may take several."""
    ended: Counter[str] = Counter()
    for key, metric, histogram in series:
        if metric == Metric.OPERATION:
            ended[Outcome(key.outcome).word] += histogram.count
    attempts = m.ledger.sent[slot]
    operations = attempts - m.ledger.repeated[slot]
    if not ended and attempts == operations:
        return {}
    ratio = round(attempts / operations, 6) if operations else None
    block = {"operations": operations, "attempts": attempts, "per_operation": ratio, "outcomes": dict(ended)}
    return {"attempts": block}


def _tally(tally: Tally) -> dict[str, Any]:
    """Items and consumed capacity, where there are any."""
    found: dict[str, Any] = {}
    if tally.items:
        found["items"] = {"sent": tally.items, "unprocessed": tally.left}
    if tally.sampled:
        units = {"read_units": tally.read / 1000, "write_units": tally.written / 1000}
        found["capacity"] = {"sampled_calls": tally.sampled, **units}
    return found


def _applies(run: PhaseRun, metric: Metric) -> bool:
    return run.phase.kind != "closed" or metric not in (Metric.RESPONSE, Metric.LAG)


def _of(m: Measured, series: list[Entry], metric: int, **wanted: object) -> dict[str, Any]:
    """The figures of a metric: of ok exchanges, timeouts as censored where it is a time that one cuts short."""
    matching = [
        (key, histogram)
        for key, of, histogram in series
        if of == metric and all(getattr(key, name) == value for name, value in wanted.items())
    ]
    every = metric in OURS
    seen = _together([h for key, h in matching if every or key.outcome == Outcome.OK])
    late = _together([h for key, h in matching if key.outcome == Outcome.TIMEOUT]) if metric in CENSORED else None
    return figures(seen, late, m.quantiles)


def _together(histograms: list[Histogram]) -> Histogram:
    total = Histogram()
    for histogram in histograms:
        total.add(histogram)
    return total


def _strata(m: Measured, series: list[Entry]) -> list[dict[str, Any]]:
    found = []
    unknown = sum(
        histogram.count
        for key, metric, histogram in series
        if metric == Metric.SIGN and key.outcome == Outcome.TIMEOUT and not key.stratum
    )
    for stratum in sorted({key.stratum for key, _, _ in series if key.stratum}):
        latency = {metric.word: _of(m, series, metric, stratum=stratum) for metric in HEADLINES}
        latency = {name: block for name, block in latency.items() if block["count"]}
        for block in latency.values() if unknown else ():
            block["notes"].append(f"{unknown:,} timeouts are of no stratum, as no answer could tell")
        if latency:
            count = max(block["count"] for block in latency.values())
            found.append({"stratum": stratum, "count": count, "latency_ms": latency})
    return found


def _by_connection(m: Measured, series: list[Entry]) -> dict[str, Any]:
    found = {}
    for number, label in LABELS:
        service = _of(m, series, Metric.SERVICE, connection=number)
        if service["count"]:
            found[label] = {"count": service["count"], "service": service}
    return found


def _failures(m: Measured, run: PhaseRun, slot: int, series: list[Entry]) -> list[dict[str, Any]]:
    """The failures by class, with their reasons and how long they took: to the answer, or until it was certain."""
    metric = Metric.RESPONSE if _applies(run, Metric.RESPONSE) else Metric.SERVICE
    found = []
    for number, count in enumerate(m.ledger.outcome(slot).tolist()):
        if count and number != Outcome.OK:
            mine = [h for key, of, h in series if key.outcome == number and of == metric]
            reasons = {why: n for (at, of, why), n in m.reasons.items() if (at, of) == (slot, number) and why}
            latency = {metric.word: figures(_together(mine), quantiles=m.quantiles)}
            found.append({"outcome": Outcome(number).word, "count": count, "reasons": reasons, "latency_ms": latency})
    return found


def _iteration_times(m: Measured, slots: list[int], series: Series) -> list[dict[str, Any]]:
    """By scenario and stratum, the empty one being all of them. An iteration of one step is that one's operation."""
    found = []
    several = {scenario for scenario, _ in m.plan.steps if [name for name, _ in m.plan.steps].count(scenario) > 1}
    for slot in slots:
        scenario = m.plan.of_slot(slot)[1][0]
        known = {metric for _, metric, _ in series[slot]}
        single = Metric.OPERATION if Metric.OPERATION in known else Metric.RESPONSE
        metric = Metric.ITERATION if scenario in several else single
        strata = {key.stratum for key, of, _ in series[slot] if of == metric}
        for stratum in ("", *sorted(strata - {""})) if strata else ():
            latency = _of(m, series[slot], metric, **({"stratum": stratum} if stratum else {}))
            if latency["count"]:
                found.append({"scenario": scenario, "stratum": stratum, "latency": latency})
    return found


def _labels(series: list[Entry]) -> dict[str, int]:
    """How many exchanges were on a new, a reused and a resumed connection: those that came to have one."""
    count = dict.fromkeys(CONNECTION_LABELS, 0)
    for key, metric, histogram in series:
        if metric == Metric.SERVICE:
            count[CONNECTION_LABELS[key.connection]] += histogram.count
    return count


def _iterations(fields: dict[str, int]) -> dict[str, Any]:
    unsent = {word: fields[name] for name, word in UNSENT.items() if fields[name]}
    kept = {name: fields[name] for name in ("planned", "started", "completed", "failed", "cut_short")}
    return {**kept, "unsent": sum(unsent.values()), "unsent_why": unsent}


def _sum(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures added up key by key, at every depth."""
    total: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict):
                total[name] = _sum([total.get(name, {}), value])
            else:
                total[name] = total.get(name, 0) + value
    return total


def sample(plan: Plan, kept: Sample) -> dict[str, Any]:
    """An exchange that was kept, as a result shows it."""
    run, (scenario, step) = plan.of_slot(kept.slot)
    fields = asdict(kept)
    times = {name: milliseconds(value) for name, value in fields.pop("times").items()}
    del fields["slot"]
    return {"phase": run.name, "cycle": run.cycle or 1, "scenario": scenario, "step": step, **fields, "times_ms": times}
