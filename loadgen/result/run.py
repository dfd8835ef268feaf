"""The result of one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason

Verdict = Literal["VALID", "DEGRADED", "INVALID"]
Status = Literal["passed", "failed", "undecided"]


# what was counted


@dataclass(frozen=True, slots=True)
class Iterations:
    """The ledger of iterations: planned = started + unsent."""

    planned: int = item("that the schedule has")
    started: int = item("that were started")
    completed: int = item("of those started: whose every step was ok")
    failed: int = item("of those started: that ended with a step that was not ok")
    cut_short: int = item("of those started: that the end of the run cut short")
    unsent: int = item("that were planned and never started")
    unsent_why: dict[str, int] = item("of those never started: how many for which reason")


@dataclass(frozen=True, slots=True)
class Requests:
    """The ledger of requests: sent is the sum of the outcomes."""

    sent: int = item("that were handed to the client")
    on_wire: int = item("of which a first byte was sent")
    outcomes: dict[str, int] = item("how many came to which outcome")

    @property
    def failed(self) -> int:
        """How many were not ok."""
        return sum(count for outcome, count in self.outcomes.items() if outcome != "ok")


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of a whole run, as the client counted them."""

    opened: int = item("that were opened, those before the load included")
    resumed: int = item("of them: with a resumed TLS session")
    closed_idle: int = item("that the target closed while they were idle")
    preopened: int = item("that were opened before the load")
    failed: int = item("that could not be opened")
    peak: int = item("open at once, at the most")
    reused: int = item("requests on a connection that was there")


@dataclass(frozen=True, slots=True)
class OnConnections:
    """How many requests were on which kind of connection."""

    new: int = item("on one that was opened for them")
    reused: int = item("on one that was there")
    resumed: int = item("on one that was opened for them with a resumed TLS session")


@dataclass(frozen=True, slots=True)
class Network:
    """What the kernel told of the network."""

    connects: int = item("connects of a client that tells of them")
    syn_retried: int = item("of them: whose first packet was sent again")
    looked_at: int = item("how often a connection was looked at")
    segments: int = item("segments that had been sent on these")
    retransmits: int = item("of them: sent again")
    lost: int = item("of them: held to be lost at that moment")
    round_trip_ms: float | None = item("the median round trip", "ms")


@dataclass(frozen=True, slots=True)
class Skipped:
    """Requests that were not made."""

    failed_step: int = item("after a step of the iteration that failed")
    stopped: int = item("because the run was stopped")


@dataclass(frozen=True, slots=True)
class Attempts:
    """Operations of which each may take several requests."""

    operations: int = item("how many operations there were")
    attempts: int = item("how many requests they took")
    per_operation: float | None = item("requests for an operation", "requests")
    outcomes: dict[str, int] = item("how many operations came to which outcome")

    @property
    def failed(self) -> int:
        """How many came to an end that was not ok."""
        return sum(count for outcome, count in self.outcomes.items() if outcome != "ok")


@dataclass(frozen=True, slots=True)
class Items:
    """Items of calls that are about several, over all attempts."""

    sent: int = item("items that were sent")
    unprocessed: int = item("of them: that came back unprocessed")


@dataclass(frozen=True, slots=True)
class ConsumedCapacity:
    """Capacity that answers told to have been consumed."""

    sampled_calls: int = item("calls whose answer told it")
    read_units: float = item("that these consumed", "read units")
    write_units: float = item("that these consumed", "write units")


