"""The result of `loadgen capacity`: the highest rate at which a target keeps what is asked of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.reason import Reason
from loadgen.result.run import Attribution, Provenance, Session, Target, Threshold, Trust, Verdict

Stage = Literal["search", "measure"]


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """What is asked, and how it is measured."""

    keep: tuple[str, ...] = item("the conditions that the target is to keep")
    first_rate: float = item("the first rate that is tried", "1/s")
    max_rate: float | None = item("the highest rate that may be tried; null without a limit", "1/s")
    for_s: float = item("the time that the measurement is to take, about", "s")
    steps: int = item("the number of steps that are measured, beside those of the search")
    step_s: float = item("the measured time of such a step", "s")
    lead_in_s: float = item("the unmeasured time before it, at its own rate", "s")
    search_s: float = item("the measured time of a step of the search", "s")
    seed: int = item("the number from which rates and arrivals are drawn")
    thresholds: tuple[str, ...] = item("what the capacity has to be, as the profile says")
    variants: tuple[str, ...] = item(
        "the variants whose capacities are measured, the baseline first; without an experiment there are none",
        omit=True,
        default=(),
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The variants; without an experiment one without a name."""
        return self.variants or ("",)


@dataclass(frozen=True, slots=True)
class StepCondition:
    """How a step kept one of the conditions."""

    text: str = item("the condition")
    step: str = item("the request that it is about, if there are several; empty for all of them")
    requests: int = item("the number of requests that were judged")
    beyond: int = item("the number of these that were beyond the limit, or without an answer; of errors: that failed")
    allowed: float = item("the share that may be beyond it", "1")
    value_ms: float | None = item("the step's own percentile; null if it is not known, and for errors", "ms")

    @property
    def share(self) -> float:
        return self.beyond / self.requests if self.requests else 1.0

    @property
    def kept(self) -> bool:
        return self.share <= self.allowed


@dataclass(frozen=True, slots=True)
class CapacityStep:
    """One step: a run of its own, at one rate."""

    number: int = item("its number, from 1, in the order in which the steps ran")
    stage: Stage = item("search: it looked for the region of the capacity; measure: it measured there")
    rate: float = item("the offered rate of iterations", "1/s")
    completed: float = item("the rate at which iterations were completed and were ok", "1/s")
    seconds: float = item("the measured time", "s")
    requests: int = item("the requests of the measured time")
    failed: int = item("the requests of these that were not ok")
    conditions: tuple[StepCondition, ...] = item("each condition, for each request of a scenario that it is about")
    above: Reason | None = item(
        "what shows besides the conditions that the rate is above the capacity; null if nothing does"
    )
    failures: dict[str, int] = item("the number of failed requests, by outcome class and, behind a colon, reason")
    tail: Attribution | None = item("whose time the slow requests of the step are; null if that is not known")
    unsent: dict[str, int] = item("the iterations that were not started, by reason")
    core: float | None = item("the share of a core that the busiest worker used; null if it is not known", "1")
    trust: Verdict = item("the verdict on the step's run")
    folder: str = item("the folder of the step's run, below that of the whole")
    usd: float | None = item("the cost of the step on AWS; null if the target is no table", "USD", omit=True)
    variant: str = item("in an experiment: the variant's name", omit=True, default="")

    def condition(self, text: str) -> StepCondition | None:
        """The condition of that text, in the request that kept it the least."""
        mine = [condition for condition in self.conditions if condition.text == text]
        return max(mine, key=lambda condition: condition.share, default=None)

    @property
    def kept(self) -> bool:
        """Whether it kept every condition, and nothing else speaks against its rate."""
        return self.above is None and all(condition.kept for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class HighestRate:
    """The highest rate that keeps the conditions."""

    rate: float | None = item("the capacity; null if it lies outside what was tried", "1/s")
    low: float | None = item(
        "the lower end of its interval, and the safe rate; null if even the lowest rate broke a condition", "1/s"
    )
    high: float | None = item("the upper end of its interval; null if the highest rate kept the conditions", "1/s")
    confidence: float = item("the confidence of the interval", "1")
    condition: str = item("the condition that breaks first; empty if none broke")
    how: Literal["fit", "between", "bucket", "none"] = item(
        "fit: where a line through the steps crosses what is allowed; between: it lies between the highest rate that "
        "kept the conditions and the lowest that did not; bucket: what a throttle refuses in the long run, by the rate "
        "that it lets through and by its burst"
    )
    points: int = item("the number of steps that were used")
    slope: float | None = item(
        "by how much the logit of the share beyond the limit rises with the rate, at the line; null without a line", "s"
    )
    limit: Reason = item("what set the limit")

    @property
    def found(self) -> bool:
        return self.rate is not None

    @property
    def ours(self) -> bool:
        """Whether this machine set the limit, so that the target may do more."""
        return self.limit.code in ("limit_machine", "limit_ports", "limit_resources")

    def share_at(self, rate: float, allowed: float) -> float | None:
        """The share of requests beyond the limit that the line has at that rate; None without a line."""
        if self.rate is None or self.slope is None or not 0 < allowed < 1:
            return None
        logit = math.log(allowed / (1 - allowed)) + self.slope * (rate - self.rate)
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, logit))))

    @property
    def width(self) -> float | None:
        """How wide the interval is, as a share of the capacity."""
        if not self.rate or self.low is None or self.high is None:
            return None
        return (self.high - self.low) / self.rate


