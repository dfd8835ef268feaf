"""The result of `loadgen tune`: what each memory size of a Lambda function takes and costs, and which one to choose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.run import LambdaPrices, Provenance, Session, Target, Threshold, Trust, Verdict

Strategy = Literal["cost", "speed", "balanced", "keep"]
Start = Literal["on-demand", "snapstart", "provisioned"]


@dataclass(frozen=True, slots=True)
class TuneCell:
    """What is measured by itself: a memory size, with the rest that is set beside it."""

    function: str = item("the function's name or ARN")
    memory: int = item("the memory size; 0: not known before the function is looked at", "MB")
    name: str = item("its name; of a memory size alone not there", omit=True, default="")
    qualifier: str | None = item("the version or the alias, if it was there before", omit=True)
    start: Start = item("how its environments begin", omit=True, default="on-demand")
    provisioned: int = item("the number of provisioned environments", omit=True, default=0)
    architecture: str = item("the architecture, when the function was looked at", omit=True, default="")

    @property
    def key(self) -> str:
        return self.name or str(self.memory)

    @property
    def published(self) -> bool:
        """Whether a version is published for it."""
        return self.start != "on-demand" and self.qualifier is None


@dataclass(frozen=True, slots=True)
class TunePlan:
    """What is measured, and how."""

    function: str = item("the function's name or ARN")
    sizes: tuple[int, ...] = item("the memory sizes, ascending", "MB")
    calls: int = item("the calls of each size, in all rounds together, at least")
    rounds: int = item("the number of rounds, in each of which every size has its turn")
    rate: float | None = item("the rate at which calls are due; null: one call follows the other", "1/s")
    keep: tuple[str, ...] = item("the conditions of --keep")
    seed: int = item("the number from which the orders, the arrivals and the payloads are drawn")
    max_usd: float | None = item("no visit begins when the calls have come to this; null without a limit", "USD")
    cells: tuple[TuneCell, ...] = item("what is measured, if it is more than memory sizes", omit=True, default=())

    @property
    def every_cell(self) -> tuple[TuneCell, ...]:
        return self.cells or tuple(TuneCell(self.function, memory) for memory in self.sizes)

    @property
    def each(self) -> int:
        """The calls of a visit."""
        return -(-self.calls // self.rounds)


@dataclass(frozen=True, slots=True)
class TuneVisit:
    """One visit of a size: a run of its own."""

    number: int = item("its number, from 1, in the order in which they ran")
    round: int = item("its round, from 1")
    memory: int = item("the memory size", "MB")
    requests: int = item("the calls that were sent")
    failed: int = item("the calls of these that were not ok")
    billed_ms: int = item("the time that is billed for all of them together", "ms")
    reports: int = item("the answers that have a REPORT")
    trust: Verdict = item("the verdict on the visit's run")
    folder: str = item("the folder of the visit's run, below that of the whole")
    cell: str = item("the cell's name; of a memory size alone not there", omit=True, default="")
    seconds: float = item("the time that its load took", "s", omit=True, default=0.0)
    prepared: int = item(
        "the answers whose REPORT has an Init or a Restore that they did not wait for", omit=True, default=0
    )

    @property
    def key(self) -> str:
        return self.cell or str(self.memory)


@dataclass(frozen=True, slots=True)
class SizeCondition:
    """How a size kept a condition. The whole interval decides if it has an upper end, and `value_ms` if not."""

    text: str = item("the condition")
    value_ms: float | None = item("the size's percentile; null if it is not known, and for errors", "ms")
    upper_ms: float | None = item("the upper end of its interval; null without one", "ms")
    inside: float | None = item("the share of calls that were ok and inside the limit; null for errors", "1")
    kept: bool | None = item("whether the size kept it; null if that is not known, as the limit is in the interval")


@dataclass(frozen=True, slots=True)
class TuneSize:
    """A memory size, from all of its visits. What is `warm` is of calls whose environment was there already."""

    memory: int = item("the memory size", "MB")
    calls: int = item("the calls that were sent")
    failed: int = item("the calls of these that were not ok")
    warm: Latency = item("the client's time of warm calls: response, or service if one call follows the other")
    handler: Latency = item("the handler's time of warm calls, as REPORT tells it")
    cold: Latency = item("the client's time of cold starts, and of restored snapshots")
    cold_share: float | None = item("the share of cold starts; null without an answer", "1")
    billed_ms: float | None = item("the mean time that is billed for a warm call; null if not known", "ms")
    cold_billed_ms: float | None = item("the mean time that is billed for a cold start; null if there was none", "ms")
    usd_per_million: float | None = item("the price of a million warm calls; null if not known", "USD")
    usd_per_million_inside: float | None = item(
        "the same for a million calls that are inside the limit of the first condition about a latency; null without "
        "one, or if none was inside",
        "USD",
    )
    trimmed_ms: float | None = item(
        "the mean of Power Tuning: of handler and Init of all calls, without a fifth at either end; null if not known",
        "ms",
    )
    trimmed_usd: float | None = item("Power Tuning's price of a call, without the request; null if not known", "USD")
    conditions: tuple[SizeCondition, ...] = item("how the size kept the conditions")
    cell: str = item("the cell's name; of a memory size alone not there", omit=True, default="")
    provisioned_usd_per_hour: float | None = item(
        "the price of an hour of its provisioned environments, which is part of the other prices; null without",
        "USD",
        omit=True,
    )
    rate: float | None = item(
        "of a cell with provisioned environments: the calls a second that it had", "1/s", omit=True
    )
    prepared: int = item(
        "the calls whose REPORT has an Init or a Restore that they did not wait for; `billed_ms` and the prices leave "
        "out what is billed for them",
        omit=True,
        default=0,
    )

    @property
    def key(self) -> str:
        return self.cell or str(self.memory)

    @property
    def label(self) -> str:
        return self.cell or f"{self.memory} MB"

    @property
    def kept(self) -> bool | None:
        """Whether it kept every condition; None if that is not known."""
        told = [condition.kept for condition in self.conditions]
        return False if False in told else None if None in told else True


@dataclass(frozen=True, slots=True)
class TuneChoice:
    """The size that a strategy chooses."""

    strategy: Strategy = item(
        "cost, speed, balanced: as Power Tuning has them, by its figures; keep: the cheapest that keeps the conditions"
    )
    memory: int | None = item("the size; null if there is none such", "MB")
    cell: str = item("the cell's name; of a memory size alone not there", omit=True, default="")

    @property
    def key(self) -> str | None:
        return None if self.memory is None else self.cell or str(self.memory)


@dataclass(frozen=True, slots=True)
class PowerStat:
    """A size, as Power Tuning prints it."""

    value: int = item("the memory size", "MB")
    averagePrice: float = item("the price of a call, without the request", "USD")  # noqa: N815  its own name
    averageDuration: float = item("the trimmed mean", "ms")  # noqa: N815  its own name


@dataclass(frozen=True, slots=True)
class PowerMachine:
    """What Power Tuning says of its own work."""

    executionCost: float = item("the price of its state machine: there is none", "USD")  # noqa: N815  its own name
    lambdaCost: float = item("the price of all calls", "USD")  # noqa: N815  its own name
    visualization: str = item("the address of the picture of these figures")


@dataclass(frozen=True, slots=True)
class PowerTuning:
    """The same in the form that AWS Lambda Power Tuning prints, by its strategy `cost`."""

    power: int = item("the memory size that it chooses", "MB")
    cost: float = item("the price of a call with it", "USD")
    duration: float = item("the trimmed mean with it", "ms")
    stateMachine: PowerMachine = item("what it says of its own work")  # noqa: N815  its own name
    stats: tuple[PowerStat, ...] = item("every size")


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneMetadata(Provenance):
    """What is known before the first visit."""

    kind: Literal["tune"] = item("the kind of this document", default="tune")
    plan: TunePlan = item("what is measured, and how")
    prices: LambdaPrices = item("what the calls cost")
    original: int = item("the memory that the function had before", "MB")
    more_prices: tuple[LambdaPrices, ...] = item(
        "what calls cost on the other architectures of the cells", omit=True, default=()
    )

    def prices_for(self, architecture: str) -> LambdaPrices:
        """Those of an architecture; if there are none, those of the function."""
        return next((of for of in self.more_prices if of.architecture == architecture), self.prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneResult(TuneMetadata):
    """Memory sizes of a Lambda function, compared."""

    target: Target | None = item("the target of the load; null if there was no visit")
    session: Session | None = item("how connections were used; null if there was no visit")
    duration_s: float = item("the time that all visits took together", "s")
    complete: bool = item("whether it reached its end")
    interrupted: bool = item("whether a signal interrupted it")
    run: str = item("its folder")
    exit_status: int | None = item("the exit status of loadgen; null if it died")
    unusable: Reason | None = item("why nothing is known of the function: of its first visit", omit=True)
    trust: Trust | None = item("the worst verdict of the visits; null if there was no visit")
    warnings: tuple[Reason, ...] = item("what the user should know")
    thresholds: tuple[Threshold, ...] = item("none: --keep chooses a size")
    metric: str = item("which time of the client it is: response or service")
    usd: float | None = item("what the calls cost, about; null if not known", "USD")
    sizes: tuple[TuneSize, ...] = item("the sizes, ascending")
    choices: tuple[TuneChoice, ...] = item("the size that each strategy chooses")
    power_tuning: PowerTuning | None = item("the form of Power Tuning; null if not known")
    visits: tuple[TuneVisit, ...] = item("the visits, in the order in which they ran")

    @property
    def requests(self) -> int:
        return sum(visit.requests for visit in self.visits)

    def size(self, key: str | None) -> TuneSize | None:
        return next((size for size in self.sizes if size.key == key), None)

    @property
    def now(self) -> TuneSize | None:
        """What the function has without any change."""
        cells = [of for of in self.plan.every_cell if of.function == self.plan.function and not of.qualifier]
        now = next((of.key for of in cells if of.memory == self.original and of.start == "on-demand"), None)
        return self.size(now)

    def at(self, folder: str) -> TuneResult:
        """The same in that folder."""
        return replace(self, run=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class TunePreview:
    """What a measurement would do. `loadgen tune --dry-run` sends nothing."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["tune-plan"] = item("the kind of this document", default="tune-plan")
    name: str = item("the profile's name")
    target: str = item("the URL of Lambda")
    plan: TunePlan = item("what is measured, and how")
    requests: int = item("the number of calls")
    usd_at_most: float = item("what they cost if each is billed for `each_ms`", "USD")
    prices: LambdaPrices = item("the prices, of x86_64: which architecture it is, the function tells later")
    each_ms: float = item("the time after which a call is given up", "ms")
    permissions: tuple[str, ...] = item("the permissions that it takes on the function")