# a phase and its steps


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose time it was. The parts add up to `value`."""

    value: float = item("the time that is divided up: a percentile, a mean, or of one request", "ms")
    target: float = item("the target and the network to it", "ms")
    connect: float = item("making a connection, but for this machine's part of it", "ms")
    wait: float = item("waiting for a connection below the cap", "ms")
    build: float = item("making the SDK's client or session, which the profile asks for", "ms")
    held: float = item("held back by adaptive retries", "ms")
    own: float = item("this machine", "ms")
    own_at_least: bool = item("whether this machine's part may be greater, as the client has no stamps of the kernel")
    requests: int = item("from how many requests it is known")


@dataclass(frozen=True, slots=True)
class Stratum:
    """The requests of a step with the same value of what `split_by` names."""

    stratum: str = item("its name: cold=true")
    count: int = item("how many requests, timeouts that are known to be of it included")
    latency_ms: dict[str, Latency] = item("response or service")
    unassigned_timeouts: int = item("timeouts of the step that are of no stratum, as no answer could tell")


@dataclass(frozen=True, slots=True)
class ByConnection:
    """The requests of a step on one kind of connection."""

    count: int = item("how many requests")
    service: Latency = item("their service time")


@dataclass(frozen=True, slots=True)
class Failure:
    """The requests of a step that failed in one way."""

    outcome: str = item("the outcome class")
    count: int = item("how many requests")
    reasons: dict[str, int] = item("how many for which reason")
    latency_ms: dict[str, Latency] = item("how long they took: to the answer, or until it was certain")


@dataclass(frozen=True, slots=True)
class Step:
    """One step in one run of a phase."""

    scenario: str = item("its scenario")
    step: str = item("its name")
    requests: Requests = item("its ledger")
    skipped: Skipped = item("its requests that were not made")
    latency_ms: dict[str, Latency] = item("the figures of each metric")
    whose_ms: dict[str, Attribution] = item(
        "whose time the mean and a percentile of response, or of a closed load's service, is; of the mean: of the ok "
        "requests alone"
    )
    strata: tuple[Stratum, ...] = item("its strata")
    by_connection: dict[str, ByConnection] = item("by the kind of connection: new, reused, resumed")
    failures: tuple[Failure, ...] = item("its failures, by outcome")
    recorded_ms: dict[str, Latency] = item("times that the answers told, by the profile's `record`")
    attempts: Attempts | None = item("where a request may be sent again", omit=True)
    items: Items | None = item("where the calls are about several items", omit=True)
    capacity: ConsumedCapacity | None = item("where answers tell the capacity that they consumed", omit=True)

    def latency(self, metric: str) -> Latency | None:
        """The figures of a metric; None if the step has none of it."""
        return self.latency_ms.get(metric)

    def attribution(self, quantile: str) -> Attribution | None:
        """Whose time a quantile or the mean is; None if that is not known."""
        return self.whose_ms.get(quantile)


@dataclass(frozen=True, slots=True)
class WholeIteration:
    """Iterations of a scenario as a whole."""

    scenario: str = item("the scenario")
    stratum: str = item("the stratum; empty for all of them")
    latency: Latency = item("how long an iteration took")


@dataclass(frozen=True, slots=True)
class PlannedRate:
    """The rate of an open phase."""

    planned: float = item("at its beginning", "1/s")
    planned_end: float = item("at its end", "1/s")


@dataclass(frozen=True, slots=True)
class Phase:
    """One run of a phase: cycles are runs of their own."""

    name: str = item("its name")
    cycle: int = item("which of its cycles, from 1")
    cycles: int = item("how many cycles it has")
    kind: Literal["open", "closed", "at-once"] = item("the kind of load")
    measured: bool = item("whether its figures count")
    seconds: float | None = item("how long it was to run; null where only the run tells", "s")
    ran: float | None = item("how long it ran, which is less where the run was stopped; null if not known", "s")
    rate: PlannedRate | None = item("the rate of an open load")
    arrivals: str | None = item("how the arrivals of an open load are spaced: poisson, constant")
    users: int | None = item("the users of a closed load")
    iterations: Iterations = item("its ledger of iterations")
    requests: Requests = item("its ledger of requests")
    connections: OnConnections = item("its requests by the kind of connection")
    round_trip_ms: float | None = item("the run's median round trip, as the kernel tells it", "ms")
    iteration_ms: tuple[WholeIteration, ...] = item("whole iterations")
    steps: tuple[Step, ...] = item("its steps")

    @property
    def headline(self) -> str:
        """The metric that it is judged by: a closed load has no due time, and so no response."""
        return "service" if self.kind == "closed" else "response"


@dataclass(frozen=True, slots=True)
class RunVariant:
    """All that was counted and timed in a run."""

    name: str = item("run")
    iterations: Iterations = item("the ledger of iterations of the whole run")
    requests: Requests = item("the ledger of requests of the whole run")
    connections: Connections = item("the connections of the whole run")
    network: Network | None = item("what the kernel told of the network; null where it told nothing")
    phases: tuple[Phase, ...] = item("in the order in which they ran, each cycle for itself, `drain` last")


# what is said of it


@dataclass(frozen=True, slots=True)
class Threshold:
    """What the profile asks of a figure, and whether it was so. The value is in the key of its unit."""

    phase: str = item("of which phase")
    cycle: int = item("of which cycle")
    step: str = item("of which step; empty for the phase, or where there is only one")
    text: str = item("as the profile has it")
    status: Status = item("what came of it")
    value_ms: float | None = item("the latency that was seen", "ms", omit=True)
    value_share: float | None = item("the share of errors that was seen", "1", omit=True)
    value_per_s: float | None = item("the rate that was seen", "1/s", omit=True)
    value_ratio: float | None = item("the ratio of two variants that was seen", "1", omit=True)
    ratio_low: float | None = item("the lower end of its interval", "1", omit=True)
    ratio_high: float | None = item("the upper end of its interval", "1", omit=True)
    why: Reason | None = item("why it could not be decided, or was by a bound alone", default=None)
    accepted: bool = item("whether the run is INVALID and its user takes its figures all the same", default=False)
    variant: str | None = item("in an experiment: of which variant", omit=True)
    rounds: int | None = item("in an experiment: in how many rounds it was looked at", omit=True)
    rounds_passed: int | None = item("in an experiment: in how many rounds it passed", omit=True)
    round: int | None = item("in an experiment: the first round in which it did not pass", omit=True)


@dataclass(frozen=True, slots=True)
class Effect:
    """This machine's part of the slowest requests of a step in one run of a phase."""

    phase: str = item("of which phase")
    cycle: int = item("of which cycle")
    step: str = item("of which step; empty if there is only one")
    quantile: str = item("the percentile beyond which the requests lie")
    slowest: float = item("which share of all they are, to one digit", "1")
    requests: int = item("how many they are")
    of: int = item("of how many")
    share: float = item("the mean share of their time that was this machine's", "1")
    at_least: bool = item("whether it may be more, as the client has no stamps of the kernel")
    parts_ms: dict[str, float] = item("the mean time of each part of it", "ms")
    quantile_ms: float = item("the percentile as it was", "ms")
    without_ms: float = item("the percentile without this machine's part", "ms")
    verdict: Verdict = item("what that makes of the run")

    @property
    def own(self) -> float:
        """The mean time that this machine took of one, in ms."""
        return sum(self.parts_ms.values())


