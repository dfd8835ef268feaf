"""The result of an experiment: what its runs say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.latency import PERCENTILE
from loadgen.result.reason import Reason
from loadgen.result.run import (
    Connections,
    Iterations,
    Provenance,
    Requests,
    RunResult,
    Session,
    Skipped,
    Target,
    Threshold,
    Trust,
    TrustSignal,
    Verdict,
)

ComparisonVerdict = Literal["faster", "slower", "equivalent", "inconclusive", "none"]

# the runs


@dataclass(frozen=True, slots=True)
class RoundStep:
    """The ledgers of a step in one run of a phase."""

    scenario: str = item("its scenario")
    step: str = item("its name")
    requests: Requests = item("its ledger")
    skipped: Skipped = item("its requests that were not made")


@dataclass(frozen=True, slots=True)
class RoundPhase:
    """The ledgers of one run of a phase. Its latencies are in the run's own result: rounds are never pooled."""

    name: str = item("its name")
    cycle: int = item("which of its cycles, from 1")
    measured: bool = item("whether its figures count")
    iterations: Iterations = item("its ledger of iterations")
    requests: Requests = item("its ledger of requests")
    steps: tuple[RoundStep, ...] = item("its steps")


@dataclass(frozen=True, slots=True)
class Round:
    """The run of a variant in one round."""

    round: int = item("which round, from 1")
    folder: str = item("the run's folder, below that of the experiment")
    started: str = item("when it began, in UTC, ISO 8601")
    trust: Verdict = item("its verdict")
    accepted: bool = item("whether it is INVALID and its user takes its figures all the same")
    disturbed: bool = item("whether more than making connections speaks against it")
    reasons: tuple[TrustSignal, ...] = item("the signals of the run that are not VALID, the worst first")
    exit_status: int | None = item("the status of the run")
    duration_s: float = item("how long it took", "s")
    iterations: Iterations = item("the ledger of iterations of the whole run")
    requests: Requests = item("the ledger of requests of the whole run")
    connections: Connections = item("the connections of the whole run")
    phases: tuple[RoundPhase, ...] = item("its phases, in the order in which they ran")
    session: Session = item("the connections that were asked for")
    client: str = item("which client sent it")
    target: str = item("the URL that it went to")


@dataclass(frozen=True, slots=True)
class ExperimentVariant:
    """A variant and its runs."""

    name: str = item("its name")
    values: dict[str, object] = item("its value of each axis of the matrix")
    rounds: tuple[Round, ...] = item("its runs, one for each round", default=())


@dataclass(frozen=True, slots=True)
class Design:
    """How the variants are compared, as it was fixed before the first run, and how far that came."""

    looks: tuple[int, ...] = item("after how many rounds a verdict is planned")
    baseline: str = item("the variant that the others are compared with")
    primary: str = item("the figure that the verdict is about")
    margin: float = item("how far a ratio may be from 1 and count as equivalent, as a share", "1")
    duet: bool = item("whether the variants of a round run at the same time")
    seed: int = item("what the order of the variants and their arrivals are drawn from")
    thresholds: dict[str, tuple[str, ...]] = item("thresholds of two variants, by phase, as they were written")
    rounds: int = item("rounds that are complete", default=0)
    order: tuple[tuple[str, ...], ...] = item("the variants of each round, in the order in which they ran", default=())


# what they say together


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold before a verdict is given."""

    check: str = item("its name")
    ok: bool = item("whether it holds")
    why: tuple[Reason, ...] = item("what was seen: all that is wrong, or, where it holds, what it rests on")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a variant compared with that of its baseline, over the rounds."""

    variant: str = item("the variant")
    baseline: str = item("the variant that it is compared with")
    phase: str = item("of which phase")
    step: str = item("of which step; empty for whole iterations")
    metric: str = item("of which metric")
    quantile: str = item("a percentile, or mean")
    primary: bool = item("whether it is the figure that the experiment is about")
    baseline_ms: float | None = item("the baseline's, as the mean over the rounds; null if a round lacks it", "ms")
    variant_ms: float | None = item("the variant's, as the mean over the rounds; null if a round lacks it", "ms")
    ratio: float | None = item("the ratio of the variant to the baseline", "1")
    ratio_low: float | None = item("the lower end of its interval", "1")
    ratio_high: float | None = item("the upper end of its interval; null where nothing bounds it", "1")
    difference_ms: float | None = item("the variant's less the baseline's", "ms")
    difference_low: float | None = item("the lower end of its interval", "ms")
    difference_high: float | None = item("the upper end of its interval; null where nothing bounds it", "ms")
    verdict: ComparisonVerdict = item("what the interval of the ratio says")
    why: Reason | None = item("why there is no verdict, or a lesser one than the interval alone would give")
    more_rounds: int | None = item("of an inconclusive one: rounds that would decide, if this is the ratio")
    rounds: tuple[tuple[float | None, float | None], ...] = item("of each round: the baseline's, the variant's", "ms")


