"""Makes a run's result and its exit status from the measured values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path

from loadgen.analysis import bands
from loadgen.analysis import thresholds as limits
from loadgen.analysis.build import Measured, sample, variant
from loadgen.analysis.cold_wave import with_cold_waves
from loadgen.analysis.confidence import Confidence
from loadgen.analysis.counted import Counted
from loadgen.analysis.findings import findings
from loadgen.analysis.per_second import Figure
from loadgen.analysis.standing import DOUBTS, Standing
from loadgen.analysis.unusable import unusable
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.errors import Exit, worst
from loadgen.exchange import Outcome
from loadgen.profile.model import Threshold as Asked
from loadgen.record.ledger import Ledger
from loadgen.record.metrics import CENSORED, Metric
from loadgen.record.packed import Counts
from loadgen.record.recording import Recording
from loadgen.record.samples import Kept
from loadgen.record.seconds import Reread
from loadgen.record.share import Part, Shares
from loadgen.result.latency import Latency
from loadgen.result.node import Node
from loadgen.result.reason import Reason
from loadgen.result.resolution import ASSUMED, Resolution
from loadgen.result.run import (
    Cost,
    FunctionCost,
    Metadata,
    RunResult,
    RunVariant,
    Samples,
    Sandbox,
    Setup,
    Threshold,
    Trust,
    Until,
    Witness,
)
from loadgen.trust.figure import Place, step_of
from loadgen.trust.finding import Verdict
from loadgen.trust.verdict import overall
from loadgen.trust.watch import Tail

_OF_A_TAIL = {Metric.CLIENT_DELAY: "delay", Metric.WAIT: "wait", Metric.DNS: "dns", Metric.CONNECT: "connect"}


COUNTED = CENSORED | {Metric.SIGN}  # what is counted bin by bin for a result without thresholds


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and what it kept besides figures."""

    elapsed: int
    folder: str | None
    seconds: Iterable[Counts] | None = None  # what the folder has of `COUNTED`, if it was read already
    interrupted: bool = False
    stopped: bool = False
    refused: bool = False  # the target takes no more from us
    unserved: Reason | None = None  # the target ended, or fell silent
    lost: bool = False
    absent: Mapping[int, Reason] = field(default_factory=dict)  # by phase, why not all of its load is there
    complete: bool = True
    warnings: Sequence[Reason] = ()
    kept: Kept = field(default_factory=lambda: Kept([], [], {}, []))
    sandbox: Sandbox | None = None
    resolution: Resolution = ASSUMED
    until: Until | None = None
    levels: limits.Levels = field(default_factory=dict)  # of the looks at thresholds, if there were any
    witness: Witness | None = None
    setup: Setup | None = None
    cost: Cost | None = None
    function_cost: FunctionCost | None = None
    sdk: dict[str, object] | None = None
    nodes: tuple[Node, ...] = ()


def conclude(
    metadata: Metadata,
    measured: Measured,
    standing: Standing,
    ending: Ending,
    thresholds: Mapping[str, tuple[Asked, ...]],
) -> RunResult:
    """The result of a run."""
    seconds = ending.seconds or (Reread(Path(ending.folder)) if ending.folder else None)
    confidence = Confidence.read(measured, seconds)
    settled = _settled(variant(measured, partial(_sure, measured.plan, confidence, standing)), confidence)
    counted = _banded(settled, bands.read(measured, seconds))
    counted = with_cold_waves(counted, measured.plan, seconds, measured.environments)
    verdict, failure = overall(standing.findings), ending.unserved or _unusable(measured)
    machines = metadata.share.of if metadata.share else 1
    checked = limits.check(
        limits.of_part(thresholds, machines),
        counted.phases,
        partial(Counted.read, measured, seconds),
        standing,
        ending.levels,
        bands.ramps(measured.plan, measured.stopped),
        tuple(stream.phase for stream in counted.beside),
        ending.absent,
    )
    checked = [limits.told_of_part(threshold, machines) for threshold in checked]
    checked = [limits.undecided_if_unread(threshold, measured.unread) for threshold in checked]
    doubted = any(of.accepted or (of.why and of.why.code in DOUBTS) for of in checked)
    statuses = {threshold.status for threshold in checked}
    holds = {
        Exit.INTERRUPTED: ending.interrupted,
        Exit.WORKER_LOST: ending.lost,
        Exit.UNUSABLE: ending.refused or failure is not None,
        Exit.INVALID: doubted or (standing.primary and verdict is Verdict.INVALID),
        Exit.THRESHOLD: ending.stopped or "failed" in statuses,
        Exit.UNDECIDED: "undecided" in statuses,
    }
    metadata_fields = {of.name: getattr(metadata, of.name) for of in fields(Metadata)}
    return RunResult(
        **metadata_fields | {"target": metadata.target.counted(ending.sandbox)},
        duration_s=round(ending.elapsed / SECOND, 3),
        complete=ending.complete and not ending.lost,
        interrupted=ending.interrupted,
        run=ending.folder,
        exit_status=int(worst({status for status, held in holds.items() if held})),
        unusable=failure,
        resolution=ending.resolution,
        trust=_trust(verdict, standing),
        warnings=tuple(ending.warnings),
        thresholds=tuple(checked),
        findings=findings(counted, ending.nodes),
        variants=(counted,),
        samples=Samples(
            failed=tuple(sample(measured, kept) for kept in ending.kept.failed),
            slowest=tuple(sample(measured, kept) for kept in ending.kept.slowest),
        ),
        nodes=ending.nodes,
        until=_reached(ending.until, checked),
        witness=ending.witness,
        setup=ending.setup,
        cost=ending.cost,
        function_cost=ending.function_cost,
        sdk=ending.sdk,
    )


