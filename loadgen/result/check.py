"""The result of `loadgen check`: what a profile would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.capacity import CapacityPreview
from loadgen.result.codec import item
from loadgen.result.reason import Reason
from loadgen.result.run import LambdaPrices, PlannedRate, Prices, Provisioned
from loadgen.result.selftest import Ports, Scheme


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """The target that the load would go to."""

    url: str = item("the target's URL; `sandbox` for one that loadgen would start")
    simulated: bool = item("whether the target is loadgen's own sandbox")
    table: str | None = item("the table's name; null for another target")
    function: str | None = item("the Lambda function, with its version; null for another target", omit=True)


@dataclass(frozen=True, slots=True)
class TailTime:
    """What it takes to know a percentile well. The number of requests beyond it is then known to 10 %."""

    quantile: str = item("the percentile")
    requests: int = item("the number of requests that it takes")
    seconds: float | None = item("the time that these requests take at the phase's rate; null without a rate", "s")
    enough: bool = item("whether the phase is long enough")
    interval_s: float | None = item(
        "the time after which there is an interval, if requests are independent; null without a rate", "s", default=None
    )


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """One run of a phase, as it is planned."""

    name: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle, from 1; 0 if the phase has no cycles")
    kind: Literal["open", "closed", "at-once"] = item("the kind of load")
    measured: bool = item("whether the phase's figures count; those of a warm-up do not")
    rate: PlannedRate | None = item("the rate of an open load; null for another load")
    arrivals: str | None = item("the spacing of an open load's arrivals: poisson or constant; null for another load")
    users: int | None = item("the number of users of a closed load; null for another load")
    seconds: float | None = item("the planned duration; null if only the run shows it", "s")
    iterations: int | None = item("the number of iterations; null if only the run shows it")
    rarest: str | None = item("the scenario that is drawn least often; null if there is only one")
    quantiles: tuple[str, ...] = item("the percentiles that the phase has enough requests for")
    sharp: tuple[TailTime, ...] = item("what it takes to know a percentile of the rarest scenario well")
    requests: int | None = item("the least number of requests; null if only the run shows it")


@dataclass(frozen=True, slots=True)
class PlannedBeside:
    """A stream of requests that would go on beside the phases."""

    name: str = item("the stream's name")
    every_s: float = item("the time from one group of requests to the next", "s")
    at_once: int = item("how many requests would be due at the same instant")
    after_s: float = item("when the first group would be due, from the start of the load", "s")
    requests: int | None = item("the number of requests; null if only the run shows it")


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A step's request as iteration 0 would send it. A value that comes from an earlier answer is shown by its name."""

    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    operation: str | None = item("the operation of a DynamoDB call; null for another request")
    method: str = item("the request's method")
    path: str = item("the request's path")
    headers: dict[str, str] = item("the request's headers")
    body: str = item("the first 400 bytes of the request's body")
    body_bytes: int = item("the size of the whole body", "bytes")
    timeout_s: float = item("the time after which a request without an answer counts as a timeout", "s")