@dataclass(frozen=True, slots=True)
class TrustSignal:
    """A signal: something that loadgen watches on this machine while a run goes on."""

    signal: str = item("its name in the table of docs/trust.md")
    verdict: Verdict = item("what it makes of the run")
    observed: Reason = item("what was observed")
    limits: Verdict = item(
        "what its limits alone say; a signal that only explains the tail has a better verdict where hardly any of the "
        "tail is its doing"
    )
    noted: bool = item("whether it is worth reading although it does not count against the run")
    variant: str | None = item("in an experiment: the variant of the run", omit=True)
    round: int | None = item("in an experiment: the round of the run", omit=True)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the figures are the target's, or this machine's."""

    verdict: Verdict = item("VALID; DEGRADED: to be used with care; INVALID: not to be used")
    accepted: bool = item("whether the user takes the figures of an INVALID run all the same")
    reasons: tuple[TrustSignal, ...] = item("the signals that are not VALID, the worst first")
    effect: tuple[Effect, ...] = item("this machine's part of the tail, the worst first")
    signals: tuple[TrustSignal, ...] = item("every signal that was watched; an experiment has those of no run")
    disturbed: bool | None = item(
        "whether more than making connections speaks against the run; an experiment does not have it", omit=True
    )


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in brief, in ns."""

    p50: int | None = item("its median; null where nothing was seen", "ns")
    p99: int | None = item("its 99th percentile", "ns")
    max: int | None = item("its greatest value", "ns")