@dataclass(frozen=True, slots=True)
class PartMedian:
    """The median of a part, as the mean over the rounds."""

    baseline_ms: float | None = item("the baseline's", "ms")
    variant_ms: float | None = item("the variant's", "ms")
    difference_ms: float | None = item("the variant's less the baseline's", "ms")


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of a request takes of the mean of all requests."""

    variant: str = item("the variant")
    baseline: str = item("the variant that it is compared with")
    phase: str = item("of which phase")
    step: str = item("of which step")
    part: str = item("which part, or the whole: response, of a closed load service")
    adds: bool = item("whether it is one of those that add up to the whole")
    baseline_ms: float = item("the baseline's, as the mean over the rounds", "ms")
    variant_ms: float = item("the variant's, as the mean over the rounds", "ms")
    difference_ms: float = item("the variant's less the baseline's", "ms")
    p50: PartMedian = item("its median, where it has a distribution of its own")


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of a variant as the mean over its rounds, in ms, with its interval. Its ends are None after one
    round."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The percentiles of a variant."""

    variant: str = item("the variant")
    phase: str = item("of which phase")
    step: str = item("of which step; empty for whole iterations")
    metric: str = item("of which metric")
    points: tuple[tuple[str, float, float | None, float | None], ...] = item(
        "of each percentile: its name, the mean over the rounds, and the ends of its interval", "ms"
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The variants compared with their baseline."""

    baseline: str = item("the variant that the others are compared with")
    primary: str = item("the figure that the verdict is about")
    margin: float = item("how far a ratio may be from 1 and count as equivalent, as a share", "1")
    confidence: float = item("the confidence of the intervals", "1")
    valid: bool = item("whether verdicts may be given")
    why_not: tuple[Reason, ...] = item("all that speaks against a verdict")
    checks: tuple[Check, ...] = item("what must hold before a verdict is given")
    figures: tuple[Figure, ...] = item("the figures of each variant")
    parts: tuple[Part, ...] = item("where a difference comes from")
    curves: tuple[Curve, ...] = item("the percentiles of each variant")


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """The figures of a variant at one value of the axis."""

    at: str = item("the value of the axis")
    variant: str = item("the variant")
    offered: float | None = item("iterations that the plan has; null where users set the pace", "1/s")
    rate: float | None = item("iterations that were started; null where the time is not known", "1/s")
    errors: float | None = item("the share of requests that were not ok; null if none was sent", "1")
    figures: dict[str, float | None] = item(
        "a percentile or the mean over the rounds, and the ends of its interval",
        "ms",
        inline=rf"(mean|{PERCENTILE})(_low|_high)?",
        default_factory=dict,
    )

    def figure(self, quantile: str) -> Point | None:
        """The figure of that name; None if a round lacks it."""
        value = self.figures.get(quantile)
        if value is None:
            return None
        return Point(value, self.figures.get(f"{quantile}_low"), self.figures.get(f"{quantile}_high"))


@dataclass(frozen=True, slots=True)
class Scaling:
    """Latency over an axis that sets the load, of variants that differ in nothing else."""

    series: str = item("what these variants have in common")
    axis: str = item("the axis")
    phase: str = item("of which phase")
    step: str = item("of which step; empty for whole iterations")
    metric: str = item("of which metric")
    points: tuple[ScalingPoint, ...] = item("in the order of the axis")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentMetadata(Provenance):
    """What is known of an experiment before its runs."""

    kind: Literal["experiment"] = item("what this document is", default="experiment")
    experiment: Design = item("how the variants are compared")
    variants: tuple[ExperimentVariant, ...] = item("the variants and their runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult(ExperimentMetadata):
    """The result of an experiment."""

    target: Target | None = item("where the load went; null if there was no run")
    duration_s: float = item("how long its runs took, all together", "s")
    complete: bool = item("whether it came to its end")
    interrupted: bool = item("whether it was interrupted by a signal")
    run: str = item("its folder")
    exit_status: int | None = item("the status that loadgen ended with; null where it died")
    trust: Trust = item("the worst of its runs' verdicts")
    warnings: tuple[Reason, ...] = item("what the user should know")
    thresholds: tuple[Threshold, ...] = item("what the profile asks, over the rounds")
    comparison: Comparison | None = item("the variants compared with their baseline; null if no round is complete")
    scaling: tuple[Scaling, ...] = item("latency over an axis of the load")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRuns:
    """What `loadgen keepalive --idle` found: a run for each pause."""

    schema: Literal["loadgen.result/3"] = item("the version of this document", default=SCHEMA)
    kind: Literal["idle"] = item("what this document is", default="idle")
    idle: tuple[RunResult, ...] = item("the runs, in the order of the pauses")
