"""The result of an experiment: its runs, and how they compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.latency import PERCENTILE
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
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

    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    requests: Requests = item("the step's ledger of requests")
    skipped: Skipped = item("the step's requests that were not made")


@dataclass(frozen=True, slots=True)
class RoundPhase:
    """The ledgers of one run of a phase. Its latencies are in the result of the run itself: rounds are never pooled."""

    name: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle, from 1")
    measured: bool = item("whether the phase's figures count; those of a warm-up do not")
    iterations: Iterations = item("the phase's ledger of iterations")
    requests: Requests = item("the phase's ledger of requests")
    steps: tuple[RoundStep, ...] = item("the phase's steps")


@dataclass(frozen=True, slots=True)
class Round:
    """The run of a variant in one round."""

    round: int = item("the number of the round, from 1")
    folder: str = item("the run's folder, below the experiment's folder")
    started: str = item("the time when the run began, in UTC, ISO 8601")
    trust: Verdict = item("the run's verdict")
    accepted: bool = item("whether the run is INVALID and its user accepts its figures nevertheless")
    reasons: tuple[TrustSignal, ...] = item("the signals of the run that are not VALID, the worst first")
    exit_status: int | None = item("the run's exit status; null if it died")
    duration_s: float = item("the time that the run took", "s")
    iterations: Iterations = item("the ledger of iterations of the whole run")
    requests: Requests = item("the ledger of requests of the whole run")
    connections: Connections = item("the connections of the whole run")
    phases: tuple[RoundPhase, ...] = item("the run's phases, in the order in which they ran")
    session: Session = item("how the profile wants connections to be used")
    client: str = item("the client that sent the load")
    target: str = item("the URL of the target")
    seed: int | None = item("the number from which its arrivals were drawn; null in an older result", default=None)


@dataclass(frozen=True, slots=True)
class ExperimentVariant:
    """A variant and its runs."""

    name: str = item("the variant's name")
    values: dict[str, object] = item("the variant's value of each axis of the matrix")
    rounds: tuple[Round, ...] = item("the variant's runs, one for each round", default=())


@dataclass(frozen=True, slots=True)
class Design:
    """How the variants are compared, as it was fixed before the first run; and how many rounds were made."""

    looks: tuple[int, ...] = item("the planned looks: after how many rounds a verdict is given")
    baseline: str = item("the variant that the others are compared with")
    primary: str = item("the figure that the verdict is about")
    margin: float = item("how far a ratio may be from 1 and still count as equivalent, as a share", "1")
    duet: bool = item("whether the variants of a round run at the same time")
    seed: int = item("the number from which the order of the variants and their arrivals are drawn")
    thresholds: dict[str, tuple[str, ...]] = item(
        "the thresholds that compare two variants, as the profile has them, by phase"
    )
    by_resolution: bool = item(
        "whether a difference that the machine cannot tell counts as equivalent too, because the profile names no "
        "margin",
        omit=True,
        default=False,
    )
    rounds: int = item("the number of complete rounds", default=0)
    again: tuple[int, ...] = item(
        "the rounds that were carried out once more, because they held an INVALID run", default=()
    )
    order: tuple[tuple[str, ...], ...] = item("the variants of each round, in the order in which they ran", default=())


# how they compare


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold before a verdict is given."""

    check: str = item("the check's name")
    ok: bool = item("whether the condition holds")
    why: tuple[Reason, ...] = item("all that is wrong; or, if the condition holds, what shows that it does")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a variant over the rounds, compared with the same figure of its baseline."""

    variant: str = item("the variant's name")
    baseline: str = item("the name of the variant that it is compared with")
    phase: str = item("the phase's name")
    step: str = item("the step's name; empty for whole iterations")
    metric: str = item("the metric")
    quantile: str = item("a percentile, or mean")
    primary: bool = item("whether it is the primary figure: the one that the experiment is decided by")
    baseline_ms: float | None = item(
        "the baseline's figure, as the mean over the rounds; null if a round lacks it", "ms"
    )
    variant_ms: float | None = item("the variant's figure, as the mean over the rounds; null if a round lacks it", "ms")
    ratio: float | None = item("the ratio of the variant's figure to the baseline's; null if a round lacks one", "1")
    ratio_low: float | None = item(
        "the lower end of the ratio's interval; null without an interval, as of fewer than 6 rounds", "1"
    )
    ratio_high: float | None = item(
        "the upper end of the ratio's interval; null without an interval, or if nothing bounds it", "1"
    )
    difference_ms: float | None = item("the variant's figure minus the baseline's", "ms")
    difference_low: float | None = item("the lower end of the difference's interval; null without an interval", "ms")
    difference_high: float | None = item(
        "the upper end of the difference's interval; null without an interval, or if nothing bounds it", "ms"
    )
    verdict: ComparisonVerdict = item("the verdict that follows from the interval of the ratio, or of the difference")
    why: Reason | None = item("why there is no verdict, or why it is weaker than the interval alone would allow")
    more_rounds: int | None = item(
        "of an inconclusive figure: the number of further rounds that would decide it at the confidence that it has "
        "among the others, if the ratio stays the same"
    )
    rounds: tuple[tuple[float | None, float | None], ...] = item(
        "for each round, the baseline's figure and the variant's; null where the round lacks it", "ms"
    )
    margin_ms: float | None = item(
        "the difference that counts as equivalent: the machine's resolution, if it is more than the margin's share of "
        "the baseline",
        "ms",
        omit=True,
    )


@dataclass(frozen=True, slots=True)
class PartMedian:
    """The median of a part, as the mean over the rounds."""

    baseline_ms: float | None = item("the baseline's median; null if it is not known", "ms")
    variant_ms: float | None = item("the variant's median; null if it is not known", "ms")
    difference_ms: float | None = item(
        "the variant's median minus the baseline's; null if one of them is not known", "ms"
    )


@dataclass(frozen=True, slots=True)
class Part:
    """How much of the mean time of all requests one part of a request takes."""

    variant: str = item("the variant's name")
    baseline: str = item("the name of the variant that it is compared with")
    phase: str = item("the phase's name")
    step: str = item("the step's name")
    part: str = item("the part's name, or the whole: response, in a closed load service")
    adds: bool = item("whether the part is one of those that add up to the whole")
    baseline_ms: float = item("the baseline's time, as the mean over the rounds", "ms")
    variant_ms: float = item("the variant's time, as the mean over the rounds", "ms")
    difference_ms: float = item("the variant's time minus the baseline's", "ms")
    p50: PartMedian = item("the part's median; its values are null if the part has no distribution of its own")
    difference_low: float | None = item(
        "the lower end of the difference's interval; null without an interval, as of fewer than 6 rounds",
        "ms",
        default=None,
    )
    difference_high: float | None = item(
        "the upper end of the difference's interval; null without an interval", "ms", default=None
    )


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of a variant in ms, as the geometric mean over its rounds, with its interval. After fewer than 6 rounds
    the ends of the interval are None."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The percentiles of a variant."""

    variant: str = item("the variant's name")
    phase: str = item("the phase's name")
    step: str = item("the step's name; empty for whole iterations")
    metric: str = item("the metric")
    points: tuple[tuple[str, float, float | None, float | None], ...] = item(
        "for each percentile: its name, its geometric mean over the rounds, and the two ends of its interval", "ms"
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The variants compared with their baseline."""

    baseline: str = item("the variant that the others are compared with")
    primary: str = item("the figure that the verdict is about")
    margin: float = item("how far a ratio may be from 1 and still count as equivalent, as a share", "1")
    confidence: float = item("the confidence of the intervals", "1")
    valid: bool = item("whether verdicts may be given")
    why_not: tuple[Reason, ...] = item("all reasons why no verdict may be given")
    checks: tuple[Check, ...] = item("what must hold before a verdict is given, and whether it does")
    figures: tuple[Figure, ...] = item("the figures of each variant")
    parts: tuple[Part, ...] = item("the parts of a request's time, which show where a difference comes from")
    curves: tuple[Curve, ...] = item("the percentiles of each variant")
    resolution: Resolution | None = item(
        "the differences that the machine cannot tell: the median of the runs, if the profile names no margin",
        omit=True,
    )
    notes: tuple[Reason, ...] = item(
        "what is to be known beside the verdicts, and speaks against none", omit=True, default=()
    )


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """The figures of a variant at one value of the axis."""

    at: str = item("the variant's value of the axis")
    variant: str = item("the variant's name")
    offered: float | None = item("the planned rate of iterations; null if users set the pace", "1/s")
    rate: float | None = item("the rate at which iterations were started; null if the duration is not known", "1/s")
    errors: float | None = item("the share of requests that were not ok; null if none was sent", "1")
    figures: dict[str, float | None] = item(
        "a percentile or the mean, as the geometric mean over the rounds, and the ends of its interval",
        "ms",
        inline=rf"(mean|{PERCENTILE})(_low|_high)?",
        default_factory=dict,
    )
    rounds: dict[str, tuple[float, ...]] = item(
        "for a percentile or the mean, its value in each round", "ms", default_factory=dict
    )
    completed: float | None = item(
        "the rate at which iterations were completed; of a run that did not settle, before its end; null if the "
        "duration is not known",
        "1/s",
        omit=True,
    )
    throttled: float | None = item("the share of requests that were throttled; null if none was sent", "1", omit=True)
    unsettled: int = item(
        "in how many rounds the phase grew as long as it ran: the figures are those of its length", omit=True, default=0
    )
    core: float | None = item(
        "the greatest share of a core that one of this machine's workers used; null if it is not known", "1", omit=True
    )
    usd: float | None = item("the mean cost of a run on a table; null if it is not known", "USD", omit=True)

    def figure(self, quantile: str) -> Point | None:
        """The figure of that name; None if a round lacks it."""
        value = self.figures.get(quantile)
        if value is None:
            return None
        return Point(value, self.figures.get(f"{quantile}_low"), self.figures.get(f"{quantile}_high"))


@dataclass(frozen=True, slots=True)
class Slope:
    """Whether the ratio to another series changes along the axis."""

    baseline: str = item("what the variants of the other series have in common")
    quantile: str = item("a percentile, or mean")
    primary: bool = item("whether it is of the primary figure")
    points: int = item("the number of the axis's values that it is from: those at which both series have settled")
    rounds: int = item("the number of rounds")
    factor: float | None = item(
        "the factor by which the ratio changes with each doubling of the axis; null if it is not known", "1"
    )
    low: float | None = item("the lower end of the factor's interval; null without one", "1")
    high: float | None = item("the upper end of the factor's interval; null without one", "1")
    confidence: float = item("the confidence of the interval: all that stand beside it share 5 % of doubt", "1")
    verdict: Literal["rises", "falls", "inconclusive", "none"] = item(
        "whether the whole interval is above or below 1; none without an interval"
    )
    why: Reason | None = item("why there is no interval")


@dataclass(frozen=True, slots=True)
class Scaling:
    """Latency along an axis of the matrix. The variants differ in nothing else."""

    series: str = item("what these variants have in common")
    axis: str = item("the axis's name")
    phase: str = item("the phase's name")
    step: str = item("the step's name; empty for whole iterations")
    metric: str = item("the metric")
    points: tuple[ScalingPoint, ...] = item("the points in the order of the axis")
    load: bool = item("whether the axis sets the load", omit=True, default=True)
    slopes: tuple[Slope, ...] = item(
        "how the ratio to the baseline's series changes along the axis", omit=True, default=()
    )


@dataclass(frozen=True, slots=True)
class VariantCost:
    """What a variant costs by the price list, and how often it started cold: over all of its runs."""

    variant: str = item("the variant's name")
    door: str = item("what the function is called through: invoke, rest-api, http-api, function-url")
    cold: float | None = item("the share of cold starts among the answers that tell; null if none tells", "1")
    million_usd: float = item("a million calls: requests, duration and front door, as far as they are known", "USD")
    requests_usd: float = item("of that: Lambda's requests", "USD")
    duration_usd: float | None = item("of that: the duration; null if no answer told what is billed", "USD")
    door_usd: float = item("of that: the front door", "USD")
    billed_ms: float | None = item("what is billed of a call, on average; null if no answer told", "ms")
    memory_mb: int | None = item("the memory of the function; null if no answer told", "MB")
    beside_per_hour: float = item("the calls that go on beside the load", "1/h")
    beside_usd: float | None = item("what they cost in an hour; null if no answer told what is billed", "USD")
    provisioned: int = item("the provisioned environments, as the profile says")
    provisioned_usd: float | None = item("what they cost in an hour; null if their price is not known", "USD")
    region: str = item("the region whose prices these are")
    architecture: str = item("the architecture whose prices these are")
    date: str = item("when the prices were read; empty for the profile's own")
    asked: str = item("the region of the function, and of what stands before it", omit=True, default="")
    prepared: int = item(
        "the answers with an Init or a Restore that they did not wait for; `billed_ms` and `duration_usd` leave them "
        "out",
        omit=True,
        default=0,
    )

    @property
    def hour_usd(self) -> float | None:
        """What an hour costs besides the load's calls; None if a part of it is not known."""
        parts = self.beside_usd, self.provisioned_usd
        return None if None in parts else sum(part or 0.0 for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentMetadata(Provenance):
    """What is known of an experiment before its runs."""

    kind: Literal["experiment"] = item("the kind of this document", default="experiment")
    experiment: Design = item("how the variants are compared")
    variants: tuple[ExperimentVariant, ...] = item("the variants and their runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult(ExperimentMetadata):
    """The result of an experiment."""

    target: Target | None = item("the target of the load; null if there was no run")
    duration_s: float = item("the time that all of the runs took together", "s")
    complete: bool = item("whether the experiment reached its end")
    interrupted: bool = item("whether a signal interrupted the experiment")
    run: str = item("the experiment's folder")
    exit_status: int | None = item("the exit status of loadgen; null if it died")
    unusable: Reason | None = item("of its first run that says nothing of the target: why", omit=True)
    trust: Trust | None = item("the worst verdict of its runs; null if there was no run")
    warnings: tuple[Reason, ...] = item("what the user should know")
    thresholds: tuple[Threshold, ...] = item("the limits that the profile sets for figures, over the rounds")
    comparison: Comparison | None = item("the variants compared with their baseline; null if no round is complete")
    scaling: tuple[Scaling, ...] = item("latency along each axis whose values are numbers, or that sets the load")
    costs: tuple[VariantCost, ...] = item(
        "what each variant costs, where one has a front door, calls beside the load, or provisioned environments",
        omit=True,
        default=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRuns:
    """The result of `loadgen keepalive --idle`: a run for each pause."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["idle"] = item("the kind of this document", default="idle")
    idle: tuple[RunResult, ...] = item("the runs, in the order of the pauses")