@dataclass(frozen=True, slots=True)
class CapacityVariant:
    """The capacity of one variant."""

    name: str = item("the variant's name")
    capacity: HighestRate = item("its capacity")


@dataclass(frozen=True, slots=True)
class CapacityRatio:
    """The capacity of a variant, divided by that of the baseline."""

    variant: str = item("the variant's name")
    baseline: str = item("the baseline's name")
    ratio: float | None = item("the ratio of their capacities; null if one is not known", "1")
    low: float | None = item("the lower end of its interval", "1")
    high: float | None = item("the upper end of its interval", "1")
    confidence: float = item("the confidence of the interval", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityMetadata(Provenance):
    """What is known before the first step."""

    kind: Literal["capacity"] = item("the kind of this document", default="capacity")
    plan: CapacityPlan = item("what is asked, and how it is measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityResult(CapacityMetadata):
    """The capacity of a target."""

    target: Target | None = item("the target of the load; null if there was no step")
    session: Session | None = item("how connections were used; null if there was no step")
    duration_s: float = item("the time that all steps took together", "s")
    complete: bool = item("whether it reached its end")
    interrupted: bool = item("whether a signal interrupted it")
    run: str = item("its folder")
    exit_status: int | None = item("the exit status of loadgen; null if it died")
    unusable: Reason | None = item("why nothing is known of the target: of its first step", omit=True)
    trust: Trust | None = item("the worst verdict of the steps that decide; null if there was no step")
    warnings: tuple[Reason, ...] = item("what the user should know")
    thresholds: tuple[Threshold, ...] = item("the thresholds of the profile's capacity")
    capacity: HighestRate = item("the capacity; of an experiment that of the baseline")
    variants: tuple[CapacityVariant, ...] = item(
        "in an experiment: the capacity of each variant, the baseline's first", omit=True, default=()
    )
    ratios: tuple[CapacityRatio, ...] = item(
        "in an experiment: the capacities of the others, divided by that of the baseline", omit=True, default=()
    )
    steps: tuple[CapacityStep, ...] = item("the steps, in the order in which they ran")

    @property
    def each(self) -> tuple[CapacityVariant, ...]:
        """The capacity of each variant; without an experiment the one of the profile, without a name."""
        return self.variants or (CapacityVariant("", self.capacity),)

    def steps_of(self, variant: str) -> tuple[CapacityStep, ...]:
        return tuple(step for step in self.steps if step.variant == variant)

    @property
    def requests(self) -> int:
        return sum(step.requests for step in self.steps)

    def at(self, folder: str) -> CapacityResult:
        """The same in that folder."""
        return replace(self, run=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPreview:
    """What a measurement would send. `loadgen capacity --dry-run` sends nothing."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["capacity-plan"] = item("the kind of this document", default="capacity-plan")
    name: str = item("the profile's name")
    target: str = item("the target's URL")
    plan: CapacityPlan = item("what is asked, and how it is measured")
    seconds: float = item("the time that it takes, about", "s")
    runs: int = item("the number of steps, those of the search included, about")
    requests_each: float = item("the number of requests for each request a second of the capacity, about", "s")
    requests_at_most: int | None = item("the number of requests at the most; null without a highest rate")
    usd_at_most: float | None = item("what they cost at the most; null if that is not known, or if nobody pays", "USD")