@dataclass(frozen=True, slots=True)
class PlannedConnections:
    """The connections that the load would open."""

    most: int = item("the greatest number of connections that may be open at once")
    before_the_load: int = item("the number of connections that would be opened before the load")
    opened_in_the_busiest_minute: int = item(
        "the new connections in the busiest minute; 0 if requests share connections"
    )


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A machine that the load would come from, with `--on`. No request was sent from it."""

    node: int = item("the node's number, from 1")
    host: str = item("its name")
    address: str = item("its address in the cluster")
    cpus: int = item("the CPUs that it may use")
    workers: int = item("the number of worker processes that it would start")
    rate: float | None = item("the highest rate that it would send; null without a rate", "1/s")
    descriptors: int = item("the number of file descriptors that a process may have there")
    ports: Ports = item("its local ports")
    clock_ahead_ms: float = item("how far its clock is ahead of this machine's", "ms")
    clock_error_ms: float = item("by how much that may be wrong: half of the round trip", "ms")


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """How the table would be created if it does not exist."""

    key: dict[str, str] = item("the table's key: the attributes and their types")
    provisioned: Provisioned | None = item("the table's provisioned capacity; null for on-demand")
    items: int = item("the number of items that would be written before the load")
    teardown: bool = item("whether the table would be deleted afterwards")


@dataclass(frozen=True, slots=True)
class UnitsCost:
    """Capacity of a table, and what it costs."""

    read_units: float = item("the read capacity that would be consumed", "read units")
    write_units: float = item("the write capacity that would be consumed", "write units")
    usd: float | None = item("the cost of this capacity; null if the table is not billed by request", "USD")


@dataclass(frozen=True, slots=True)
class DrainCost(UnitsCost):
    """What the arrivals after the last phase cost at most. They go on until the last measured answer is there."""

    seconds: float = item("the longest time that these arrivals go on", "s")


@dataclass(frozen=True, slots=True)
class TotalCost(UnitsCost):
    """The cost of the load and its setup, without the arrivals after the last phase."""

    requests: int = item("the number of requests, as far as it is known before the run")


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """What one run of a phase costs. A value is null if only the run shows it."""

    name: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle, from 1; 0 if the phase has no cycles")
    requests: int | None = item("the number of requests", default=None)
    read_units: float | None = item("the read capacity that the requests consume", "read units", default=None)
    write_units: float | None = item("the write capacity that the requests consume", "write units", default=None)
    usd: float | None = item(
        "the cost of this capacity; also null if the table is not billed by request", "USD", default=None
    )


@dataclass(frozen=True, slots=True)
class PlannedCost:
    """What the load on DynamoDB would cost, by the price list."""

    region: str = item("the region whose prices these are")
    prices: Prices | None = item("the prices; null if the table is not billed by request")
    billing: str = item("the billing mode: on-demand or provisioned")
    billed: bool = item("whether the host is AWS's, so that somebody pays")
    phases: tuple[PhaseCost, ...] = item("the cost of each run of a phase")
    setup: UnitsCost = item("the cost of the items that the setup writes")
    drain: DrainCost | None = item("the cost of the arrivals after the last phase; null if there are none")
    total: TotalCost = item("the cost of the setup and of all phases")
    complete: bool = item("whether the whole cost is known before the run")
    assumed: tuple[Reason, ...] = item("the assumptions of the cost")
    max_cost: float | None = item("the profile's limit for the cost; null without one", "USD")
    refused: bool = item("whether loadgen would refuse the run because it would cost more than the limit")


@dataclass(frozen=True, slots=True)
class PlannedFunction:
    """What the load on a Lambda function takes, and what is known of its cost before a call tells the handler's
    time."""

    permissions: tuple[str, ...] = item("the permissions that it takes on the function")
    requests: int | None = item("the number of calls; null if only the run shows it")
    requests_usd: float | None = item("what they cost without their duration; null if only the run shows it", "USD")
    prices: LambdaPrices = item("the prices")
    max_cost: float | None = item("the profile's limit for the cost; null without one", "USD")
    force_cold: int | None = item(
        "each so many-th iteration of a user begins with a cold start that is forced; null: none is", default=None
    )


@dataclass(frozen=True, slots=True)
class WitnessForecast:
    """How many exchanges a witness would have of a step in one run of a phase."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle, from 1")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    judged: bool = item("whether the step counts for the verdict")
    exchanges: int | None = item(
        "the number of exchanges that the witness would have, about; null if only the run shows it"
    )
    needed: dict[str, int] = item("the number of exchanges that it takes, by percentile")
    enough: dict[str, bool] = item("whether the witness would have enough exchanges, by percentile")


@dataclass(frozen=True, slots=True)
class PlannedWitness:
    """What a witness of this load could judge."""

    each: int = item("the thinning of the witness's load: it sends 1 in so many of the load's iterations")
    warnings: tuple[Reason, ...] = item("what would keep the witness from judging")
    steps: tuple[WitnessForecast, ...] = item("how many exchanges the witness would have of each step")


