"""The result of `loadgen check`: what a profile would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.reason import Reason
from loadgen.result.run import PlannedRate, Prices, Provisioned
from loadgen.result.selftest import Ports, Scheme


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """Where the load would go."""

    url: str = item("its URL; `sandbox` for one that loadgen would start")
    simulated: bool = item("whether it is loadgen's own sandbox")
    table: str | None = item("the name of the table, if it is one")


@dataclass(frozen=True, slots=True)
class TailTime:
    """What it takes to know a percentile well: the requests beyond it to 10 %."""

    quantile: str = item("the percentile")
    requests: int = item("how many requests it takes")
    seconds: float | None = item("how long they take at the phase's rate; null without one", "s")
    enough: bool = item("whether the phase is long enough")


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """One run of a phase, before it is one."""

    name: str = item("its name")
    cycle: int = item("which of its cycles, from 1; 0 where it has none")
    kind: Literal["open", "closed", "at-once"] = item("the kind of load")
    measured: bool = item("whether its figures count")
    rate: PlannedRate | None = item("the rate of an open load")
    arrivals: str | None = item("how the arrivals of an open load are spaced: poisson, constant")
    users: int | None = item("the users of a closed load")
    seconds: float | None = item("how long it is to run; null where only the run tells", "s")
    iterations: int | None = item("how many iterations; null where only the run tells")
    rarest: str | None = item("the scenario that is drawn least often; null where there is one alone")
    quantiles: tuple[str, ...] = item("the percentiles that it can show")
    sharp: tuple[TailTime, ...] = item("what it takes to know a percentile well, of the rarest scenario")
    requests: int | None = item("how many requests, at the least; null where only the run tells")


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """The request of a step as iteration 0 would send it; a value that only an answer can give is shown by its name."""

    scenario: str = item("of which scenario")
    step: str = item("of which step")
    operation: str | None = item("of a call of DynamoDB: the operation")
    method: str = item("its method")
    path: str = item("its path")
    headers: dict[str, str] = item("its headers")
    body: str = item("the first 400 bytes of its body")
    body_bytes: int = item("the size of its body", "bytes")
    timeout_s: float = item("how long its answer may take", "s")


@dataclass(frozen=True, slots=True)
class PlannedConnections:
    """Connections of the load."""

    most: int = item("open at once, at the most")
    before_the_load: int = item("opened before the load")
    opened_in_the_busiest_minute: int = item("new ones in the busiest minute, where they are not shared")


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """How a table would be made if there is none."""

    key: dict[str, str] = item("its key: the attributes and their types")
    provisioned: Provisioned | None = item("its provisioned capacity; null for on demand")
    items: int = item("items that would be written before the load")
    teardown: bool = item("whether it would be deleted afterwards")


@dataclass(frozen=True, slots=True)
class UnitsCost:
    """Capacity units of a table, and what they cost."""

    read_units: float = item("what would be consumed", "read units")
    write_units: float = item("what would be consumed", "write units")
    usd: float | None = item("what they cost; null if not billed by request", "USD")


@dataclass(frozen=True, slots=True)
class DrainCost(UnitsCost):
    """What the arrivals after the last phase come to at the most: they go on until the last answer is there."""

    seconds: float = item("how long that may take", "s")


@dataclass(frozen=True, slots=True)
class TotalCost(UnitsCost):
    """All together, the arrivals after the last phase apart."""

    requests: int = item("how many requests, as far as they are known")


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """What one run of a phase comes to; null where only the run tells."""

    name: str = item("its name")
    cycle: int = item("which of its cycles, from 1; 0 where it has none")
    requests: int | None = item("how many requests", default=None)
    read_units: float | None = item("what they consume", "read units", default=None)
    write_units: float | None = item("what they consume", "write units", default=None)
    usd: float | None = item("what they cost; null too if not billed by request", "USD", default=None)


@dataclass(frozen=True, slots=True)
class PlannedCost:
    """What a load on DynamoDB would come to, by the price list."""

    region: str = item("whose prices they are")
    prices: Prices | None = item("the prices; null if the table is not billed by request")
    billing: str = item("on-demand or provisioned")
    billed: bool = item("whether the host is AWS's")
    phases: tuple[PhaseCost, ...] = item("each run of a phase")
    setup: UnitsCost = item("setup's items")
    drain: DrainCost | None = item("arrivals after the last phase; null where there are none")
    total: TotalCost = item("all together")
    complete: bool = item("whether all of it is known before the run")
    assumed: tuple[Reason, ...] = item("the assumptions of the cost")
    max_cost: float | None = item("the profile's limit", "USD")
    refused: bool = item("whether the run would be refused, as it would cost more than the limit")


@dataclass(frozen=True, slots=True)
class WitnessForecast:
    """What a witness would have of a step in one run of a phase."""

    phase: str = item("of which phase")
    cycle: int = item("of which cycle, from 1")
    scenario: str = item("of which scenario")
    step: str = item("of which step")
    judged: bool = item("whether it counts for the verdict")
    exchanges: int | None = item("exchanges that it will have, about; null where only the run tells")
    needed: dict[str, int] = item("exchanges that a percentile takes")
    enough: dict[str, bool] = item("whether it will have as many as a percentile takes")


@dataclass(frozen=True, slots=True)
class PlannedWitness:
    """What a witness would have to go by."""

    each: int = item("it is 1 in so many of the load")
    warnings: tuple[Reason, ...] = item("what would be in its way")
    steps: tuple[WitnessForecast, ...] = item("what it would have of each step")


@dataclass(frozen=True, slots=True)
class TooFewRequests:
    """Why no run could know the primary figure."""

    requests: int = item("how many requests a run has of it")
    needs: int = item("how many it takes")


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One run of a variant."""

    name: str = item("the variant")
    client: str = item("its client: wire, aiohttp, sdk")
    session: str = item("who shares a connection: shared, per-iteration, per-request")
    seconds: float | None = item("how long the run takes; null where only the run tells", "s")
    iterations: int | None = item("how many iterations; null where only the run tells")
    opened: int = item("new connections in its busiest minute, where they are not shared")