@dataclass(frozen=True, slots=True)
class SandboxConnections:
    """Connections that the sandbox took."""

    http: int = item("on HTTP")
    https: int = item("on HTTPS")
    open: int = item("open at the end")
    closed_idle: int = item("that it closed while they were idle")


@dataclass(frozen=True, slots=True)
class Handshakes:
    """TLS handshakes of the sandbox."""

    handshakes: int = item("how many")
    resumed: int = item("of them: resumed")
    failed: int = item("of them: failed")


@dataclass(frozen=True, slots=True)
class Downstream:
    """Calls of the service behind the sandbox's function."""

    calls: int = item("how many")
    opened: int = item("connections that were opened for them")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What the sandbox counted itself during the load."""

    requests: int = item("that it answered")
    cold_starts: int = item("environments that it started for them")
    throttled: int = item("that it throttled")
    queue_peak: int = item("waiting for an environment at once, at the most")
    overflowed: int = item("that its queue had no room for")
    downstream: Downstream | None = item("calls of the service behind; null without one")
    cpu: float | None = item("the share of a core that it used", "1")
    lag_ns: Spread | None = item("how late its answers left")
    connections: SandboxConnections = item("that it took")
    tls: Handshakes = item("of its connections")


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Provisioned capacity of a table."""

    read: int = item("read units a second", "1/s")
    write: int = item("write units a second", "1/s")


@dataclass(frozen=True, slots=True)
class Table:
    """The table that the load went to."""

    table: str = item("its name")
    region: str = item("its region")
    account_id_endpoint: bool = item("whether its host has the account's number in it")
    tls: str | None = item("the version of TLS")
    billing: str | None = item("on-demand or provisioned; null where it is not known")
    provisioned: Provisioned | None = item("its provisioned capacity")
    items: int | None = item("its items, as DynamoDB counts them every six hours")
    credentials: str | None = item("`made up` where there were none and the target is on this machine")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load went."""

    url: str = item("its URL")
    simulated: bool = item("whether it is loadgen's own sandbox")
    description: tuple[str, ...] = item("how the sandbox was set up")
    addresses: tuple[str, ...] = item("its addresses")
    sandbox: Sandbox | None = item("what the sandbox counted", default=None)
    table: Table | None = item("the table, if it is one", inline=True, default=None)

    def counted(self, sandbox: Sandbox | None) -> Target:
        """The same with what the sandbox counted."""
        return replace(self, sandbox=sandbox)


@dataclass(frozen=True, slots=True)
class Session:
    """The connections that the profile asks for."""

    reuse: str = item("who shares a connection: shared, per-iteration, per-request")
    renew: str = item("what is made anew: connection, client, session")
    connections: int | None = item("how many may be open at once; null: no cap")
    dns: str = item("when names are looked up: once, per-connection")
    tls_resumption: bool = item("whether a new connection resumes a TLS session")


@dataclass(frozen=True, slots=True)
class Host:
    """The machine and the programs that made a result."""

    loadgen: str = item("loadgen's version")
    python: str = item("Python's version")
    uvloop: str = item("uvloop's version")
    httptools: str = item("httptools' version")
    aiohttp: str = item("aiohttp's version")
    numpy: str = item("numpy's version")
    openssl: str = item("OpenSSL's version")
    kernel: str = item("the kernel and its version")
    machine: str = item("the kind of processor")
    cpus: int = item("how many CPUs loadgen may use")
    descriptors: int = item("how many descriptors a process may have")
    fallbacks: tuple[str, ...] = item("what this system lacks")


@dataclass(frozen=True, slots=True)
class Setup:
    """What was done to the table before and after the load."""

    created: bool = item("whether it was created")
    items: int = item("items that were written")
    seconds: float = item("how long that took", "s")
    write_units: float = item("what it consumed", "write units")
    deleted: bool = item("whether it was deleted afterwards")


@dataclass(frozen=True, slots=True)
class SampledUnits:
    """Units that answers told."""

    calls: int = item("calls whose answer told them")
    read: float = item("that these consumed", "read units")
    write: float = item("that these consumed", "write units")


@dataclass(frozen=True, slots=True)
class ComputedUnits:
    """Units that follow from the sizes of items."""

    read: float = item("by size", "read units")
    write: float = item("by size", "write units")


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million capacity units cost on demand, by the price list."""

    region: str = item("the region of the prices; another one where those of the table's region are not known")
    read_usd: float = item("a million read units", "USD")
    write_usd: float = item("a million write units", "USD")
    source: str = item("the price list")
    date: str = item("the day on which the list had these prices")