def _unusable(m: Measured) -> Reason | None:
    """Why the phases say nothing of the target, whatever became of what went on beside them."""
    reasons = {kind: count for kind, count in m.reasons.items() if not m.plan.of_slot(kind[0])[0].groups}
    return unusable(m.plan.of_phases(m.ledger), reasons)


def _reached(until: Until | None, checked: Sequence[Threshold]) -> Until | None:
    """The goal, which is reached if nothing is left undecided, where that was the goal."""
    if until is None or until.within is not None:
        return until
    return replace(until, reached=not any(of.status == "undecided" and of.counts for of in checked))


def _sure(plan: Plan, confidence: Confidence, standing: Standing, figure: Figure, timed: Latency) -> Latency:
    """Figures with their intervals, and with the verdict on those of which this machine made too much. Of a stratum
    there is no such verdict."""
    sure = confidence.of(figure, timed)
    if figure.stratum:
        return sure
    of, (scenario, name) = plan.all_runs[figure.run], plan.steps[figure.step]
    place = Place(of.name, of.cycle or 1, step_of(scenario, name, len(plan.steps)))
    return standing.marked(place, Metric(figure.metric).word, sure)


def _settled(of: RunVariant, confidence: Confidence) -> RunVariant:
    """With what is known of whether each phase has settled; they are in the order of the plan."""
    phases = (replace(phase, settling=confidence.settling.get(number)) for number, phase in enumerate(of.phases))
    return replace(of, phases=tuple(phases))


def _banded(of: RunVariant, every: bands.Bands) -> RunVariant:
    """With the bands of the offered rate; phases and steps are in the order of the plan."""
    phases = []
    for run, phase in enumerate(of.phases):
        steps = (replace(each, bands=every.get((run, number), ())) for number, each in enumerate(phase.steps))
        phases.append(replace(phase, steps=tuple(steps)))
    return replace(of, phases=tuple(phases))


def tails(plan: Plan, recording: Recording) -> list[Tail]:
    """The exchanges that the verdict judges, for each measured run of a phase."""
    tails = {run.number: Tail() for run in plan.runs if run.measured}
    for (key, metric), histogram in recording.histograms.items():
        run = plan.of_slot(key.slot)[0]
        if tail := tails.get(run.number):
            whole = Metric.SERVICE if run.phase.kind == "closed" else Metric.RESPONSE
            if metric == Metric.LAG:
                tail.lag.add(histogram)
            elif key.outcome == Outcome.OK and metric in (whole, *_OF_A_TAIL):
                getattr(tail, "whole" if metric == whole else _OF_A_TAIL[Metric(metric)]).add(histogram)
    stamped = any(of.sums[:, Part.STAMPED].any() for key, of in recording.shares.items() if key.outcome == Outcome.OK)
    for key, shares in sorted(recording.shares.items(), key=lambda item: item[0].slot):  # as they are planned
        run, (scenario, step) = plan.of_slot(key.slot)
        if (tail := tails.get(run.number)) and key.outcome in (Outcome.OK, Outcome.TIMEOUT):
            place = Place(run.name, run.cycle or 1, step_of(scenario, step, len(plan.steps)))
            # where there are stamps, the kernel had no answer in time: none was read late
            unread = stamped and key.outcome == Outcome.TIMEOUT
            tail.steps.setdefault(place, Shares()).add(shares.all_stamped() if unread else shares)
    return list(tails.values())


def untimed(ledger: Ledger, recording: Recording) -> int:
    """How many finished exchanges left no times: each has exactly one `sign`."""
    return finished(ledger) - recording.total(Metric.SIGN).count


def finished(ledger: Ledger) -> int:
    """How many exchanges came to an end."""
    counts = ledger.outcome_counts()
    return sum(counts) - counts[Outcome.LOST]


def _trust(verdict: Verdict, standing: Standing) -> Trust:
    against = sorted((finding for finding in standing.findings if finding.verdict), key=lambda of: -of.verdict)
    return Trust(
        verdict=verdict.word,
        accepted=standing.accepted and verdict is Verdict.INVALID,
        reasons=tuple(finding.to_result() for finding in against),
        figures=standing.figures,
        signals=tuple(finding.to_result() for finding in standing.findings),
    )