@dataclass(frozen=True, slots=True)
class TooFewRequests:
    """Why no run has enough requests for the primary figure."""

    requests: int = item("the number of requests that a run has for the figure")
    needs: int = item("the number of requests that the figure takes")


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One run of a variant, as it is planned."""

    name: str = item("the variant's name")
    client: str = item("the client that sends the load: wire, aiohttp, sdk")
    session: str = item("which requests share a connection: shared, per-iteration, per-request")
    workers: int = item("how many processes send its requests")
    seconds: float | None = item("the time that the run takes; null if only the run shows it", "s")
    iterations: int | None = item("the number of iterations; null if only the run shows it")
    opened: int = item("the new connections in the run's busiest minute; 0 if requests share connections")
    beside: tuple[PlannedBeside, ...] = item("what would go on beside its phases", omit=True, default=())


@dataclass(frozen=True, slots=True)
class PortsNeeded:
    """The local ports that an experiment takes. Its runs follow each other, and the port of a closed connection
    rests for a minute."""

    opened_in_a_minute: int = item("the greatest number of new connections in a minute, over all runs")
    free: int = item("the number of free ports")
    enough: bool = item("whether the free ports are enough")


@dataclass(frozen=True, slots=True)
class PlannedExperiment:
    """What an experiment compares, and how often. `rounds`, `runs` and `seconds` have an entry for each planned
    look."""

    variants: tuple[str, ...] = item("the names of its variants")
    baseline: str = item("the variant that the others are compared with")
    rounds: tuple[int, ...] = item("the planned looks: after how many rounds a verdict is given")
    duet: bool = item("whether the variants of a round run at the same time")
    margin: float = item("the difference that does not matter, as a share of the baseline", "1")
    by_resolution: bool = item("whether what the machine cannot tell is the margin, if it is more")
    primary: str = item("the figure that the verdict is about, as a profile would name it")
    too_few: TooFewRequests | None = item("why no run has enough requests for that figure; null if a run has enough")
    proposed: bool = item("whether loadgen proposes the figure because the profile names none")
    finds: float | None = item(
        "the difference beyond the margin that is found 4 times in 5, in standard deviations of the rounds; null if "
        "there are too few rounds",
        "standard deviations",
    )
    each: tuple[PlannedVariant, ...] = item("one run of each variant")
    runs: tuple[int, ...] = item("the number of runs until each look")
    pause_s: float = item("the pause between two runs", "s")
    seconds: tuple[float | None, ...] = item(
        "the time that all runs until each look take; null if only the runs show it", "s"
    )
    usd: float | None = item("the cost of all runs on AWS; null if it is not known", "USD")
    ports: PortsNeeded = item("the local ports that the new connections take")
    function_calls: int | None = item(
        "the number of calls of Lambda functions in all runs, those beside the load too; null without a function, or "
        "if only the runs show it",
        default=None,
    )
    function_calls_usd: float | None = item(
        "what these calls cost on AWS without their duration, with what stands before the functions; null if it is not "
        "known",
        "USD",
        default=None,
    )
    function_permissions: tuple[str, ...] = item(
        "the permissions that its variants take on Lambda functions", omit=True, default=()
    )


@dataclass(frozen=True, slots=True)
class TrustedRate:
    """What this machine's last self-test says about the profile's scheme."""

    day: str = item("the day of the self-test")
    scheme: Scheme = item("the scheme of the target's URL")
    rate: float | None = item("the highest rate that stayed VALID on one worker; null if it is not known", "1/s")
    at_least: bool = item("whether a higher rate might be VALID too")


@dataclass(frozen=True, slots=True)
class Standing:
    """How the plan compares with this machine's last self-test."""

    found: TrustedRate | None = item("what the self-test says; null if there is none of this machine")
    problem: Reason | None = item("why loadgen does not use a self-test that it found")
    warnings: tuple[Reason, ...] = item("how the plan goes beyond what the self-test found")

    @property
    def notices(self) -> tuple[Reason, ...]:
        """What to know of it before a run."""
        return (*([self.problem] if self.problem else []), *self.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a profile would do. `loadgen check` sends nothing."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["check"] = item("the kind of this document", default="check")
    name: str = item("the profile's name")
    target: PlannedTarget = item("the target that the load would go to")
    addresses: tuple[str, ...] = item("the target's addresses; loadgen does not look up AWS's own names")
    unusable: str | None = item("the error if the target's name does not resolve; null if it does")
    on_aws: bool = item("whether the host is AWS's")
    behind_api: bool = item(
        "whether the host is an API Gateway, whose ids of requests are not Lambda's", omit=True, default=False
    )
    client: str = item("the client that would send the load: wire, aiohttp, sdk")
    session: str = item("which requests would share a connection: shared, per-iteration, per-request")
    workers: int = item("the number of worker processes that would make the load, on all nodes")
    nodes: tuple[PlannedNode, ...] = item(
        "the machines that the load would come from, with `--on`", omit=True, default=()
    )
    seconds: float | None = item("the time that the load would take; null if only the run shows it", "s")
    phases: tuple[PlannedPhase, ...] = item("the phases in the order in which they would run, each cycle by itself")
    beside: tuple[PlannedBeside, ...] = item("what would go on beside the phases", omit=True, default=())
    requests: tuple[PlannedRequest, ...] = item("the request of each step")
    connections: PlannedConnections = item("the connections that the load would open")
    in_flight_limit: int = item("the greatest number of iterations that may be open at once")
    descriptors: int = item("the number of file descriptors that a process may have on this machine")
    ports: Ports = item("the local ports of this machine")
    setup: PlannedTable | None = item("the table that would be created; null if the profile has no setup")
    cost: PlannedCost | None = item("what the load would cost; null if the target is no table")
    function: PlannedFunction | None = item("what the load takes, if the target is a Lambda function", omit=True)
    thresholds: dict[str, tuple[str, ...]] = item("the thresholds as the profile has them, by phase")
    witness: PlannedWitness | None = item("what a witness could judge, with `--witness`; null without")
    experiment: PlannedExperiment | None = item("what an experiment compares, and how often; null for a single run")
    capacity: CapacityPreview | None = item("what `loadgen capacity` would send with this profile", omit=True)
    selftest: Standing | None = item("how the plan compares with this machine's last self-test", default=None)