@dataclass(frozen=True, slots=True)
class Cost:
    """What the load came to on DynamoDB, by the price list."""

    read_units: float = item("all together", "read units")
    write_units: float = item("all together", "write units")
    usd: float | None = item("what they cost; null if not billed by request", "USD")
    billed: bool = item("whether the host is AWS's")
    billing: str = item("on-demand or provisioned")
    region: str = item("whose prices they are")
    prices: Prices | None = item("the prices; null if the table is not billed by request")
    setup_write_units: float = item("of the write units: those of the setup", "write units")
    sampled: SampledUnits = item("what answers told")
    computed: ComputedUnits = item("what followed from sizes, where answers told nothing")
    assumed: tuple[Reason, ...] = item("the assumptions of the computed units")
    max_cost: float | None = item("the profile's limit", "USD")


@dataclass(frozen=True, slots=True)
class UntilFigure:
    """The figure of a step at one look."""

    scenario: str = item("its scenario")
    step: str = item("its step")
    ms: float | None = item("the figure; null if it is not known", "ms", default=None)
    low: float | None = item("the lower end of its interval", "ms", default=None)
    high: float | None = item("the upper end of its interval", "ms", default=None)
    off: float | None = item("how far off it may be, as a share of it", "1", default=None)
    why: Reason | None = item("why there is no interval", default=None)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one look."""

    after_s: int = item("after how much of the phase", "s")
    confidence: float = item("the confidence of its intervals", "1")
    figures: tuple[UntilFigure, ...] = item("of each step")


@dataclass(frozen=True, slots=True)
class Until:
    """The goal of a run that goes on until a figure is known well enough."""

    text: str = item("the goal as it was written")
    reached: bool = item("whether the last look reached it")
    stopped_by_until: bool = item("whether the phase ended by it, before its limit")
    within: float = item("how far off the figure may be, as a share of it", "1")
    limit_s: float = item("how long the phase may take", "s")
    planned_s: tuple[int, ...] = item("when looks were planned, from the phase's beginning", "s")
    looks: tuple[Look, ...] = item("those that were made")


@dataclass(frozen=True, slots=True)
class WitnessFigure:
    """A figure of the workers beside that of the witness."""

    phase: str = item("of which phase")
    cycle: int = item("of which cycle")
    scenario: str = item("of which scenario")
    step: str = item("of which step")
    metric: str = item("of which metric")
    connection: str = item("on which kind of connection")
    workers: int = item("exchanges of the workers that it is from")
    exchanges: int = item("exchanges of the witness that it is from")
    left_out: int = item("exchanges of the witness on other connections")
    quantile: str = item("of which percentile")
    workers_ms: float | None = item("as the workers have it", "ms")
    witness_ms: float | None = item("as the witness has it", "ms")
    low: float | None = item("where the workers' should be: from", "ms")
    high: float | None = item("where the workers' should be: to", "ms")
    says: str = item("inside, near, above, below; empty if nothing")
    judged: bool = item("whether it counts for the verdict")
    why: Reason | None = item("why there is no interval")


@dataclass(frozen=True, slots=True)
class Witness:
    """A second, thin load beside the workers."""

    run: str | None = item("its folder; null where that could not be written")
    each: int = item("it is 1 in so many of the load")
    cpu: int | None = item("the CPU that it had to itself; null if it had none")
    lost: bool = item("whether it died")
    late_ms: float | None = item("p99 of its own lag or client delay, the greater", "ms")
    confidence: float = item("the confidence of its intervals", "1")
    iterations: Iterations = item("its ledger of iterations")
    requests: Requests = item("its ledger of requests")
    connections: Connections = item("its connections")
    figures: tuple[WitnessFigure, ...] = item("what it says of the workers' figures")


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange that was kept."""

    phase: str = item("of which phase")
    cycle: int = item("of which cycle")
    scenario: str = item("of which scenario")
    step: str = item("of which step")
    outcome: str = item("its outcome class")
    reason: str = item("why, where it failed")
    method: str = item("the request's method")
    path: str = item("the request's path, without the query")
    status: int = item("the answer's status; 0 without an answer")
    second: float = item("when it was due, from the start", "s")
    attempt: int = item("which attempt it was, from 1")
    connection: str = item("its kind of connection: new, reused, resumed, none")
    request_id: str = item("by which DynamoDB or API Gateway know it")
    headers: dict[str, str] = item("the answer's headers that hold no secret")
    message: str = item("the message of a JSON error")
    times_ms: dict[str, float] = item("its times", "ms")
    whose_ms: Attribution = item("whose time its response, or in a closed load its service, is")