@dataclass(frozen=True, slots=True)
class PortsNeeded:
    """New connections of an experiment's runs, which follow each other: the port of a closed one rests for a minute."""

    opened_in_a_minute: int = item("new connections in a minute of the runs")
    free: int = item("ports that are free")
    enough: bool = item("whether these are enough")


@dataclass(frozen=True, slots=True)
class PlannedExperiment:
    """What is compared, and how often. What ends with a look has an entry for each planned look."""

    variants: tuple[str, ...] = item("the names of its variants")
    baseline: str = item("the variant that others are held against")
    rounds: tuple[int, ...] = item("after how many rounds it looks")
    duet: bool = item("whether its variants run at the same time")
    margin: float = item("the difference that does not matter, as a share", "1")
    primary: str = item("the primary figure, as a profile would have it")
    too_few: TooFewRequests | None = item("why no run could know that figure; null if one can")
    proposed: bool = item("whether loadgen proposes it, as the profile names none")
    finds: float | None = item(
        "the difference beyond the margin that is found 4 times of 5, by what the rounds differ by; null where there "
        "are too few rounds",
        "standard deviations",
    )
    each: tuple[PlannedVariant, ...] = item("one run of each variant")
    runs: tuple[int, ...] = item("how many runs, by look")
    pause_s: float = item("the pause between two runs", "s")
    seconds: tuple[float | None, ...] = item("how long all runs take, by look; null where only they tell", "s")
    usd: float | None = item("what all runs would cost on AWS; null where that is not known", "USD")
    ports: PortsNeeded = item("ports that its new connections take")


@dataclass(frozen=True, slots=True)
class TrustedRate:
    """What the last self-test of this machine says of the profile's scheme."""

    day: str = item("the day of the self-test")
    scheme: Scheme = item("the scheme of the target")
    rate: float | None = item("the highest rate that stayed VALID on one worker; null if it is not known", "1/s")
    at_least: bool = item("whether a higher rate might be VALID too")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a plan stands against the last self-test of this machine."""

    found: TrustedRate | None = item("what that self-test says; null where there is none of this machine")
    problem: Reason | None = item("why a self-test that is there was not believed")
    warnings: tuple[Reason, ...] = item("in which ways the plan goes beyond the self-test")

    @property
    def notices(self) -> tuple[Reason, ...]:
        """What to know of it before a run."""
        return (*([self.problem] if self.problem else []), *self.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a profile would do; nothing was sent."""

    schema: Literal["loadgen.result/3"] = item("the version of this document", default=SCHEMA)
    kind: Literal["check"] = item("what this document is", default="check")
    name: str = item("the profile's name")
    target: PlannedTarget = item("where the load would go")
    addresses: tuple[str, ...] = item("the target's addresses; AWS's own names are not looked up")
    unusable: str | None = item("why the target's name does not resolve, as the error says it; null if it does")
    on_aws: bool = item("whether the host is AWS's")
    client: str = item("which client would send it: wire, aiohttp, sdk")
    session: str = item("who shares a connection: shared, per-iteration, per-request")
    workers: int = item("processes that would make the load")
    seconds: float | None = item("how long it would take; null where only the run tells", "s")
    phases: tuple[PlannedPhase, ...] = item("in the order in which they would run, each cycle for itself")
    requests: tuple[PlannedRequest, ...] = item("the request of each step")
    connections: PlannedConnections = item("its connections")
    in_flight_limit: int = item("iterations open at once, at the most")
    descriptors: int = item("how many descriptors a process may have")
    ports: Ports = item("local ports of this machine")
    setup: PlannedTable | None = item("the table that would be made; null without `setup`")
    cost: PlannedCost | None = item("of a table: what the load would come to")
    thresholds: dict[str, tuple[str, ...]] = item("by phase, what the profile asks, as it has it")
    witness: PlannedWitness | None = item("with --witness: what one would have to go by")
    experiment: PlannedExperiment | None = item("of an experiment: what is compared, and how often")
    selftest: Standing | None = item("where it stands against the last self-test of this machine", default=None)