@dataclass(frozen=True, slots=True)
class Samples:
    """Exchanges that were kept as they were."""

    failed: tuple[Sample, ...] = item("the first three of each kind of failure")
    slowest: tuple[Sample, ...] = item("the five slowest of each step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from: a run's, or an experiment's."""

    schema: Literal["loadgen.result/3"] = item("the version of this document", default=SCHEMA)
    name: str = item("the profile's name")
    started: str = item("when it began, in UTC, ISO 8601")
    client: str = item("which client sends it: wire, aiohttp, sdk")
    seed: int = item("what arrivals and payloads are drawn from")
    host: Host = item("the machine and its programs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata(Provenance):
    """What is known of a run before its load begins."""

    target: Target = item("where the load goes")
    session: Session = item("the connections that are asked for")
    payloads: int = item("with the seed, what this run's payloads are drawn from")
    workers: int = item("processes that make the load")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult(Metadata):
    """The result of one run."""

    kind: Literal["run"] = item("what this document is", default="run")
    duration_s: float = item("how long it took", "s")
    complete: bool = item("whether it came to its end with all of its workers")
    interrupted: bool = item("whether it was interrupted by a signal")
    exit_status: int | None = item("the status that loadgen ended with; null where it died")
    run: str | None = item("its folder; null where that could not be written")
    trust: Trust = item("whether the figures are the target's")
    warnings: tuple[Reason, ...] = item("what the user should know")
    thresholds: tuple[Threshold, ...] = item("what the profile asks")
    variants: tuple[RunVariant] = item("one entry, with all of the figures")
    samples: Samples = item("exchanges that were kept")
    until: Until | None = item("the goal of a run that had one", omit=True)
    witness: Witness | None = item("of a run with a witness", omit=True)
    setup: Setup | None = item("of a table: what was done before and after the load", omit=True)
    cost: Cost | None = item("of a table: what the load came to", omit=True)
    sdk: dict[str, object] | None = item("of `client: sdk`: the options of the SDK", omit=True)

    @property
    def variant(self) -> RunVariant:
        """All that was counted and timed."""
        return self.variants[0]
